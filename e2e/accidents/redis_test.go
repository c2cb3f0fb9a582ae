package accidents

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/e2e/internal/network"
	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/redisstore"
)

func onRedis(t *testing.T) *shared {
	t.Helper()
	logging.Disable() // it logs each connection that fails, and these tests break many
	server := testservers.Redis(t, "--appendonly", "yes", "--appendfsync", "always")
	s := &shared{server: server, network: network.New(t, server.Addr), backup: directory(server)}
	at := func(addr string) func(t *testing.T, app string) store.Store {
		return func(t *testing.T, app string) store.Store {
			t.Helper()
			st, err := redisstore.New(client(t, addr), redisstore.Options{App: app})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, st.Close()) })
			return st
		}
	}
	s.operator, s.application = at(server.Addr), at(s.network.Addr)
	s.empty = func(t *testing.T) func() { return flushed(t, client(t, server.Addr)) }
	s.lock = func(t *testing.T) func() { return busy(t, server.Addr) }
	return s
}

func client(t *testing.T, addr string) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true})
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// flushed deletes all keys. back restores the documents.
func flushed(t *testing.T, c *redis.Client) (back func()) {
	t.Helper()
	dumps := map[string]string{}
	for _, key := range c.Keys(t.Context(), "downtime:*:v1").Val() {
		dumps[key] = c.Dump(t.Context(), key).Val()
	}
	require.NotEmpty(t, dumps)
	require.NoError(t, c.FlushAll(t.Context()).Err())
	return func() {
		for key, dump := range dumps {
			require.NoError(t, c.RestoreReplace(t.Context(), key, 0, dump).Err())
		}
	}
}

// busy runs a script that does not end until release kills it.
func busy(t *testing.T, addr string) (release func()) {
	t.Helper()
	killer := client(t, addr)
	script := redis.NewClient(&redis.Options{Addr: addr, ReadTimeout: patience, MaxRetries: -1})
	t.Cleanup(func() { require.NoError(t, script.Close()) })
	require.NoError(t, killer.ConfigSet(t.Context(), "busy-reply-threshold", "100").Err())
	ended := make(chan error, 1)
	go func() { ended <- script.Eval(t.Context(), "while true do end", nil).Err() }()
	return func() {
		require.NoError(t, killer.ScriptKill(t.Context()).Err())
		require.ErrorContains(t, <-ended, "killed")
	}
}
