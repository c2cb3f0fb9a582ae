package pgstore_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/pgstore"
)

func TestAPoolerThatDeliversNothingIsNoticed(t *testing.T) {
	t.Parallel()
	pg := testservers.Postgres(t)
	bouncer := testservers.PgBouncer(t, pg)
	url := pg.Database(t)
	pooled := bouncer.URL(databaseOf(url))
	prepared(t, url, pgstore.Options{})

	f := follow(t, open(t, pooled, pgstore.Options{}))
	await(t, f.st, func() bool {
		_, note := f.st.Hints()
		return strings.Contains(note, "pooler in transaction mode (PgBouncer)")
	})
	healthy, _ := f.st.Hints()
	require.False(t, healthy)
	require.Equal(t, time.Second, f.st.Info().Poll)
	for before := f.wakes.Load(); f.wakes.Load() < before+2; { // it tests again, and wakes the subscribers each time
		f.wake(t)
	}

	past := follow(t, open(t, pooled, pgstore.Options{ListenURL: url}))
	past.healthy(t)
	require.Equal(t, 15*time.Second, past.st.Info().Poll)
	past.reads(t, write(t, f.st))
}

// accident breaks a healthy listening connection, and writes meanwhile. It reports whether the
// connection stays broken until the network is repaired.
type accident func(t *testing.T, pg *testservers.PostgresServer, p *proxy, url string, write func()) (stays bool)

func TestAWriteDuringAnInterruptionIsFoundAfterIt(t *testing.T) {
	t.Parallel()
	for name, happen := range map[string]accident{
		"the backend is killed": func(t *testing.T, pg *testservers.PostgresServer, _ *proxy, url string, write func()) bool {
			pids := listening(t, pg, url)
			require.NotEmpty(t, pids)
			for pid := range strings.SplitSeq(pids, ",") {
				pg.Exec(t, url, "SELECT pg_terminate_backend("+pid+")")
			}
			write()
			return false
		},
		"the connection is cut": func(_ *testing.T, _ *testservers.PostgresServer, p *proxy, _ string, write func()) bool {
			p.cut()
			write()
			return false
		},
		"new connections are refused for a while": func(_ *testing.T, _ *testservers.PostgresServer, p *proxy, _ string, write func()) bool {
			p.set(refusing)
			p.cut()
			write()
			return true
		},
		"nothing comes but acknowledgements": func(_ *testing.T, _ *testservers.PostgresServer, p *proxy, _ string, write func()) bool {
			p.set(deaf)
			write()
			return true
		},
		"answers are cut in their middle": func(_ *testing.T, _ *testservers.PostgresServer, p *proxy, _ string, write func()) bool {
			p.set(cutting)
			write()
			return true
		},
		"the server is restarted": func(t *testing.T, pg *testservers.PostgresServer, _ *proxy, _ string, write func()) bool {
			pg.Stop(t)
			pg.Start(t)
			write()
			return false
		},
		"the server crashes": func(t *testing.T, pg *testservers.PostgresServer, _ *proxy, _ string, write func()) bool {
			pg.Kill(t)
			pg.Start(t)
			write()
			return false
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pg := testservers.Postgres(t)
			url := pg.Database(t)
			p := newProxy(t, pg.Addr)
			writer := prepared(t, url, pgstore.Options{})
			f := follow(t, open(t, by(url, p.addr()), pgstore.Options{}))
			f.healthy(t)
			f.reads(t, store.TokenOf([]byte(first)))

			var token store.Token
			if happen(t, pg, p, url, func() { token = write(t, writer) }) {
				require.NotEmpty(t, f.unhealthy(t))
				require.Equal(t, time.Second, f.st.Info().Poll)
			}
			p.set(fine)
			f.reads(t, token)
			f.healthy(t)
			f.reads(t, write(t, writer))
		})
	}
}

func TestAFrozenServerIsNoticed(t *testing.T) {
	t.Parallel()
	pg := testservers.Postgres(t)
	url := pg.Database(t)
	prepared(t, url, pgstore.Options{})
	st, err := pgstore.Open(url, pgstore.Options{App: "shop"}) // with its real times
	require.NoError(t, err)
	defer func() { require.NoError(t, st.Close()) }()
	f := follow(t, st)
	f.healthy(t)
	f.reads(t, store.TokenOf([]byte(first)))

	pg.Freeze(t)
	note := f.unhealthy(t) // 5 s until the next heartbeat, and 2 s for its answer
	require.Contains(t, note, "no answer")
	require.Equal(t, time.Second, st.Info().Poll)
	f.wake(t) // it reads at once

	pg.Thaw(t)
	f.healthy(t)
	f.reads(t, write(t, st))
}

