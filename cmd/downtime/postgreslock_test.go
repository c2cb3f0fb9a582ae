//go:build !fileonly && unix

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/cli"
	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/store/pgstore"
)

// The roles of this test binary, beside that of the command.
const (
	roleVar  = "DOWNTIME_TEST_ROLE"
	whereVar = "DOWNTIME_TEST_DATABASE"
	pidVar   = "DOWNTIME_TEST_PID"
)

var roles = map[string]func(ctx context.Context, conn *pgx.Conn) error{"writer": writeOn, "migration": migrate}

func init() {
	role := roles[os.Getenv(roleVar)]
	if role == nil {
		return
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, os.Getenv(whereVar))
	if err == nil {
		err = role(ctx, conn)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// writeOn writes one row after the other, and says so.
func writeOn(ctx context.Context, conn *pgx.Conn) error {
	writes := pgstore.NewLock("shop")
	for {
		err := pgx.BeginTxFunc(ctx, conn, writes.Begin(), func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO orders DEFAULT VALUES")
			return err
		})
		if err != nil {
			return err
		}
		fmt.Println("wrote")
	}
}

// migrate lets the suspended writer go on, waits until the writer waits for the lock, and prints the
// number of rows before and after.
func migrate(ctx context.Context, conn *pgx.Conn) error {
	var before, after int
	if err := conn.QueryRow(ctx, "SELECT count(*) FROM orders").Scan(&before); err != nil {
		return err
	}
	pid, err := strconv.Atoi(os.Getenv(pidVar))
	if err == nil {
		err = syscall.Kill(pid, syscall.SIGCONT)
	}
	if err != nil {
		return err
	}
	for waits := false; !waits; {
		err := conn.QueryRow(ctx, "SELECT count(*) = 1 FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND NOT l.granted AND a.application_name = 'writer'").Scan(&waits)
		if err != nil {
			return err
		}
	}
	if err := conn.QueryRow(ctx, "SELECT count(*) FROM orders").Scan(&after); err != nil {
		return err
	}
	fmt.Println(before, after)
	return nil
}

// shop is a database with the store of an application, and its table of orders.
type shop struct {
	pg       *testservers.PostgresServer
	database string
	store    string
}

func newShop(t *testing.T, pg *testservers.PostgresServer) shop {
	t.Helper()
	s := shop{pg: pg, database: pg.Database(t)}
	s.store = s.database + "&app=shop"
	pg.Exec(t, s.database, "CREATE TABLE orders (id serial)")
	code, _, stderr := command(t, nil, "init", "--store", s.store)
	require.Zero(t, code, stderr)
	return s
}

// state is the exit code of status, and the revision.
func (s shop) state(t *testing.T) (word string, revision int) {
	t.Helper()
	code, stdout, stderr := command(t, nil, "status", "--json", "--store", s.store)
	require.Zero(t, code, stderr)
	var state struct {
		State    string
		Revision int
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &state))
	return state.State, state.Revision
}

// started is a run whose command ends when its stdin ends.
type started struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	stderr *bufio.Reader
	said   strings.Builder
}

// begin starts a run, and returns when it has the lock.
func (s shop) begin(t *testing.T, args ...string) *started {
	t.Helper()
	itself, err := os.Executable()
	require.NoError(t, err)
	r := &started{cmd: exec.CommandContext(t.Context(), itself, append([]string{"run", "--pg-lock", "--expect", "0", "--holder", "x", "--store", s.store}, args...)...)}
	r.cmd.Env = append(os.Environ(), beTheCommand+"=1", "GORACE=atexit_sleep_ms=0")
	r.stdin, err = r.cmd.StdinPipe()
	require.NoError(t, err)
	stderr, err := r.cmd.StderrPipe()
	require.NoError(t, err)
	r.stderr = bufio.NewReader(stderr)
	require.NoError(t, r.cmd.Start())
	t.Cleanup(func() { _ = r.cmd.Process.Kill(); _ = r.cmd.Wait() })
	r.until(t, `locked     lock "shop" (`)
	return r
}

// until reads stderr until a line has the text.
func (r *started) until(t *testing.T, text string) string {
	t.Helper()
	for {
		line, err := r.stderr.ReadString('\n')
		r.said.WriteString(line)
		require.NoError(t, err, "no line with %q in %s", text, printer(r.said.String))
		if strings.Contains(line, text) {
			return line
		}
	}
}

// end lets the command end, and returns the exit code of the run.
func (r *started) end(t *testing.T) int {
	t.Helper()
	require.NoError(t, r.stdin.Close())
	rest, err := io.ReadAll(r.stderr)
	require.NoError(t, err)
	r.said.Write(rest)
	_ = r.cmd.Wait() // the code says the same
	return r.cmd.ProcessState.ExitCode()
}

