package redisstore_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/redisstore"
)

func TestMain(m *testing.M) {
	redis.SetLogger(store.NewDriverLog(slog.New(slog.NewTextHandler(&driverLines, nil))))
	// After failed dials, go-redis checks once a second whether its pool is closed. goleak waits less.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

// driverLines are the lines that go-redis logged during all tests of the package.
var driverLines lines

type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// patience is how long a test waits for an event.
const patience = 30 * time.Second

const (
	document = "downtime:{shop}:v1"
	rows     = "downtime:{shop}:v1:rows"
	changed  = "downtime:{shop}:v1:changed"
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

// written is a store on a new server, with the document "first".
func written(t *testing.T, args ...string) (*testservers.Server, *redisstore.Store, *redis.Client) {
	t.Helper()
	server := testservers.Redis(t, args...)
	st, client := open(t, server.Addr)
	write(t, st, "first")
	return server, st, client
}

// write replaces the document, or writes the first one, and returns the new token.
func write(t *testing.T, st store.Store, text string) store.Token {
	t.Helper()
	blob, err := st.Get(t.Context(), "")
	if !errors.Is(err, store.ErrLost) {
		require.NoError(t, err)
	}
	require.NoError(t, st.Swap(t.Context(), blob.Token, []byte(text)))
	return tokenOf(text)
}

func tokenOf(text string) store.Token { return store.TokenOf([]byte(text)) }

func get(t *testing.T, st store.Store) string {
	t.Helper()
	blob, err := st.Get(t.Context(), "")
	require.NoError(t, err)
	return string(blob.Bytes)
}

func put(t *testing.T, st store.Rows, key string) {
	t.Helper()
	_, _, err := st.PutRow(t.Context(), key, []byte("row "+key), time.Minute)
	require.NoError(t, err)
}

func list(t *testing.T, st store.Rows) []store.Row {
	t.Helper()
	set, err := st.ListRows(t.Context(), "")
	require.NoError(t, err)
	return set.Rows
}

// hinted is whether hints arrive.
func hinted(st *redisstore.Store) func() bool {
	return func() bool {
		ok, _ := st.Hints()
		return ok
	}
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
