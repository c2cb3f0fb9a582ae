package redisstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/redisstore"
)

// requireQuick fails unless f gives up with its context, a tenth of a second from now.
func requireQuick(t *testing.T, name string, f func(ctx context.Context) error) {
	t.Helper()
	deadline, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, f(deadline), context.DeadlineExceeded, name)

	cancelled, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	require.ErrorIs(t, f(cancelled), context.Canceled, name)
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
				server, _, _ := down(t)
				o.Addr = server.Addr
				st := openOn(t, connect(t, o), redisstore.Options{App: "shop"})
				_, err := st.Load(t.Context(), core.Mark{})
				require.NoError(t, err)
				server.Freeze(t)
				return st
			},
			"the peer acknowledges and never answers": func(t *testing.T, o *redis.Options) *redisstore.Store {
				t.Helper()
				server, _, _ := down(t)
				p := newProxy(t, server.Addr)
				o.Addr = p.addr
				st := openOn(t, connect(t, o), redisstore.Options{App: "shop"})
				_, err := st.Load(t.Context(), core.Mark{})
				require.NoError(t, err)
				p.forgetful.Store(func([]byte) bool { return true })
				return st
			},
		} {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				options := *o
				st := freeze(t, &options)
				doc := &core.Document{Format: core.Format, StoreID: "a", Revision: 1, WriteID: "b"}
				requireQuick(t, "Load", func(ctx context.Context) error {
					_, err := st.Load(ctx, core.Mark{})
					return err
				})
				requireQuick(t, "Commit", func(ctx context.Context) error { return st.Commit(ctx, core.Mark{}, doc, core.Entry{}) })
				requireQuick(t, "Report", func(ctx context.Context) error {
					_, _, err := st.Report(ctx, core.Instance{ID: "a"}, time.Minute)
					return err
				})
				requireQuick(t, "Leave", func(ctx context.Context) error { return st.Leave(ctx, "a") })
				requireQuick(t, "Instances", func(ctx context.Context) error {
					_, _, err := st.Instances(ctx)
					return err
				})
				require.NoError(t, st.Close(), "what was given up ends by itself")
			})
		}
	}
}

func TestAFrozenServerDoesNotOpenTheGate(t *testing.T) {
	t.Parallel()
	server, st, _ := down(t)
	gate := gateOn(t, st)
	requireDown(t, gate)

	server.Freeze(t)
	require.Error(t, gate.Refresh(t.Context()))
	requireDown(t, gate)

	server.Thaw(t)
	soon(t, func() bool { return gate.Refresh(t.Context()) == nil }, "the store is not back")
	requireDown(t, gate)
	_, err := core.End(t.Context(), st, core.EndOptions{Holder: "ann"})
	require.NoError(t, err)
	require.NoError(t, gate.Refresh(t.Context()))
	ticket, isOpen := gate.Enter(nil)
	require.True(t, isOpen)
	ticket.Leave()
}

func TestCloseEndsASubscriptionToAFrozenServer(t *testing.T) {
	t.Parallel()
	server, st, _ := down(t)
	st.Subscribe(func() {})
	soon(t, healthy(st), "it never became healthy")
	server.Freeze(t)
	require.NoError(t, st.Close())
	isHealthy, note := st.PushState()
	require.False(t, isHealthy)
	require.Equal(t, "closed", note)
}

func TestAFrozenServerThatNobodyWaitedForIsNoLoss(t *testing.T) {
	t.Parallel()
	server, st, _ := down(t)
	state, err := st.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	server.Freeze(t)
	_, err = st.Load(within(t, 100*time.Millisecond), state.Mark)
	require.Error(t, err)
	require.False(t, errors.Is(err, core.ErrLost) || errors.Is(err, core.ErrUnchanged), "%v", err)
}
