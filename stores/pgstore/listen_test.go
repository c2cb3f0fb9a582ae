package pgstore_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/pgstore"
	"github.com/go-downtime/downtime/stores/storetest/servers"
)

func TestAPoolerThatDeliversNothingIsNoticed(t *testing.T) {
	t.Parallel()
	pg := servers.Postgres(t)
	bouncer := servers.PgBouncer(t, pg)
	url := pg.Database(t)
	pooled := bouncer.URL(databaseOf(url))
	initialised(t, url, pgstore.Options{})

	f := follow(t, open(t, pooled, pgstore.Options{}))
	await(t, f.st, func() bool {
		_, note := f.st.PushState()
		return strings.Contains(note, "pooler in transaction mode (PgBouncer)")
	})
	healthy, _ := f.st.PushState()
	require.False(t, healthy)
	require.Equal(t, time.Second, f.st.PollInterval())
	for before := f.wakes.Load(); f.wakes.Load() < before+2; { // it tries again, and has everybody read then
		f.wake(t)
	}

	past := follow(t, open(t, pooled, pgstore.Options{ListenURL: url}))
	past.healthy(t)
	require.Equal(t, 15*time.Second, past.st.PollInterval())
	past.reads(t, write(t, f.st))
}

// accident befalls a store whose listening connection is healthy. It writes while nobody
// listens, and reports whether that stays so until the network is mended.
type accident func(t *testing.T, pg *servers.PostgresServer, p *proxy, url string, write func()) (stays bool)

func TestWhatHappensWhileNobodyListensIsFoundAfterwards(t *testing.T) {
	t.Parallel()
	for name, happen := range map[string]accident{
		"the backend is killed": func(t *testing.T, pg *servers.PostgresServer, _ *proxy, url string, write func()) bool {
			pids := listening(t, pg, url)
			require.NotEmpty(t, pids)
			for pid := range strings.SplitSeq(pids, ",") {
				pg.Exec(t, url, "SELECT pg_terminate_backend("+pid+")")
			}
			write()
			return false
		},
		"the connection is cut": func(_ *testing.T, _ *servers.PostgresServer, p *proxy, _ string, write func()) bool {
			p.cut()
			write()
			return false
		},
		"new connections are refused for a while": func(_ *testing.T, _ *servers.PostgresServer, p *proxy, _ string, write func()) bool {
			p.set(refusing)
			p.cut()
			write()
			return true
		},
		"nothing comes but acknowledgements": func(_ *testing.T, _ *servers.PostgresServer, p *proxy, _ string, write func()) bool {
			p.set(deaf)
			write()
			return true
		},
		"answers are cut in their middle": func(_ *testing.T, _ *servers.PostgresServer, p *proxy, _ string, write func()) bool {
			p.set(cutting)
			write()
			return true
		},
		"the server is restarted": func(t *testing.T, pg *servers.PostgresServer, _ *proxy, _ string, write func()) bool {
			pg.Stop(t)
			pg.Start(t)
			write()
			return false
		},
		"the server crashes": func(t *testing.T, pg *servers.PostgresServer, _ *proxy, _ string, write func()) bool {
			pg.Kill(t)
			pg.Start(t)
			write()
			return false
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pg := servers.Postgres(t)
			url := pg.Database(t)
			p := newProxy(t, pg.Addr)
			writer := initialised(t, url, pgstore.Options{})
			f := follow(t, open(t, by(url, p.addr()), pgstore.Options{}))
			f.healthy(t)
			f.reads(t, 1)

			var revision int64
			if happen(t, pg, p, url, func() { revision = write(t, writer) }) {
				require.NotEmpty(t, f.unhealthy(t))
				require.Equal(t, time.Second, f.st.PollInterval())
			}
			p.set(fine)
			f.reads(t, revision)
			f.healthy(t)
			f.reads(t, write(t, writer))
		})
	}
}

func TestAFrozenServerIsNoticed(t *testing.T) {
	t.Parallel()
	pg := servers.Postgres(t)
	url := pg.Database(t)
	initialised(t, url, pgstore.Options{})
	st, err := pgstore.Open(url, pgstore.Options{App: "shop"}) // at its true pace
	require.NoError(t, err)
	defer func() { require.NoError(t, st.Close()) }()
	f := follow(t, st)
	f.healthy(t)
	f.reads(t, 1)

	pg.Freeze(t)
	note := f.unhealthy(t) // 7.5 s to the next question, and 2 s for its answer
	require.Contains(t, note, "no answer")
	require.Equal(t, time.Second, st.PollInterval())
	f.wake(t) // to look at once

	pg.Thaw(t)
	f.healthy(t)
	f.reads(t, write(t, st))
}

func TestCloseWaitsForNoServer(t *testing.T) {
	t.Parallel()
	pg := servers.Postgres(t)
	url := pg.Database(t)
	st := initialised(t, url, pgstore.Options{})
	f := follow(t, st)
	f.healthy(t)
	pg.Freeze(t)
	_, err := st.Load(timeout(t, 100*time.Millisecond), core.Mark{}) // pgx now cancels it in the background
	require.Error(t, err)
	f.unhealthy(t)
	require.NoError(t, st.Close())
}

