package accidents

import (
	"context"
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/go-downtime/downtime/e2e/internal/network"
	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/pgstore"
	"github.com/go-downtime/downtime/store/sqlstore"
)

// TestAccidents starts one server of each kind, and causes one accident after the other.
func TestAccidents(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(t *testing.T) *shared{
		"PostgreSQL": onPostgres, "PostgreSQL behind PgBouncer": onPgBouncer, "PostgreSQL, with hints": onHintedPostgres,
		"MariaDB": onMariaDB, "Redis": onRedis, "SQLite": onSQLite,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := begin(t)
			// Not in parallel, because all applications share one server.
			away(t, s)
			owed(t, s)
			cut(t, s)
			restored(t, s)
			anew(t, s)
			lockedRows(t, s)
		})
	}
}

// shared is a store that several processes share, and the accidents that can happen to it.
type shared struct {
	// server can be stopped, and network is between it and the gates. Both are nil if there
	// is no server.
	server  *testservers.Server
	network *network.Network
	// operator opens a handle on the server itself, and application one through the network.
	// Each has connections of its own, and is closed with the test.
	operator, application func(t *testing.T, app string) store.Store
	// empty deletes all documents, and back restores them.
	empty func(t *testing.T) (back func())
	// drop removes the table of the documents. Nil means that there is no table.
	drop func(t *testing.T) (back func())
	// lock blocks all readers, as another client of the server can.
	lock func(t *testing.T) (release func())
	// rowLocks lock the rows of the instances, by the words for them.
	rowLocks map[string]rowLock
	// backup makes a backup, and restore replaces all data by it.
	backup func(t *testing.T) (restore func())
}

func onPostgres(t *testing.T) *shared {
	t.Helper()
	pg := testservers.Postgres(t)
	url := pg.Database(t)
	s := &shared{server: pg.Server, network: network.New(t, pg.Addr), backup: directory(pg.Server)}
	onSQL(t, s, sqlstore.PostgreSQL, url, strings.Replace(url, pg.Addr, s.network.Addr, 1), nil)
	s.lock = locked(url, "pgx", "BEGIN; LOCK TABLE downtime_state IN ACCESS EXCLUSIVE MODE", "ROLLBACK")
	s.rowLocks = postgresRowLocks(url)
	return s
}

// postgresRowLocks are locks on the rows of the instances.
func postgresRowLocks(url string) map[string]rowLock {
	return map[string]rowLock{
		"SELECT FOR UPDATE":   {locked(url, "pgx", "BEGIN; SELECT row_key FROM downtime_rows FOR UPDATE", "ROLLBACK"), 4},
		"an open transaction": {locked(url, "pgx", "BEGIN; UPDATE downtime_rows SET seen = 0", "ROLLBACK"), 4},
		"a lock of the table": {locked(url, "pgx", "BEGIN; LOCK TABLE downtime_rows IN ACCESS EXCLUSIVE MODE", "ROLLBACK"), 2},
	}
}

// onHintedPostgres has gates that get hints.
func onHintedPostgres(t *testing.T) *shared {
	t.Helper()
	pg := testservers.Postgres(t)
	url := pg.Database(t)
	s := &shared{server: pg.Server, network: network.New(t, pg.Addr), backup: directory(pg.Server)}
	onSQL(t, s, sqlstore.PostgreSQL, url, url, nil)
	s.lock = locked(url, "pgx", "BEGIN; LOCK TABLE downtime_state IN ACCESS EXCLUSIVE MODE", "ROLLBACK")
	s.rowLocks = postgresRowLocks(url)
	s.application = func(t *testing.T, app string) store.Store {
		t.Helper()
		st, err := pgstore.Open(strings.Replace(url, pg.Addr, s.network.Addr, 1), pgstore.Options{App: app})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, st.Close()) })
		return st
	}
	return s
}

func onPgBouncer(t *testing.T) *shared {
	t.Helper()
	pg := testservers.Postgres(t)
	bouncer := testservers.PgBouncer(t, pg)
	url := pg.Database(t)
	s := &shared{server: bouncer.Server, network: network.New(t, bouncer.Addr), backup: directory(pg.Server)}
	onSQL(t, s, sqlstore.PostgreSQL, url, strings.Replace(url, pg.Addr, s.network.Addr, 1), []any{pgx.QueryExecModeExec})
	s.lock = locked(url, "pgx", "BEGIN; LOCK TABLE downtime_state IN ACCESS EXCLUSIVE MODE", "ROLLBACK")
	s.rowLocks = postgresRowLocks(url)
	return s
}

