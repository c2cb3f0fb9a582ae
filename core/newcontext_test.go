package core_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/store"
)

func TestNewContextEndsWithItsContext(t *testing.T) {
	t.Parallel()
	errStop := errors.New("SIGTERM")
	for name, c := range map[string]struct {
		after   time.Duration // until ctx is canceled; 0: before the call
		slow    bool          // the store does not answer
		took    time.Duration
		wantErr error
	}{
		"canceled before the call":               {0, true, 0, errStop},
		"canceled while the store is silent":     {time.Second, true, time.Second, errStop},
		"the store is silent for 2 s":            {time.Hour, true, 2 * time.Second, nil},
		"the store answers":                      {time.Hour, false, 0, nil},
		"canceled after the gate was handed out": {time.Minute, false, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := newFaulty()
				if c.slow {
					st.reads(func(ctx context.Context, _ store.Token) (store.Blob, error) {
						<-ctx.Done()
						return store.Blob{}, ctx.Err()
					})
				}
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				if c.after == 0 {
					cancel(errStop)
				} else {
					time.AfterFunc(c.after, func() { cancel(errStop) })
				}
				began := time.Now()
				gate, err := core.NewContext(ctx, core.Config{Store: st, Logger: slog.New(slog.DiscardHandler)})
				require.Equal(t, c.took, time.Since(began))
				if c.wantErr != nil {
					require.ErrorIs(t, err, c.wantErr)
					require.Nil(t, gate)
					time.Sleep(time.Minute)
					set, _ := st.Store.ListRows(t.Context(), "") // there is no document
					for _, row := range set.Rows {
						require.Equal(t, store.Deleted, row.Life)
					}
					return
				}
				require.NoError(t, err)
				st.reads(nil)
				time.Sleep(time.Hour)
				require.NoError(t, gate.Refresh(t.Context()), "the end of ctx has no effect on the gate")
				require.NoError(t, gate.Shutdown(t.Context()))
			})
		})
	}
}
