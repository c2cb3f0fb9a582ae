package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// brokenStore answers with these errors, where they are set.
type brokenStore struct {
	store.Store

	get, swap error
}

func (b brokenStore) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	if b.get != nil {
		return store.Blob{Now: time.Now()}, b.get
	}
	return b.Store.Get(ctx, have)
}

func (b brokenStore) Swap(ctx context.Context, old store.Token, next []byte) error {
	if b.swap != nil {
		return b.swap
	}
	return b.Store.Swap(ctx, old, next)
}

// swallowingStore confirms a write, and forgets it.
type swallowingStore struct{ store.Store }

func (swallowingStore) Swap(context.Context, store.Token, []byte) error { return nil }

func TestErrorsAreOneLineThatSaysWhatToDo(t *testing.T) {
	t.Parallel()
	mem := memstore.New()
	for name, test := range map[string]struct {
		st     store.Store
		args   []string
		stderr string
	}{
		"a document that is gone": {
			brokenStore{Store: mem, get: fmt.Errorf("memory: %w", store.ErrLost)},
			[]string{"end", "--holder", "x"},
			"downtime: memory: document is lost: instances keep its state; restore it, or begin anew with an empty one: downtime end --all\n",
		},
		"a store that is read-only": {
			brokenStore{Store: mem, swap: store.ErrReadOnly},
			[]string{"start", "--holder", "x"},
			"downtime: store is read-only: make the change where the store can be written\n",
		},
		"a write that was not seen": {
			swallowingStore{mem},
			[]string{"schedule", "--start", "2097-01-01 00:00", "--for", "1h"},
			"read back no document: look before you do it again: downtime status\n",
		},
		"an error of many lines": {
			brokenStore{Store: mem, swap: store.NotWritten(errors.Join(errors.New("first"), errors.New("second\x1b[31m")))},
			[]string{"start", "--holder", "x"},
			"downtime: nothing was written: first; second\\x1b[31m\n",
		},
		"a write that may have taken place": {
			brokenStore{Store: mem, swap: errors.New("connection reset")},
			[]string{"start", "--holder", "x"},
			"the write returned: connection reset: look before you do it again: downtime status\n",
		},
		"a store that ends early": {
			brokenStore{Store: mem, get: context.Canceled},
			[]string{"status"},
			"downtime: context canceled\n",
		},
		"a fault in the document is no wrong usage": {
			brokenStore{Store: mem, get: &store.FieldError{Field: "periods[3].end", Value: "x", Problem: "is bad"}},
			[]string{"list"},
			"downtime: periods[3].end: \"x\": is bad\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // reading a write back takes time
				code, stdout, stderr := run(t, test.st, test.args...)
				require.Equal(t, ExitFailed, code)
				require.Contains(t, stderr, test.stderr)
				require.Equal(t, 1, strings.Count(stderr, "\n"))
				require.Empty(t, stdout)
			})
		})
	}
}

func TestEndAllBeginsAnewWhereTheDocumentIsGone(t *testing.T) {
	t.Parallel()
	st := losingStore{memstore.New()}
	code, stdout, _ := run(t, st, "end", "--all")
	require.Equal(t, ExitDone, code)
	require.Contains(t, stdout, "revision 1\nRESULT up\n")
}

// losingStore has lost its document, until something is written.
type losingStore struct{ store.Store }

func (l losingStore) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	blob, err := l.Store.Get(ctx, have)
	if errors.Is(err, store.ErrNeverWritten) {
		err = store.ErrLost
	}
	return blob, err
}

// racingStore ends everything after each write.
type racingStore struct{ store.Store }

func (r racingStore) Swap(ctx context.Context, old store.Token, next []byte) error {
	if err := r.Store.Swap(ctx, old, next); err != nil {
		return err
	}
	_, err := operator.Operator{Store: r.Store}.End(ctx, operator.EndOptions{All: true})
	return err
}

func TestStartThatAnotherOperatorEndsAtOnceIsNoSuccess(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := run(t, racingStore{memstore.New()}, "start", "--holder", "x")
	require.Equal(t, ExitFailed, code)
	require.Contains(t, stderr, "was begun, and another operator ended it at once: see downtime status\n")
	require.Empty(t, stdout)
}

func TestExitCode(t *testing.T) {
	t.Parallel()
	require.Equal(t, ExitDone, ExitCode(nil))
	require.Equal(t, ExitFailed, ExitCode(errors.New("of the application's")))
	require.Equal(t, ExitDown, ExitCode(fmt.Errorf("wrapped: %w", exit(ExitDown))))
	require.EqualError(t, exit(ExitDown), "exit code 10")
}
