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

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/pgstore"
	"github.com/go-downtime/downtime/stores/storetest/servers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// initialised opens a store on tables of its own, with a first document.
func initialised(t *testing.T, url string, o pgstore.Options) *pgstore.Store {
	t.Helper()
	st := open(t, url, o)
	require.NoError(t, st.Migrate(t.Context()))
	_, err := core.Init(t.Context(), st, core.InitOptions{})
	require.NoError(t, err)
	return st
}

// open opens a quick store, and closes it.
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

// by is the URL by another way.
func by(dsn, addr string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		panic(err)
	}
	u.Host = addr
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

// healthy waits until notifications are seen to arrive.
func (f *follower) healthy(t *testing.T) {
	t.Helper()
	await(t, f.st, func() bool { is, _ := f.st.PushState(); return is })
}

// unhealthy waits until they are not, and returns why.
func (f *follower) unhealthy(t *testing.T) string {
	t.Helper()
	await(t, f.st, func() bool { is, _ := f.st.PushState(); return !is })
	_, note := f.st.PushState()
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
			healthy, note := st.PushState()
			t.Fatalf("nothing for 30s; push: %v, %s", healthy, note)
		}
	}
}

// write writes another revision, and returns it.
func write(t *testing.T, st core.Store) int64 {
	t.Helper()
	r, err := core.Start(t.Context(), st, core.StartOptions{Holder: "ann", Reason: new(rand.Text())})
	require.NoError(t, err)
	return r.After.Revision
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

// reads waits for a wake after which the store has the revision.
func (f *follower) reads(t *testing.T, revision int64) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		select {
		case <-f.woken:
		case <-deadline:
			healthy, note := f.st.PushState()
			t.Fatalf("no wake for revision %d; push: %v, %s", revision, healthy, note)
		}
		if state, err := f.st.Load(t.Context(), core.Mark{}); err == nil && state.Document.Revision >= revision {
			return
		}
	}
}

// listening are the process ids of listening sessions, with commas between.
func listening(t *testing.T, pg *servers.PostgresServer, url string) string {
	t.Helper()
	return pg.Exec(t, url, "SELECT string_agg(pid::text, ',') FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND (query LIKE 'LISTEN%' OR query LIKE '%pg_listening_channels%')")
}

func timeout(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
