package pgstore_test

import (
	"context"
	"crypto/rand"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/pgstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// first is the document that prepared writes.
const first = "first"

// prepared opens a store with tables and a document.
func prepared(t *testing.T, url string, o pgstore.Options) *pgstore.Store {
	t.Helper()
	st := open(t, url, o)
	require.NoError(t, st.Prepare(t.Context()))
	require.NoError(t, st.Swap(t.Context(), "", []byte(first)))
	return st
}

// open opens a store with short times, and closes it.
func open(t *testing.T, url string, o pgstore.Options) *pgstore.Store {
	t.Helper()
	if o.App == "" {
		o.App = "shop"
	}
	st, err := pgstore.Open(url, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	st.Quicken()
	return st
}

// by is the URL with another address.
func by(dsn, addr string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		panic(err)
	}
	u.Host = addr
	return u.String()
}

const secret = "s3cret"

// withPassword is the URL with the secret as password. The servers accept any.
func withPassword(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		panic(err)
	}
	u.User = url.UserPassword(u.User.Username(), secret)
	return u.String()
}

func databaseOf(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		panic(err)
	}
	return strings.TrimPrefix(u.Path, "/")
}

// follower counts the wakes of a store.
type follower struct {
	st    *pgstore.Store
	wakes atomic.Int64
	woken chan struct{}
}

func follow(t *testing.T, st *pgstore.Store) *follower {
	t.Helper()
	f := &follower{st: st, woken: make(chan struct{}, 1)}
	t.Cleanup(st.Subscribe(func() {
		f.wakes.Add(1)
		select {
		case f.woken <- struct{}{}:
		default:
		}
	}))
	return f
}

// healthy waits until notifications arrive.
func (f *follower) healthy(t *testing.T) {
	t.Helper()
	await(t, f.st, func() bool { is, _ := f.st.Hints(); return is })
}

// unhealthy waits until they do not arrive, and returns why.
func (f *follower) unhealthy(t *testing.T) string {
	t.Helper()
	await(t, f.st, func() bool { is, _ := f.st.Hints(); return !is })
	_, note := f.st.Hints()
	return note
}

func await(t *testing.T, st *pgstore.Store, is func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for !is() {
		select {
		case <-again.C:
		case <-deadline:
			healthy, note := st.Hints()
			t.Fatalf("nothing for 30s; hints: %v, %s", healthy, note)
		}
	}
}

// write writes another document, and returns its token.
func write(t *testing.T, st store.Store) store.Token {
	t.Helper()
	blob, err := st.Get(t.Context(), "")
	require.NoError(t, err)
	next := []byte(rand.Text())
	require.NoError(t, st.Swap(t.Context(), blob.Token, next))
	return store.TokenOf(next)
}

// wake waits for a wake.
func (f *follower) wake(t *testing.T) {
	t.Helper()
	select {
	case <-f.woken:
	case <-time.After(30 * time.Second):
		t.Fatal("no wake for 30s")
	}
}

// reads waits for a wake after which the store has the document.
func (f *follower) reads(t *testing.T, want store.Token) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		select {
		case <-f.woken:
		case <-deadline:
			healthy, note := f.st.Hints()
			t.Fatalf("no wake for %s; hints: %v, %s", want, healthy, note)
		}
		if blob, err := f.st.Get(t.Context(), ""); err == nil && blob.Token == want {
			return
		}
	}
}

// listening are the process ids of listening sessions, with commas between.
func listening(t *testing.T, pg *testservers.PostgresServer, url string) string {
	t.Helper()
	return pg.Exec(t, url, "SELECT string_agg(pid::text, ',') FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND (query LIKE 'LISTEN%' OR query LIKE '%pg_listening_channels%')")
}

func timeout(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
