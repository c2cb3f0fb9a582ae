package pgstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/store/pgstore"
)

var writes = pgstore.NewLock("shop")

// connected opens the session of a migration.
func connected(t *testing.T, url string) *pgstore.Exclusive {
	t.Helper()
	x, err := writes.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = x.Release(context.WithoutCancel(t.Context())) })
	x.Quicken()
	return x
}

func session(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	cfg, err := pgx.ParseConfig(url)
	require.NoError(t, err)
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// writer is one form in which a transaction takes the lock and writes. It returns the transaction.
type writer func(t *testing.T, url string) (write, commit func() error)

func begin(t *testing.T, url string) (write, commit func() error) {
	t.Helper()
	ctx, conn := t.Context(), session(t, url)
	var tx pgx.Tx
	return func() (err error) {
			if tx, err = conn.BeginTx(ctx, writes.Begin()); err == nil {
				_, err = tx.Exec(ctx, "INSERT INTO orders DEFAULT VALUES")
			}
			return err
		}, func() error {
			return tx.Commit(ctx)
		}
}

func batch(t *testing.T, url string) (write, commit func() error) {
	t.Helper()
	ctx, conn := t.Context(), session(t, url)
	var tx pgx.Tx
	return func() (err error) {
			if tx, err = conn.Begin(ctx); err != nil {
				return err
			}
			var b pgx.Batch
			b.Queue(writes.Shared())
			b.Queue("INSERT INTO orders DEFAULT VALUES")
			return tx.SendBatch(ctx, &b).Close()
		}, func() error {
			return tx.Commit(ctx)
		}
}

func databaseSQL(t *testing.T, url string) (write, commit func() error) {
	t.Helper()
	cfg, err := pgx.ParseConfig(url)
	require.NoError(t, err)
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	db := stdlib.OpenDB(*cfg)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	var tx *sql.Tx
	return func() (err error) {
			if tx, err = db.BeginTx(t.Context(), nil); err != nil {
				return err
			}
			_, err = tx.ExecContext(t.Context(), writes.Shared())
			if err == nil {
				_, err = tx.ExecContext(t.Context(), "INSERT INTO orders DEFAULT VALUES")
			}
			return err
		}, func() error {
			return tx.Commit()
		}
}

func TestWritersAndAMigrationExcludeEachOther(t *testing.T) {
	t.Parallel()
	pg := testservers.Postgres(t)
	bouncer := testservers.PgBouncer(t, pg)
	for name, form := range map[string]writer{"begin": begin, "a batch": batch, "database/sql": databaseSQL} {
		for _, through := range []string{"direct", "PgBouncer"} {
			t.Run(name+", "+through, func(t *testing.T) {
				t.Parallel()
				direct := pg.Database(t)
				url := direct + "&application_name=shop-web"
				if through == "PgBouncer" {
					url = bouncer.URL(databaseOf(direct)) + "&application_name=shop-web"
				}
				pg.Exec(t, direct, "CREATE TABLE orders (id serial)")
				write, commit := form(t, url)
				require.NoError(t, write())

				x, seen, taken := connected(t, direct), make(chan string, 1), make(chan error, 1)
				go func() {
					taken <- x.Acquire(t.Context(), func(holders map[string]time.Duration) {
						select {
						case seen <- fmt.Sprint(holders):
						default:
						}
					})
				}()
				require.Regexp(t, `^map\[pid \d+, application "shop-web", user postgres, idle in transaction:[\d.]+m?s\]$`, <-seen)
				select {
				case err := <-taken:
					require.Fail(t, "the migration has the lock beside a writer", "%v", err)
				default:
				}
				require.NoError(t, commit())
				require.NoError(t, <-taken)

				write, commit = form(t, url)
				wrote := make(chan error, 1)
				go func() { wrote <- write() }()
				require.Eventually(t, func() bool {
					return pg.Exec(t, direct, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())") == "1"
				}, 30*time.Second, 10*time.Millisecond, "the writer waits")
				require.Equal(t, "1", pg.Exec(t, direct, "SELECT count(*) FROM orders"))
				require.NoError(t, x.Release(t.Context()))
				require.NoError(t, <-wrote)
				require.NoError(t, commit())
				require.Equal(t, "2", pg.Exec(t, direct, "SELECT count(*) FROM orders"))
				require.NoError(t, x.Release(t.Context()), "a second time")
			})
		}
	}
}

func TestTheKeyOfALockInSQL(t *testing.T) {
	t.Parallel()
	pg := testservers.Postgres(t)
	got := pg.Exec(t, pg.Database(t), "SELECT ('x' || left(encode(sha256('downtime:shop'), 'hex'), 16))::bit(64)::bigint")
	require.Equal(t, strconv.FormatInt(writes.Key(), 10), got)
	require.NotEqual(t, writes.Key(), pgstore.NewLock("shop2").Key())
}

// TestALockIsNotTakenThroughAPooler: not even where the pooler happens to give each statement the
// same session.
func TestALockIsNotTakenThroughAPooler(t *testing.T) {
	t.Parallel()
	pg := testservers.Postgres(t)
	direct := pg.Database(t)
	for name, lines := range map[string]string{
		"transaction": "default_pool_size = 1", "statement": "pool_mode = statement", "session": "pool_mode = session",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bouncer := testservers.PgBouncer(t, pg, lines)
			_, err := writes.Connect(t.Context(), bouncer.URL(databaseOf(direct)))
			require.ErrorIs(t, err, pgstore.ErrPooler)
			require.ErrorContains(t, err, `lock "shop" (`)
		})
	}
	_, err := writes.Connect(t.Context(), "postgres://u:p/w@db/shop")
	require.ErrorContains(t, err, "url: ")
	require.NotContains(t, err.Error(), "p/w")
}

