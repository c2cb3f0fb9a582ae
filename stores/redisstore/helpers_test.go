package redisstore_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/redisstore"
	"github.com/go-downtime/downtime/stores/storetest/servers"
)

func TestMain(m *testing.M) {
	redis.SetLogger(silent{}) // it writes of each connection that fails, which is what tests make
	goleak.VerifyTestMain(m)
}

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// patience is how long an event may take that must come.
const patience = 30 * time.Second

const (
	document  = "downtime:{shop}:v1"
	instances = "downtime:{shop}:v1:instances"
	changed   = "downtime:{shop}:v1:changed"
)

// connect is a client of the test's own.
func connect(t *testing.T, o *redis.Options) *redis.Client {
	t.Helper()
	client := redis.NewClient(o)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return client
}

// open is a store of the application "shop" on addr.
func open(t *testing.T, addr string) (*redisstore.Store, *redis.Client) {
	t.Helper()
	client := connect(t, &redis.Options{Addr: addr, ContextTimeoutEnabled: true})
	return openOn(t, client, redisstore.Options{App: "shop"}), client
}

func openOn(t *testing.T, client redis.UniversalClient, o redisstore.Options) *redisstore.Store {
	t.Helper()
	st, err := redisstore.New(client, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	return st
}

// down is a store on a new server, with a deployment in force.
func down(t *testing.T, args ...string) (*servers.Server, *redisstore.Store, *redis.Client) {
	t.Helper()
	server := servers.Redis(t, args...)
	st, client := open(t, server.Addr)
	start(t, st)
	return server, st, client
}

// start initialises st and begins a deployment.
func start(t *testing.T, st core.Store) core.Result {
	t.Helper()
	_, err := core.Init(t.Context(), st, core.InitOptions{})
	require.NoError(t, err)
	res, err := core.Start(t.Context(), st, core.StartOptions{Holder: "ann"})
	require.NoError(t, err)
	return res
}

// gateOn is an application's gate, which has read st.
func gateOn(t *testing.T, st core.Store) *core.Gate {
	t.Helper()
	gate, err := core.New(core.Config{Store: st, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { _ = gate.Shutdown(context.Background()) })
	return gate
}

// healthy is whether messages are sure to arrive.
func healthy(st *redisstore.Store) func() bool {
	return func() bool {
		is, _ := st.PushState()
		return is
	}
}

// requireDown fails unless gate refuses.
func requireDown(t *testing.T, gate *core.Gate) {
	t.Helper()
	ticket, isOpen := gate.Enter(nil)
	if isOpen {
		ticket.Leave()
	}
	require.False(t, isOpen, "the gate has opened")
}

// soon fails the test unless ok becomes true while there is still patience.
func soon(t *testing.T, ok func() bool, what string) {
	t.Helper()
	require.Eventually(t, ok, patience, 5*time.Millisecond, what)
}

// within is a context that ends.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