func TestASuspendedWriterThatGoesOnDuringTheMigrationCannotWrite(t *testing.T) {
	t.Parallel()
	s := newShop(t, testservers.Postgres(t))
	itself, err := os.Executable()
	require.NoError(t, err)
	writer := exec.CommandContext(t.Context(), itself)
	writer.Env = append(os.Environ(), roleVar+"=writer", whereVar+"="+s.database+"&application_name=writer")
	stdout, err := writer.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, writer.Start())
	t.Cleanup(func() { _ = writer.Process.Kill(); _ = writer.Wait() })
	wrote := bufio.NewScanner(stdout)
	for range 10 {
		require.True(t, wrote.Scan())
	}

	// Between two of its transactions: one that has the lock would keep the migration waiting.
	held := "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
	for {
		require.NoError(t, writer.Process.Signal(syscall.SIGSTOP))
		if s.pg.Exec(t, s.database, held) == "0" {
			break
		}
		require.NoError(t, writer.Process.Signal(syscall.SIGCONT))
		require.True(t, wrote.Scan())
	}
	code, out, stderr := command(t, []string{whereVar + "=" + s.database, pidVar + "=" + strconv.Itoa(writer.Process.Pid)},
		"run", "--pg-lock", "--expect", "0", "--store", s.store, "--", "env", roleVar+"=migration", itself)
	require.Zero(t, code, stderr)
	var before, after int
	_, err = fmt.Sscan(out, &before, &after)
	require.NoError(t, err)
	require.Equal(t, before, after, "a row was written during the migration")
	require.GreaterOrEqual(t, before, 10)
	for range 1000 { // what the pipe holds from before is less
		require.True(t, wrote.Scan(), "the writer goes on after the migration")
	}
}

func TestALockThatIsLostFailsTheRun(t *testing.T) {
	t.Parallel()
	pg := testservers.Postgres(t)
	for name, c := range map[string]struct {
		args  []string
		code  int
		state string
		said  string
	}{
		"the command succeeds": {
			[]string{"--", "cat"},
			cli.ExitRunFailed, "down",
			`(?m)^downtime: cat succeeded, but lock "shop" .* was lost: .*terminating connection.*: a writer may have written meanwhile, and the site stays down: check the data, then downtime end `,
		},
		"the command fails": {[]string{"--", "sh", "-c", "cat; exit 7"}, 7, "down", `(?m)^downtime: sh: exit status 7, and the site stays down: .*; lock "shop" .* was lost: `},
		"the operator accepts a failure": {
			[]string{"--on-failure", "end", "--", "cat"}, cli.ExitRunFailed, "up", `(?m)^downtime: cat succeeded, but lock "shop" .* was lost: .*: a writer may have written meanwhile, and the site is up$`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, file := newShop(t, pg), filepath.Join(t.TempDir(), "result.json")
			r := s.begin(t, append([]string{"--result", file}, c.args...)...)
			pg.Exec(t, s.database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'downtime lock' AND datname = current_database()")
			require.Regexp(t, `^lock       lock "shop" .* was lost: .*: (cat|sh) goes on, and writers can write\n$`, r.until(t, "was lost"), "at once")
			require.Equal(t, c.code, r.end(t), printer(r.said.String))
			require.Regexp(t, c.said, r.said.String())
			require.Contains(t, r.said.String(), "\nRESULT failed\n")
			state, _ := s.state(t)
			require.Equal(t, c.state, state)
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Contains(t, string(text), `"lock": "lost"`)
		})
	}
}

func TestALockIsHeldUntilTheCommandHasEnded(t *testing.T) {
	t.Parallel()
	s := newShop(t, testservers.Postgres(t))
	r := s.begin(t, "--", "cat")
	const holders = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted"
	require.Equal(t, "1", s.pg.Exec(t, s.database, holders))
	state, _ := s.state(t)
	require.Equal(t, "down", state)
	require.Zero(t, r.end(t), printer(r.said.String))
	require.Equal(t, "0", s.pg.Exec(t, s.database, holders))
	require.Contains(t, r.said.String(), "\nRESULT up\n")
	state, _ = s.state(t)
	require.Equal(t, "up", state)
}

func TestALockThatIsNotFreeInTimeReopensTheSite(t *testing.T) {
	t.Parallel()
	s, file := newShop(t, testservers.Postgres(t)), filepath.Join(t.TempDir(), "result.json")
	conn, err := pgx.Connect(t.Context(), s.database+"&application_name=shop-worker")
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	_, err = conn.BeginTx(t.Context(), pgstore.NewLock("orders").Begin())
	require.NoError(t, err)
	ran := filepath.Join(t.TempDir(), "ran")
	code, _, stderr := command(t, nil, "run", "--pg-lock", "--pg-lock-name", "orders", "--expect", "0", "--wait", "4s", "--result", file, "--store", s.store, "--", "touch", ran)
	require.Equal(t, cli.ExitNotReached, code, stderr)
	require.NoFileExists(t, ran)
	const holder = `pid \d+, application "shop-worker", user postgres, idle in transaction`
	require.Regexp(t, `(?m)^waiting    for lock "orders" \(-?\d+\) of postgres://127.0.0.1/\w+, for \d s\n +held by `+holder+`(, for \d+ s)?$`, stderr)
	require.Regexp(t, `(?m)^downtime: touch was not run, and the site is up: lock "orders" .*: not free in time: held by `+holder+"$", stderr)
	require.Contains(t, stderr, "\nRESULT not-locked\n")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(text), `"lock": "not-taken"`)
	state, _ := s.state(t)
	require.Equal(t, "up", state)
}