func TestALockThatIsLostIsNoticed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lose func(t *testing.T, pg *testservers.PostgresServer, url string)
		want string
	}{
		"the session is terminated": {func(t *testing.T, pg *testservers.PostgresServer, url string) {
			t.Helper()
			pg.Exec(t, url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'downtime lock'")
		}, "terminating connection due to administrator command"},
		"the server crashes":      {func(t *testing.T, pg *testservers.PostgresServer, _ string) { t.Helper(); pg.Kill(t) }, "was lost: "},
		"the server hangs":        {func(t *testing.T, pg *testservers.PostgresServer, _ string) { t.Helper(); pg.Freeze(t) }, "was lost: "},
		"the session gives it up": {nil, "does not hold it any more"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pg := testservers.Postgres(t)
			url := pg.Database(t)
			x := connected(t, url)
			require.NoError(t, x.Acquire(t.Context(), nil))
			require.NoError(t, x.Err())
			if c.lose == nil {
				require.NoError(t, x.Forget(t.Context()))
			} else {
				c.lose(t, pg, url)
			}
			select {
			case <-x.Lost():
			case <-time.After(30 * time.Second):
				require.Fail(t, "not noticed")
			}
			require.ErrorContains(t, x.Err(), c.want)
			require.ErrorContains(t, x.Err(), `lock "shop"`)
			require.Equal(t, x.Err(), x.Release(t.Context()))
		})
	}
}

// TestALockThatWasLostUnnoticedIsNoticedAtItsRelease: before the next question to the session.
func TestALockThatWasLostUnnoticedIsNoticedAtItsRelease(t *testing.T) {
	t.Parallel()
	pg := testservers.Postgres(t)
	x, err := writes.Connect(t.Context(), pg.Database(t))
	require.NoError(t, err)
	require.NoError(t, x.Acquire(t.Context(), nil))
	require.NoError(t, x.Forget(t.Context()))
	require.ErrorContains(t, x.Release(t.Context()), "does not hold it any more")
}

