package operator

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// TestExplain lists every error that an Operator returns.
func TestExplain(t *testing.T) {
	t.Parallel()
	const secret = "postgres://root:hunter2@db/shop"
	field := func(name string) error { return &period.FieldError{Field: name, Value: "v", Problem: "is wrong"} }
	for name, tc := range map[string]struct {
		err     error
		code    Code
		unknown bool
		text    string
	}{
		"ErrNothingToEnd":      {ErrNothingToEnd, CodeNothingToEnd, false, "no such period is in force"},
		"ErrNotFound":          {ErrNotFound, CodeNotFound, false, "No period has this id"},
		"both":                 {fmt.Errorf("%w: %w", ErrNothingToEnd, ErrNotFound), CodeNotFound, false, "No period has this id"},
		"ErrInForce":           {ErrInForce, CodeInForce, false, "End it instead"},
		"ErrNotInForce":        {ErrNotInForce, CodeNotInForce, false, "Delete it, or leave it"},
		"ErrSeveral":           {ErrSeveral, CodeSeveral, false, "End one by its id"},
		"ErrInitialized":       {ErrInitialized, CodeInitialized, false, "already initialized"},
		"ErrNothingWritten":    {ErrNothingWritten, CodeNothingWritten, false, "no document yet"},
		"ErrUnreadable":        {ErrUnreadable, CodeUnreadable, false, "cannot be read"},
		"a fault in it":        {fmt.Errorf("%w: %w", ErrUnreadable, field("periods[0].end")), CodeUnreadable, false, "cannot be read"},
		"ErrNewer":             {fmt.Errorf("%w: %w", ErrUnreadable, period.ErrNewer), CodeUnreadable, false, "Upgrade this program"},
		"ErrNotReadableByAll":  {ErrNotReadableByAll, CodeNotReadableByAll, false, "Upgrade that instance"},
		"ErrNoInstance":        {ErrNoInstance, CodeNotFound, false, "No instance has this id"},
		"ErrLive":              {ErrLive, CodeLive, false, "Only a silent one"},
		"ErrNoRows":            {ErrNoRows, CodeNotFound, false, "keeps no rows"},
		"ErrUnconfirmed":       {ErrUnconfirmed, CodeUnconfirmed, true, "may have taken place or not"},
		"after a lost store":   {fmt.Errorf("%w: %w", ErrUnconfirmed, store.ErrLost), CodeUnconfirmed, true, "may have taken place or not"},
		"store.ErrLost":        {store.ErrLost, CodeLost, false, "lost its document"},
		"store.ErrConflict":    {store.ErrConflict, CodeStale, false, "another write came first"},
		"store.ErrReadOnly":    {store.ErrReadOnly, CodeReadOnly, false, "cannot write"},
		"store.ErrTampered":    {storeError(store.ErrTampered), CodeUnavailable, false, "changed by other means"},
		"store.ErrTooLarge":    {&store.TooLargeError{Size: 2, Limit: 1}, CodeFull, false, "too large"},
		"StoreError":           {&StoreError{errors.New("refused")}, CodeUnavailable, false, "cannot be read or written"},
		"a fault of the store": {&StoreError{field("dsn")}, CodeUnavailable, false, "cannot be read or written"},
		"an interruption":      {&StoreError{context.Canceled}, CodeUnavailable, false, "did not answer in time"},
		"a time-out":           {context.DeadlineExceeded, CodeUnavailable, false, "did not answer in time"},
		"options":              {errors.Join(field("start"), fmt.Errorf("line 1: %w", field("end"))), CodeInvalid, false, "start: is wrong."},
		"anything else":        {errors.New("what"), CodeInternal, true, "An unexpected error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, err := range []error{tc.err, fmt.Errorf("%s: %w", secret, tc.err)} {
				f := Explain(err)
				require.Equal(t, tc.code, f.Code)
				require.Equal(t, tc.unknown, f.Unknown)
				require.Contains(t, f.Text, tc.text)
				require.True(t, strings.HasSuffix(f.Text, "."), f.Text)
				require.NotContains(t, f.Text, "hunter2")
				if tc.code == CodeInvalid {
					require.Len(t, f.Fields, 2)
					require.Equal(t, "end", f.Fields[1].Field)
				} else {
					require.Nil(t, f.Fields)
				}
			}
		})
	}
}

func TestEverySentenceIsReached(t *testing.T) {
	t.Parallel()
	for _, s := range sentences {
		require.Equal(t, s.text, Explain(s.err).Text, "an earlier sentence hides %q", s.text)
	}
}
