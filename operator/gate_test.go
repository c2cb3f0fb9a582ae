package operator_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// movable is a store whose content a test can replace, as in a failover.
type movable struct {
	behind atomic.Pointer[memstore.Store]
}

func (m *movable) Info() store.Info { return m.behind.Load().Info() }

// Get reports an empty store as lost, because the store cannot prove that it never had a
// document.
func (m *movable) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	blob, err := m.behind.Load().Get(ctx, have)
	if err == store.ErrNeverWritten { //nolint:errorlint // memstore does not wrap it
		err = store.ErrLost
	}
	return blob, err
}

func (m *movable) Swap(ctx context.Context, old store.Token, next []byte) error {
	return m.behind.Load().Swap(ctx, old, next)
}

func TestOnlyAnInitThatReplacesOpensWhatALostStoreKeptClosed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		replace, opens bool
	}{
		"an init that replaces": {true, true},
		"an init in a script":   {false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := &movable{}
				st.behind.Store(memstore.New())
				op := operator.Operator{Store: st, Actor: "kim"}
				_, err := op.Init(t.Context(), operator.InitOptions{})
				require.NoError(t, err)
				_, err = op.Start(t.Context(), operator.StartOptions{})
				require.NoError(t, err)
				gate, err := core.New(core.Config{Store: st, Logger: slog.New(slog.DiscardHandler)})
				require.NoError(t, err)
				defer func() { require.NoError(t, gate.Shutdown(context.WithoutCancel(t.Context()))) }()
				require.False(t, gate.Status().Open)

				st.behind.Store(memstore.New()) // flushed
				time.Sleep(time.Minute)
				require.False(t, gate.Status().Open)
				_, err = op.Start(t.Context(), operator.StartOptions{})
				require.ErrorIs(t, err, store.ErrLost, "no other write goes over a lost document")
				res, err := op.Init(t.Context(), operator.InitOptions{Replace: test.replace})
				require.NoError(t, err)
				time.Sleep(time.Minute)
				require.Equal(t, test.opens, gate.Status().Open)
				if test.opens {
					return
				}
				_, err = op.Reconcile(t.Context(), operator.ReconcileOptions{Replaces: "*"})
				require.NoError(t, err)
				time.Sleep(time.Minute)
				require.True(t, gate.Status().Open, "a reconcile opens it after %v", res.After.Mark())
			})
		})
	}
}
