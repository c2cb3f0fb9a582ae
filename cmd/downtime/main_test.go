//go:build !fileonly

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/cli"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/store"
)

const beTheCommand = "DOWNTIME_TEST_IS_THE_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(beTheCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

// command runs the command in a process of its own, with these further variables of the
// environment.
func command(t *testing.T, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	itself, err := os.Executable()
	require.NoError(t, err)
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), itself, args...)
	cmd.Env = append(append(os.Environ(), beTheCommand+"=1", "GORACE=atexit_sleep_ms=0", "DOWNTIME_STORE="), env...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		failed, ok := errors.AsType[*exec.ExitError](err)
		require.True(t, ok, "%v", err)
		code = failed.ExitCode()
	}
	return code, out.String(), errs.String()
}

// place is a store that is empty.
type place struct {
	url string
	// lose removes the document, keep makes a backup of it, and restore brings that back.
	lose, keep, restore func(t *testing.T, st store.Store)
}

// inSQL is a place whose document is in this table.
func inSQL(url, table string) place {
	do := func(statements ...string) func(*testing.T, store.Store) {
		return func(t *testing.T, st store.Store) {
			t.Helper()
			if s, ok := st.(sqlite); ok {
				st = s.database
			}
			d, ok := st.(database)
			require.True(t, ok)
			for _, statement := range statements {
				_, err := d.db.ExecContext(t.Context(), statement)
				require.NoError(t, err)
			}
		}
	}
	lose := "DELETE FROM " + table
	return place{url, do(lose), do("CREATE TABLE kept AS SELECT * FROM " + table), do(lose, "INSERT INTO "+table+" SELECT * FROM kept")}
}

// inRedis is a place of the application "shop".
func inRedis(url string) place {
	const key = "downtime:{shop}:v1"
	var backup string
	with := func(do func(ctx context.Context, r redisStore) error) func(*testing.T, store.Store) {
		return func(t *testing.T, st store.Store) {
			t.Helper()
			r, ok := st.(redisStore)
			require.True(t, ok)
			require.NoError(t, do(t.Context(), r))
		}
	}
	return place{
		url:  url,
		lose: with(func(ctx context.Context, r redisStore) error { return r.client.Del(ctx, key).Err() }),
		keep: with(func(ctx context.Context, r redisStore) (err error) {
			backup, err = r.client.Dump(ctx, key).Result()
			return err
		}),
		restore: with(func(ctx context.Context, r redisStore) error {
			return r.client.RestoreReplace(ctx, key, 0, backup).Err()
		}),
	}
}

func TestTheCommandInEveryStore(t *testing.T) {
	t.Parallel()
	pg, my, redis := testservers.Postgres(t), testservers.MariaDB(t), testservers.Redis(t)
	bouncer := testservers.PgBouncer(t, pg)
	behind := pg.Database(t)
	bounced := bouncer.URL(strings.TrimSuffix(behind[strings.LastIndexByte(behind, '/')+1:], "?sslmode=disable"))
	for name, test := range map[string]struct {
		at   place
		open cli.Opener
	}{
		"SQLite":     {inSQL("sqlite:"+filepath.Join(t.TempDir(), "a ?%23#b.db")+"?app=shop", "downtime_state"), openSQLite},
		"PostgreSQL": {inSQL(pg.Database(t)+"&app=shop", "downtime_state"), openPostgres},
		"PostgreSQL in a schema and with a prefix": {
			inSQL(pg.Database(t)+"&app=shop&schema=ops&prefix=my_", `"ops"."my_state"`), openPostgres,
		},
		"PgBouncer in transaction mode": {inSQL(bounced+"&app=shop", "downtime_state"), openPostgres},
		"MariaDB":                       {inSQL("mysql://root@"+my.Addr+"/"+my.Database(t)+"?app=shop&timeout=5s", "downtime_state"), openMySQL},
		"Redis":                         {inRedis("redis://" + redis.Addr + "/3?app=shop&dial_timeout=5s"), openRedis},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &story{at: test.at}
			st, err := test.open(t.Context(), s.at.url)
			require.NoError(t, err)
			s.st = st
			t.Cleanup(func() { closeStore(t, st) })
			s.begin(t)
			s.downAndUp(t)
			s.lost(t)
			s.regressed(t)
		})
	}
}

func closeStore(t *testing.T, st store.Store) {
	t.Helper()
	c, ok := st.(interface{ Close() error })
	require.True(t, ok)
	require.NoError(t, c.Close())
}

// story is a sequence of events for one store and one gate on it.
type story struct {
	at   place
	st   store.Store
	gate *core.Gate
}

// run runs the command on the store, in this process.
func (s *story) run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = cli.Main(t.Context(), append(args, "--store", s.at.url, "--tz", "UTC"), nil, &out, &errs, schemes()...)
	return code, out.String(), errs.String()
}

func (s *story) must(t *testing.T, code int, args ...string) (stdout, stderr string) {
	t.Helper()
	got, stdout, stderr := s.run(t, args...)
	require.Equal(t, code, got, "%s\n%s%s", args, stdout, stderr)
	return stdout, stderr
}

// reported waits until the gate's row, as the fleet command shows it, is as wanted.
func (s *story) reported(t *testing.T, want func(i instance) bool) instance {
	t.Helper()
	var got instance
	var last string
	require.Eventually(t, func() bool {
		if err := s.gate.Refresh(t.Context()); err != nil {
			last = err.Error()
			return false
		}
		code, stdout, stderr := s.run(t, "fleet", "--json")
		last = stdout + stderr
		var fleet struct {
			Application string
			Instances   []instance
		}
		if code != cli.ExitDone || json.Unmarshal([]byte(stdout), &fleet) != nil || len(fleet.Instances) != 1 {
			return false
		}
		got = fleet.Instances[0]
		return fleet.Application == "shop" && want(got)
	}, 30*time.Second, 20*time.Millisecond, "%s", printer(func() string { return last }))
	return got
}

