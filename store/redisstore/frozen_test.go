package redisstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/redisstore"
)

// requireQuick fails unless f returns when its context ends, after a tenth of a second.
func requireQuick(t *testing.T, name string, f func(ctx context.Context) error) {
	t.Helper()
	deadline, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, f(deadline), context.DeadlineExceeded, name)

	canceled, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	require.ErrorIs(t, f(canceled), context.Canceled, name)
}

func TestNothingOutlastsItsContext(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]*redis.Options{
		"a client that knows contexts":    {ContextTimeoutEnabled: true, ReadTimeout: 2 * time.Second},
		"a client that knows none":        {ReadTimeout: 2 * time.Second},
		"a client with one connection":    {ReadTimeout: 2 * time.Second, PoolSize: 1},
		"a client that writes full pages": {ReadTimeout: 2 * time.Second, WriteBufferSize: 1},
	} {
		for how, freeze := range map[string]func(t *testing.T, o *redis.Options) *redisstore.Store{
			"the server is frozen": func(t *testing.T, o *redis.Options) *redisstore.Store {
				t.Helper()
				server, _, _ := written(t)
				o.Addr = server.Addr
				st := openOn(t, connect(t, o), redisstore.Options{App: "shop"})
				get(t, st)
				server.Freeze(t)
				return st
			},
			"the peer acknowledges and never answers": func(t *testing.T, o *redis.Options) *redisstore.Store {
				t.Helper()
				server, _, _ := written(t)
				p := newProxy(t, server.Addr)
				o.Addr = p.addr
				st := openOn(t, connect(t, o), redisstore.Options{App: "shop"})
				get(t, st)
				p.forgetful.Store(func([]byte) bool { return true })
				return st
			},
		} {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				options := *o
				st := freeze(t, &options)
				requireQuick(t, "Get", func(ctx context.Context) error {
					_, err := st.Get(ctx, "")
					return err
				})
				requireQuick(t, "Swap", func(ctx context.Context) error { return st.Swap(ctx, tokenOf("first"), []byte("second")) })
				requireQuick(t, "PutRow", func(ctx context.Context) error {
					_, _, err := st.PutRow(ctx, "a", []byte("row"), time.Minute)
					return err
				})
				requireQuick(t, "DeleteRow", func(ctx context.Context) error { return st.DeleteRow(ctx, "a", nil) })
				requireQuick(t, "ListRows", func(ctx context.Context) error {
					_, err := st.ListRows(ctx, "")
					return err
				})
				require.NotEmpty(t, st.Info().Name, "Info waits for nothing")
				require.NoError(t, st.Close(), "abandoned calls end by themselves")
			})
		}
	}
}

func TestCloseEndsASubscriptionToAFrozenServer(t *testing.T) {
	t.Parallel()
	server, st, _ := written(t)
	st.Subscribe(func() {})
	soon(t, hinted(st), "hints never arrived")
	server.Freeze(t)
	require.NoError(t, st.Close())
	ok, note := st.Hints()
	require.False(t, ok)
	require.Equal(t, "closed", note)
}

func TestAFrozenServerIsNoLoss(t *testing.T) {
	t.Parallel()
	server, st, _ := written(t)
	server.Freeze(t)
	_, err := st.Get(within(t, 100*time.Millisecond), tokenOf("first"))
	require.Error(t, err)
	require.False(t, errors.Is(err, store.ErrLost) || errors.Is(err, store.ErrUnchanged), "%v", err)
}