func TestCloseWaitsForNoServer(t *testing.T) {
	t.Parallel()
	pg := testservers.Postgres(t)
	url := pg.Database(t)
	st := prepared(t, url, pgstore.Options{})
	f := follow(t, st)
	f.healthy(t)
	pg.Freeze(t)
	_, err := st.Get(timeout(t, 100*time.Millisecond), "") // pgx cancels it in the background
	require.Error(t, err)
	f.unhealthy(t)
	require.NoError(t, st.Close())
}

// A statement of an operator's own writes without a notification.
func TestAMissedNotificationIsNoticed(t *testing.T) {
	t.Parallel()
	pg := testservers.Postgres(t)
	url := pg.Database(t)
	f := follow(t, prepared(t, url, pgstore.Options{}))
	f.healthy(t)
	have := store.TokenOf([]byte(first))
	f.reads(t, have)
	require.Zero(t, f.st.MissedPushes())
	poll := func() {
		t.Helper()
		blob, err := f.st.Get(t.Context(), have)
		require.NoError(t, err)
		have = blob.Token
	}
	unannounced := func(document string) {
		t.Helper()
		pg.Exec(t, url, "UPDATE downtime_state SET document = '"+document+"', token = '"+string(store.TokenOf([]byte(document)))+"'")
		poll()
	}
	unannounced("restored")
	await(t, f.st, func() bool { return f.st.MissedPushes() == 1 })
	f.healthy(t)

	for range 20 {
		f.reads(t, write(t, f.st))
	}
	poll()
	write(t, f.st)
	poll() // it finds an announced write, which another one replaces
	f.reads(t, write(t, f.st))
	counted := time.After(100*time.Millisecond + 2*time.Second) // a heartbeat, and twice an answer
	await(t, f.st, func() bool {
		select {
		case <-counted:
			return true
		default:
			return f.st.MissedPushes() > 1
		}
	})
	require.EqualValues(t, 1, f.st.MissedPushes(), "announced writes are not missed")
	poll()
	unannounced("restored again")
	await(t, f.st, func() bool { return f.st.MissedPushes() == 2 })
}

func TestASessionThatDoesNotListenIsNoticed(t *testing.T) {
	t.Parallel()
	pg := testservers.Postgres(t)
	st := prepared(t, pg.Database(t), pgstore.Options{})
	require.ErrorContains(t, st.AskDeaf(t.Context()), "does not listen any more")
}

func TestAStoreWithoutTablesListensAllTheSame(t *testing.T) {
	t.Parallel()
	pg := testservers.Postgres(t)
	url := pg.Database(t)
	f := follow(t, open(t, url, pgstore.Options{}))
	f.healthy(t)
	prepared(t, url, pgstore.Options{})
	f.reads(t, store.TokenOf([]byte(first)))
}

func TestCallsSurviveARestart(t *testing.T) {
	t.Parallel()
	pg := testservers.Postgres(t)
	st := prepared(t, pg.Database(t), pgstore.Options{})
	for name, restart := range map[string]func(){
		"a shutdown": func() { pg.Stop(t); pg.Start(t) },
		"a crash":    func() { pg.Kill(t); pg.Start(t) },
	} {
		for call, f := range map[string]func() error{
			"Get": func() error {
				_, err := st.Get(t.Context(), store.TokenOf([]byte(first)))
				return err
			},
			"PutRow": func() error {
				_, _, err := st.PutRow(t.Context(), "a", []byte("row"), time.Minute)
				return err
			},
			"ListRows": func() error {
				_, err := st.ListRows(t.Context(), "")
				return err
			},
		} {
			want := map[string]error{"Get": store.ErrUnchanged}[call]
			require.ErrorIs(t, f(), want, "%s before %s", call, name)
			restart()
			require.ErrorIs(t, f(), want, "%s after %s", call, name)
		}
	}
}

func TestACutAnswerIsNoDocument(t *testing.T) {
	t.Parallel()
	pg := testservers.Postgres(t)
	url := pg.Database(t)
	p := newProxy(t, pg.Addr)
	prepared(t, url, pgstore.Options{})
	st := open(t, by(url, p.addr()), pgstore.Options{})
	_, err := st.Get(t.Context(), "")
	require.NoError(t, err)
	for range 10 {
		p.set(cutting)
		before := p.cutAnswers()
		blob, err := st.Get(t.Context(), "")
		require.Error(t, err)
		require.False(t, errors.Is(err, store.ErrLost) || errors.Is(err, store.ErrUnchanged), "%v", err)
		require.Nil(t, blob.Bytes)
		require.Greater(t, p.cutAnswers(), before)
		p.set(fine)
		blob, err = st.Get(t.Context(), "")
		require.NoError(t, err)
		require.Equal(t, first, string(blob.Bytes))
	}
}