// printer makes a message only when it is needed.
type printer func() string

func (p printer) String() string { return p() }

// instance is a part of an instance in fleet --json.
type instance struct {
	ID, Life, State, Document string
	Revision                  int64
	Regressed                 bool
	Drains                    []string `json:"drained_now"`
}

func (i instance) drained() bool { return i.State == "closed" && len(i.Drains) > 0 }

func (s *story) begin(t *testing.T) {
	t.Helper()
	for _, args := range [][]string{{"status"}, {"start", "--no-wait", "--holder", "x"}, {"end"}, {"list"}} {
		_, stderr := s.must(t, cli.ExitFailed, args...)
		require.Contains(t, stderr, "downtime init")
	}
	s.must(t, cli.ExitDone, "init", "--dry-run")
	s.must(t, cli.ExitFailed, "status")
	stdout, _ := s.must(t, cli.ExitDone, "init")
	require.Contains(t, stdout, "begun      document ")
	require.Contains(t, stdout, "app        shop\nstore      "+s.st.Info().Name+", revision 1\n")
	require.Contains(t, stdout, "fleet      no instance has reported to this store: downtime fleet --store ")
	stdout, _ = s.must(t, cli.ExitDone, "init")
	require.Contains(t, stdout, "already initialized")
	s.must(t, cli.ExitUnobserved, "status", "--exit-code")

	gate, err := core.New(core.Config{Store: s.st, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	s.gate = gate
	t.Cleanup(func() { require.NoError(t, gate.Shutdown(context.WithoutCancel(t.Context()))) })
	i := s.reported(t, func(i instance) bool { return i.Document == "current" && i.State == "open" })
	require.Equal(t, "live", i.Life)
}

func (s *story) open(t *testing.T) bool {
	t.Helper()
	ticket, open := s.gate.Enter(nil)
	ticket.Leave()
	return open
}

func (s *story) downAndUp(t *testing.T) {
	t.Helper()
	require.True(t, s.open(t))
	stdout, _ := s.must(t, cli.ExitDone, "start", "--no-wait", "--holder", "x", "--reason", "Zürich 🚀 'x'")
	require.Contains(t, stdout, "fleet      1 instance: 1 live (1 ")
	require.Contains(t, stdout, "waited     not; ")
	s.reported(t, func(i instance) bool { return i.drained() && i.Revision == 2 })
	require.False(t, s.open(t))
	stdout, _ = s.must(t, cli.ExitDown, "status", "--exit-code")
	require.Contains(t, stdout, "reason: Zürich 🚀 'x'\n")
	stdout, _ = s.must(t, cli.ExitDone, "fleet")
	require.Contains(t, stdout, "fleet      1 instance: 1 live (1 drained); all at revision 2\n")
	s.must(t, cli.ExitDone, "end", "--holder", "x")
	s.reported(t, func(i instance) bool { return i.State == "open" && i.Revision == 3 })
	require.True(t, s.open(t))
}

// lost: a lost document opens no gate, and init alone opens none.
func (s *story) lost(t *testing.T) {
	t.Helper()
	s.must(t, cli.ExitDone, "start", "--no-wait", "--holder", "x")
	s.reported(t, func(i instance) bool { return i.drained() })
	s.at.lose(t, s.st)
	_, stderr := s.must(t, cli.ExitFailed, "status", "--exit-code")
	require.Contains(t, stderr, "downtime init")
	require.ErrorIs(t, s.gate.Refresh(t.Context()), store.ErrLost)
	_, stderr = s.must(t, cli.ExitUsage, "init")
	require.Contains(t, stderr, "has lost its document: 1 instance had one")
	require.Contains(t, stderr, "1 of them refused")
	stdout, _ := s.must(t, cli.ExitDone, "fleet")
	require.Contains(t, stdout, "keeps revision 4 of a document that is gone\n")
	require.False(t, s.open(t))
	s.must(t, cli.ExitDone, "init", "--yes")
	s.reported(t, func(i instance) bool { return i.State == "open" && i.Revision == 1 && i.Document == "current" })
	require.True(t, s.open(t))
}

// regressed: a restored backup opens nothing until an operator reconciles it.
func (s *story) regressed(t *testing.T) {
	t.Helper()
	s.at.keep(t, s.st)
	for range 3 {
		s.must(t, cli.ExitDone, "start", "--no-wait", "--holder", "x")
		s.must(t, cli.ExitDone, "end", "--holder", "x")
	}
	s.must(t, cli.ExitDone, "start", "--no-wait", "--holder", "x")
	s.reported(t, func(i instance) bool { return i.drained() && i.Revision == 8 })
	s.at.restore(t, s.st)
	s.reported(t, func(i instance) bool { return i.Regressed && i.Document == "ahead" && i.State == "closed" })
	require.False(t, s.open(t))
	stdout, _ := s.must(t, cli.ExitDone, "fleet")
	require.Contains(t, stdout, " has seen revision 8, which the store has lost:")
	stdout, _ = s.must(t, cli.ExitDone, "reconcile", "--dry-run")
	require.Contains(t, stdout, "raised     revision 1 to 9\n")
	require.Contains(t, stdout, "opens      1 instance that refused:")
	require.False(t, s.open(t))
	s.must(t, cli.ExitDone, "reconcile")
	s.reported(t, func(i instance) bool { return i.State == "open" && i.Revision == 9 && !i.Regressed })
	require.True(t, s.open(t))
}