// TestALockThatCannotWorkIsRefusedBeforeTheSiteIsTakenDown: nothing was written.
func TestALockThatCannotWorkIsRefusedBeforeTheSiteIsTakenDown(t *testing.T) {
	t.Parallel()
	pg := testservers.Postgres(t)
	bouncer := testservers.PgBouncer(t, pg, "default_pool_size = 1")
	s := newShop(t, pg)
	pooled := by(t, s.store, bouncer.Addr)
	file := "file:" + filepath.Join(t.TempDir(), "s.json")
	for name, c := range map[string]struct {
		env  []string
		args []string
		code int
		want string
	}{
		"the store's pooler":       {nil, []string{"--store", pooled}, cli.ExitRunFailed, `downtime: --pg-lock: lock "shop" .*: the connection goes through a pooler`},
		"a pooler":                 {nil, []string{"--store", s.store, "--pg-lock-url", pooled}, cli.ExitRunFailed, "the connection goes through a pooler"},
		"no server":                {nil, []string{"--store", s.store, "--pg-lock-url", "postgres://127.0.0.1:1/x?app=y"}, cli.ExitRunFailed, `--pg-lock: lock "y" .*: failed to connect`},
		"another kind of store":    {nil, []string{"--store", file}, cli.ExitUsage, "the store is not in PostgreSQL: name the database of the writers by --pg-lock-url, or set DOWNTIME_PG_LOCK_URL"},
		"no name":                  {nil, []string{"--store", file, "--pg-lock-url", s.database}, cli.ExitUsage, "--pg-lock-url: which lock\\? Give --pg-lock-name"},
		"no database":              {nil, []string{"--store", s.store, "--pg-lock-url", "redis://x"}, cli.ExitUsage, "--pg-lock-url: it is not the URL of a database: want postgres: or postgresql:"},
		"a password for all":       {nil, []string{"--store", s.store, "--pg-lock-url", "postgres://u:secret@db/x"}, cli.ExitUsage, "--pg-lock-url: it holds a password"},
		"a fault in the variable":  {[]string{"DOWNTIME_PG_LOCK_URL=postgres://u:secret/@db/x"}, []string{"--store", s.store}, cli.ExitUsage, "DOWNTIME_PG_LOCK_URL: .*want postgres://"},
		"a parameter of no driver": {nil, []string{"--store", s.store, "--pg-lock-url", "postgres://db/x?app=y&sslmode=maybe"}, cli.ExitUsage, "--pg-lock-url: sslmode: its value is not valid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, _, stderr := command(t, c.env, append(append([]string{"run", "--pg-lock", "--expect", "0"}, c.args...), "--", "false")...)
			require.Equal(t, c.code, code, stderr)
			require.Regexp(t, c.want, stderr)
			require.NotContains(t, stderr, "secret")
			_, revision := s.state(t)
			require.Equal(t, 1, revision)
		})
	}
}

func TestTheStoreCanGoThroughAPoolerIfTheLockDoesNot(t *testing.T) {
	t.Parallel()
	pg := testservers.Postgres(t)
	s := newShop(t, pg)
	pooled := by(t, s.store, testservers.PgBouncer(t, pg).Addr)
	code, _, stderr := command(t, []string{"DOWNTIME_PG_LOCK_URL=" + s.store}, "run", "--pg-lock", "--expect", "0", "--store", pooled, "--", "true")
	require.Zero(t, code, stderr)
	require.Contains(t, stderr, "\nRESULT up\n")
}

// by is the URL with another address.
func by(t *testing.T, url, addr string) string {
	t.Helper()
	head, rest, ok := strings.Cut(url, "@")
	require.True(t, ok)
	_, path, ok := strings.Cut(rest, "/")
	require.True(t, ok)
	return head + "@" + addr + "/" + path
}

func TestAPasswordOfTheLockCanBeInTheEnvironment(t *testing.T) {
	t.Parallel()
	pg := testservers.Postgres(t)
	s := newShop(t, pg)
	code, _, stderr := command(t, []string{"DOWNTIME_STORE_PASSWORD=s3cret/@x"}, "run", "--pg-lock", "--expect", "0", "--store", s.store, "--", "true")
	require.Zero(t, code, stderr)
	require.NotContains(t, stderr, "s3cret")
	require.Eventually(t, func() bool {
		return pg.Exec(t, s.database, "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'downtime%'") == "0"
	}, 30*time.Second, 20*time.Millisecond, "no session remains")
}