// A write without its notification: by somebody's own statement, or because it was lost.
func TestAMissedNotificationIsNoticed(t *testing.T) {
	t.Parallel()
	pg := servers.Postgres(t)
	url := pg.Database(t)
	initialised(t, url, pgstore.Options{App: "other"})
	f := follow(t, initialised(t, url, pgstore.Options{}))
	f.healthy(t)
	f.reads(t, 1)
	require.Zero(t, f.st.MissedPushes())
	before, err := f.st.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	pg.Exec(t, url, `UPDATE downtime_state s SET store_id = o.store_id, write_id = o.write_id, document = o.document FROM downtime_state o WHERE s.app = 'shop' AND o.app = 'other'`)
	_, err = f.st.Load(t.Context(), before.Mark) // the poll
	require.NoError(t, err)
	await(t, f.st, func() bool { return f.st.MissedPushes() == 1 })
	f.healthy(t)

	for range 20 {
		f.reads(t, write(t, f.st))
	}
	require.EqualValues(t, 1, f.st.MissedPushes(), "those that arrive are not missed")
}

func TestASessionThatDoesNotListenIsNoticed(t *testing.T) {
	t.Parallel()
	pg := servers.Postgres(t)
	st := initialised(t, pg.Database(t), pgstore.Options{})
	require.ErrorContains(t, st.AskDeaf(t.Context()), "does not listen any more")
}

func TestAStoreWithoutTablesListensAllTheSame(t *testing.T) {
	t.Parallel()
	pg := servers.Postgres(t)
	url := pg.Database(t)
	f := follow(t, open(t, url, pgstore.Options{}))
	f.healthy(t)
	initialised(t, url, pgstore.Options{})
	f.reads(t, 1)
}

func TestReadsSurviveARestartWithoutAWord(t *testing.T) {
	t.Parallel()
	pg := servers.Postgres(t)
	st := initialised(t, pg.Database(t), pgstore.Options{})
	for name, restart := range map[string]func(){
		"in its orderly way": func() { pg.Stop(t); pg.Start(t) },
		"after a crash":      func() { pg.Kill(t); pg.Start(t) },
	} {
		state, err := st.Load(t.Context(), core.Mark{})
		require.NoError(t, err, name)
		restart()
		_, err = st.Load(t.Context(), state.Mark)
		require.ErrorIs(t, err, core.ErrUnchanged, name)
		restart()
		_, _, err = st.Report(t.Context(), core.Instance{ID: "a"}, time.Minute)
		require.NoError(t, err, name)
	}
}

// Heartbeats, of which there are a hundred between two polls here, are no statements.
func TestAnIdleInstanceSendsNothingButItsPolls(t *testing.T) {
	t.Parallel()
	pg := servers.Postgres(t, "-c", "log_statement=all", "-c", "log_line_prefix=%a ")
	url := pg.Database(t)
	initialised(t, url, pgstore.Options{})
	st, err := pgstore.Open(url+"&application_name=measured", pgstore.Options{App: "shop"})
	require.NoError(t, err)
	defer func() { require.NoError(t, st.Close()) }()
	st.Quicken()
	gate, err := core.New(core.Config{Store: st, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	defer func() { require.NoError(t, gate.Shutdown(t.Context())) }()
	statements := func() (polls, others int) {
		for line := range strings.Lines(pg.Log()) {
			switch {
			case !strings.HasPrefix(line, "measured LOG:"):
			case strings.Contains(line, "pg_listening_channels"), strings.Contains(line, "pg_notify"), strings.Contains(line, "LISTEN"):
				others++
			default:
				polls++
			}
		}
		return polls, others
	}
	await(t, st, func() bool { return gate.Status().Registered && strings.HasPrefix(gate.Status().Push, "on") })
	_, begin := statements()
	settled, _ := statements()
	await(t, st, func() bool { polls, _ := statements(); return polls >= settled+1 })
	_, end := statements()
	require.Equal(t, begin, end)
	require.True(t, strings.HasPrefix(gate.Status().Push, "on"), gate.Status().Push)
}

func TestPausesGrow(t *testing.T) {
	t.Parallel()
	require.Less(t, pgstore.Backoff(0, 1000), 100*time.Millisecond)
	require.Greater(t, pgstore.Backoff(0, 1000), 50*time.Millisecond)
	require.Less(t, pgstore.Backoff(3, 1000), 800*time.Millisecond)
	for _, troubles := range []int{10, 1000, 1_000_000_000} {
		require.Less(t, pgstore.Backoff(troubles, 1000), 5*time.Second)
		require.Greater(t, pgstore.Backoff(troubles, 1000), 4*time.Second)
	}
}

func TestWhatIsCutIsNeverTakenForADocument(t *testing.T) {
	t.Parallel()
	pg := servers.Postgres(t)
	url := pg.Database(t)
	p := newProxy(t, pg.Addr)
	initialised(t, url, pgstore.Options{})
	st := open(t, by(url, p.addr()), pgstore.Options{})
	_, err := st.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	for range 10 {
		p.set(cutting)
		before := p.cutAnswers()
		state, err := st.Load(t.Context(), core.Mark{})
		require.Error(t, err)
		require.False(t, errors.Is(err, core.ErrLost) || errors.Is(err, core.ErrUnchanged), "%v", err)
		require.Nil(t, state.Document)
		require.Greater(t, p.cutAnswers(), before)
		p.set(fine)
		state, err = st.Load(t.Context(), core.Mark{})
		require.NoError(t, err)
		require.EqualValues(t, 1, state.Document.Revision)
	}
}