func onMariaDB(t *testing.T) *shared {
	t.Helper()
	require.NoError(t, mysql.SetLogger(&mysql.NopLogger{})) // it logs each connection that fails
	my := testservers.MariaDB(t)
	dsn := "root@tcp(" + my.Addr + ")/" + my.Database(t) + "?interpolateParams=true"
	s := &shared{server: my.Server, network: network.New(t, my.Addr), backup: directory(my.Server)}
	onSQL(t, s, sqlstore.MySQL, dsn, strings.Replace(dsn, my.Addr, s.network.Addr, 1), nil)
	s.lock = locked(dsn, "mysql", "LOCK TABLES downtime_state WRITE", "UNLOCK TABLES")
	s.rowLocks = map[string]rowLock{
		"SELECT FOR UPDATE":           {locked(dsn, "mysql", "BEGIN; SELECT row_key FROM downtime_rows FOR UPDATE", "ROLLBACK"), 4},
		"an open transaction":         {locked(dsn, "mysql", "BEGIN; UPDATE downtime_rows SET seen = 0", "ROLLBACK"), 4},
		"FLUSH TABLES WITH READ LOCK": {locked(dsn, "mysql", "FLUSH TABLES WITH READ LOCK", "UNLOCK TABLES"), 0},
	}
	return s
}

func onSQLite(t *testing.T) *shared {
	t.Helper()
	dsn := "file:" + filepath.Join(t.TempDir(), "shop.db") + "?_pragma=busy_timeout(1000)"
	s := &shared{}
	onSQL(t, s, sqlstore.SQLite, dsn, dsn, nil)
	s.lock = locked(dsn, "sqlite", "BEGIN EXCLUSIVE", "ROLLBACK")
	s.rowLocks = map[string]rowLock{"BEGIN IMMEDIATE": {locked(dsn, "sqlite", "BEGIN IMMEDIATE", "ROLLBACK"), 0}}
	s.backup = func(t *testing.T) func() {
		t.Helper()
		file := filepath.Join(t.TempDir(), "backup.db")
		execute(t, "sqlite", dsn, "VACUUM INTO '"+file+"'")
		return func() {
			execute(t, "sqlite", dsn, "ATTACH '"+file+"' AS backup; BEGIN IMMEDIATE; DELETE FROM downtime_state; "+
				"INSERT INTO downtime_state SELECT * FROM backup.downtime_state; COMMIT; DETACH backup")
		}
	}
	return s
}

var drivers = map[sqlstore.Dialect]string{sqlstore.PostgreSQL: "pgx", sqlstore.MySQL: "mysql", sqlstore.SQLite: "sqlite"}

// onSQL creates the tables at the DSN direct. Gates use the DSN far, with args.
func onSQL(t *testing.T, s *shared, kind sqlstore.Dialect, direct, far string, args []any) {
	t.Helper()
	at := func(dsn string, args []any) func(t *testing.T, app string) store.Store {
		return func(t *testing.T, app string) store.Store {
			t.Helper()
			st, err := sqlstore.New(open(t, drivers[kind], dsn), kind, sqlstore.Options{App: app, Args: args})
			require.NoError(t, err)
			return st
		}
	}
	s.operator, s.application = at(direct, nil), at(far, args)
	require.NoError(t, s.operator(t, "any").(store.Preparer).Prepare(t.Context()))
	change := func(there, back string) func(t *testing.T) func() {
		return func(t *testing.T) func() {
			t.Helper()
			execute(t, drivers[kind], direct, there)
			return func() { execute(t, drivers[kind], direct, back) }
		}
	}
	s.empty = change("CREATE TABLE kept AS SELECT * FROM downtime_state; DELETE FROM downtime_state", "INSERT INTO downtime_state SELECT * FROM kept; DROP TABLE kept")
	s.drop = change("ALTER TABLE downtime_state RENAME TO renamed", "ALTER TABLE renamed RENAME TO downtime_state")
}

func open(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// execute runs statements on one connection.
func execute(t *testing.T, driver, dsn, statements string) {
	t.Helper()
	conn, err := open(t, driver, dsn).Conn(t.Context())
	require.NoError(t, err)
	run(t, conn, statements)
	require.NoError(t, conn.Close())
}

func run(t *testing.T, conn *sql.Conn, statements string) {
	t.Helper()
	for statement := range strings.SplitSeq(statements, "; ") {
		_, err := conn.ExecContext(context.WithoutCancel(t.Context()), statement) // also in a cleanup
		require.NoError(t, err, statement)
	}
}

// locked takes a lock on a connection of its own.
func locked(dsn, driver, take, release string) func(t *testing.T) func() {
	return func(t *testing.T) func() {
		t.Helper()
		conn, err := open(t, driver, dsn).Conn(t.Context())
		require.NoError(t, err)
		run(t, conn, take)
		return func() {
			run(t, conn, release)
			require.NoError(t, conn.Close())
		}
	}
}

// directory makes a backup of a server's whole directory. The server is stopped while it is
// made and restored.
func directory(server *testservers.Server) func(t *testing.T) func() {
	return func(t *testing.T) func() {
		t.Helper()
		kept := filepath.Join(t.TempDir(), "backup")
		duplicate := func(from, to string) {
			out, err := exec.CommandContext(t.Context(), "cp", "-a", from, to).CombinedOutput()
			require.NoError(t, err, "%s", out)
		}
		server.Stop(t)
		duplicate(server.Dir, kept)
		server.Start(t)
		return func() {
			server.Stop(t)
			require.NoError(t, os.RemoveAll(server.Dir))
			duplicate(kept, server.Dir)
			server.Start(t)
		}
	}
}