// TestAnAcquireThatEndsLeavesNoSessionInTheQueue: writers would wait behind it.
func TestAnAcquireThatEndsLeavesNoSessionInTheQueue(t *testing.T) {
	t.Parallel()
	pg := testservers.Postgres(t)
	for name, c := range map[string]struct {
		ctx  func(ctx context.Context) (context.Context, context.CancelFunc)
		want string
	}{
		"at its deadline": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 2*time.Second)
		}, `: not free in time: held by pid \d+, application "shop-web", user postgres, idle in transaction$`},
		"by its caller": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(200*time.Millisecond, cancel)
			return ctx, cancel
		}, "context canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := pg.Database(t)
			pg.Exec(t, url, "CREATE TABLE orders (id serial)")
			write, commit := begin(t, url+"&application_name=shop-web")
			require.NoError(t, write())
			x := connected(t, url)
			ctx, cancel := c.ctx(t.Context())
			defer cancel()
			require.Regexp(t, c.want, x.Acquire(ctx, nil).Error())
			require.NoError(t, x.Release(t.Context()), "it was never held")
			require.Eventually(t, func() bool {
				return pg.Exec(t, url, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'downtime lock'") == "0"
			}, 30*time.Second, 10*time.Millisecond)
			require.NoError(t, commit())
		})
	}
}

func TestALockOfAStandbyIsRefused(t *testing.T) {
	t.Parallel()
	pg := testservers.Postgres(t)
	pg.Stop(t)
	signal := filepath.Join(pg.Dir, "data", "standby.signal")
	require.NoError(t, os.WriteFile(signal, nil, 0o600))
	require.NoError(t, os.Chmod(signal, 0o666), "the server is another user")
	pg.Start(t)
	_, err := writes.Connect(t.Context(), pg.URL("postgres", "postgres"))
	require.ErrorContains(t, err, "is a standby")
}

func TestTheTimeOutsOfARoleDoNotEndALock(t *testing.T) {
	t.Parallel()
	pg := testservers.Postgres(t)
	url := pg.Database(t)
	pg.Exec(t, url, "CREATE ROLE hasty LOGIN; ALTER ROLE hasty SET statement_timeout = 50; ALTER ROLE hasty SET idle_session_timeout = 50")
	x := connected(t, pg.URL("hasty", databaseOf(url)))
	require.NoError(t, x.Acquire(t.Context(), nil))
	select {
	case <-x.Lost():
		require.NoError(t, x.Err())
	case <-time.After(time.Second):
	}
	require.NoError(t, x.Release(t.Context()))
}

// TestPgBouncersPauseIsAnAlternative holds docs/fleet.md to what it says about PAUSE.
func TestPgBouncersPauseIsAnAlternative(t *testing.T) {
	t.Parallel()
	pg := testservers.Postgres(t)
	bouncer := testservers.PgBouncer(t, pg, "admin_users = postgres")
	direct := pg.Database(t)
	database := databaseOf(direct)
	pg.Exec(t, direct, "CREATE TABLE orders (id serial)")
	console := func(statement string) error {
		conn, err := pgx.Connect(t.Context(), bouncer.URL("pgbouncer")+"&default_query_exec_mode=simple_protocol")
		if err != nil {
			return err
		}
		_, err = conn.Exec(t.Context(), statement)
		_ = conn.Close(t.Context())
		return err
	}
	write, commit := begin(t, bouncer.URL(database))
	require.NoError(t, write())
	paused := make(chan error, 1)
	go func() { paused <- console("PAUSE " + database) }()
	writer := session(t, bouncer.URL(database))
	wrote := make(chan error, 1)
	pausing := func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		reader, err := pgx.Connect(ctx, bouncer.URL(database))
		if err == nil {
			_, err = reader.Exec(ctx, "SELECT 1")
			_ = reader.Close(ctx)
		}
		return err != nil
	}
	require.Eventually(t, pausing, 30*time.Second, 10*time.Millisecond, "readers wait too")
	select {
	case err := <-paused:
		require.Fail(t, "PAUSE did not wait for a transaction", "%v", err)
	default:
	}
	require.NoError(t, commit())
	require.NoError(t, <-paused)
	go func() {
		_, err := writer.Exec(t.Context(), "INSERT INTO orders DEFAULT VALUES")
		wrote <- err
	}()
	require.True(t, pausing())
	require.Equal(t, "1", pg.Exec(t, direct, "SELECT count(*) FROM orders"), "the migration connects to the server itself")
	require.NoError(t, console("RESUME "+database))
	require.NoError(t, <-wrote)
	require.Equal(t, "2", pg.Exec(t, direct, "SELECT count(*) FROM orders"))
}
