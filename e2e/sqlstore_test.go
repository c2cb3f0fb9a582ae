package e2e

import (
	"crypto/rand"
	"database/sql"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/sqlstore"
	"github.com/go-downtime/downtime/stores/storetest"
	"github.com/go-downtime/downtime/stores/storetest/servers"
)

// database is one way to a database, and whoever may do everything there.
type database struct {
	kind   sqlstore.Dialect
	driver string
	dsn    string
	args   []any
	prefix string // of the tables, "" means the default
}

// way is a database by one driver and setting.
type way struct {
	open func(t *testing.T) database // without tables of ours
	like bool                        // another way covers what any store must do
}

// allWays starts the servers, for as long as t.
func allWays(t *testing.T) map[string]way {
	t.Helper()
	pg, my := servers.Postgres(t), servers.MariaDB(t)
	bouncer := servers.PgBouncer(t, pg)
	pgURL, mysqlDSN := pg.Database(t), "root@tcp("+my.Addr+")/"+my.Database(t)
	// One database serves all tests of a server: making one takes longer than most tests.
	at := func(d database) func(*testing.T) database {
		return func(*testing.T) database {
			own := d
			own.prefix = "t" + rand.Text()[:12] + "_"
			return own
		}
	}
	postgres := func(settings string) func(*testing.T) database {
		return at(database{kind: sqlstore.PostgreSQL, driver: "pgx", dsn: pgURL + settings})
	}
	sqlite := func(settings string) func(*testing.T) database {
		return func(t *testing.T) database {
			t.Helper()
			return database{kind: sqlstore.SQLite, driver: "sqlite", dsn: sqliteFile(t) + settings}
		}
	}
	return map[string]way{
		"PostgreSQL":                          {open: postgres("")},
		"PostgreSQL, in simple protocol":      {open: postgres("&default_query_exec_mode=simple_protocol"), like: true},
		"PostgreSQL, serializable by default": {open: postgres("&default_transaction_isolation=serializable")},
		"PgBouncer in transaction mode": {open: at(database{
			kind: sqlstore.PostgreSQL, driver: "pgx", dsn: bouncer.URL(databaseOf(t, pgURL)), args: []any{pgx.QueryExecModeExec},
		})},
		"MariaDB, prepared": {open: at(database{kind: sqlstore.MySQL, driver: "mysql", dsn: mysqlDSN}), like: true},
		"MariaDB, with settings that change results": {open: at(database{
			kind: sqlstore.MySQL, driver: "mysql",
			dsn: mysqlDSN + "?interpolateParams=true&clientFoundRows=true&parseTime=true&charset=latin1&time_zone=%27%2B05%3A30%27",
		})},
		"SQLite":                        {open: sqlite("?_pragma=busy_timeout(30000)"), like: true},
		"SQLite with a write-ahead log": {open: sqlite("?_pragma=busy_timeout(30000)&_pragma=journal_mode(WAL)")},
	}
}

func sqliteFile(t *testing.T) string {
	t.Helper()
	return "file:" + filepath.Join(t.TempDir(), "downtime.db")
}

func databaseOf(t *testing.T, dsn string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	return strings.TrimPrefix(u.Path, "/")
}

func (d database) open(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open(d.driver, d.dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// store is not migrated.
func (d database) store(t *testing.T, o sqlstore.Options) *sqlstore.Store {
	t.Helper()
	if o.App == "" {
		o.App = "shop"
	}
	o.Args = d.args
	if o.Prefix == "" {
		o.Prefix = d.prefix
	}
	st, err := sqlstore.New(d.open(t), d.kind, o)
	require.NoError(t, err)
	return st
}

// query is a statement on our tables, with their names as they are by default.
func (d database) query(statement string) string {
	if d.prefix == "" {
		return statement
	}
	quote := `"`
	if d.kind == sqlstore.MySQL {
		quote = "`"
	}
	return regexp.MustCompile(`\bdowntime_(\w+)`).ReplaceAllString(statement, quote+d.prefix+"${1}"+quote)
}

func (d database) exec(t *testing.T, statement string) {
	t.Helper()
	_, err := d.open(t).ExecContext(t.Context(), d.query(statement), d.args...)
	require.NoError(t, err)
}

func (d database) count(t *testing.T, table string) (n int) {
	t.Helper()
	require.NoError(t, d.open(t).QueryRowContext(t.Context(), d.query("SELECT COUNT(*) FROM "+table), d.args...).Scan(&n))
	return n
}

func TestSQLStore(t *testing.T) {
	t.Parallel()
	for name, way := range allWays(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !way.like {
				conforms(t, way.open)
			}
			for name, check := range map[string]func(*testing.T, database){
				"is lost without its tables":                         lostWithoutTables,
				"is lost without its document, and its rows are not": lostWithoutDocument,
				"loses no update":                                    losesNoUpdate,
				"migrates once, whoever asks at once":                migratesOnce,
				"says who must be upgraded":                          otherVersions,
				"reads tables of before the log, and migrates them":  olderTables,
				"writes nothing without its log":                     withoutLog,
				"numbers the log of each application":                numbersTheLog,
				"keeps applications and prefixes apart":              apart,
				"refuses a row that was changed by hand":             changedByHand,
				"removes rows that nobody renews":                    pruned,
				"tells the time of all processes":                    tellsTheTime,
			} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					check(t, way.open(t))
				})
			}
		})
	}
}

func conforms(t *testing.T, open func(t *testing.T) database) {
	t.Helper()
	where := map[core.Store]database{}
	storetest.Run(t, func(t *testing.T) core.Store {
		d := open(t)
		st := d.store(t, sqlstore.Options{})
		require.NoError(t, st.Migrate(t.Context()))
		where[st] = d
		return st
	}, storetest.Options{
		MustBeInitialised: true,
		Second: func(t *testing.T, first core.Store) core.Store {
			return where[first].store(t, sqlstore.Options{})
		},
	})
}

func losesNoUpdate(t *testing.T, d database) {
	st := d.store(t, sqlstore.Options{})
	require.NoError(t, st.Migrate(t.Context()))
	_, err := core.Init(t.Context(), st, core.InitOptions{})
	require.NoError(t, err)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		st := d.store(t, sqlstore.Options{})
		wg.Go(func() {
			_, errs[i] = core.Start(t.Context(), st, core.StartOptions{Holder: rand.Text()})
		})
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	state, err := st.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	require.Len(t, state.Document.Periods, len(errs))
}

func lostWithoutTables(t *testing.T, d database) {
	st := d.store(t, sqlstore.Options{})
	_, err := st.Load(t.Context(), core.Mark{})
	require.ErrorIs(t, err, core.ErrLost)
	require.ErrorContains(t, err, "run `downtime init`")
	_, _, err = st.Instances(t.Context())
	require.ErrorIs(t, err, core.ErrLost)
	_, _, err = st.Report(t.Context(), core.Instance{ID: "a"}, time.Minute)
	require.ErrorIs(t, err, core.ErrLost)
	_, err = core.Init(t.Context(), st, core.InitOptions{})
	require.ErrorIs(t, err, core.ErrLost, "no DDL unless asked")

	require.NoError(t, st.Migrate(t.Context()))
	_, err = core.Init(t.Context(), st, core.InitOptions{})
	require.NoError(t, err)
	_, err = core.Init(t.Context(), st, core.InitOptions{})
	require.ErrorIs(t, err, core.ErrInitialised)

	d.exec(t, "DROP TABLE downtime_state")
	_, err = st.Load(t.Context(), core.Mark{})
	require.ErrorIs(t, err, core.ErrLost)
}

func lostWithoutDocument(t *testing.T, d database) {
	st := d.store(t, sqlstore.Options{})
	require.NoError(t, st.Migrate(t.Context()))
	state, err := st.Load(t.Context(), core.Mark{})
	require.ErrorIs(t, err, core.ErrLost)
	require.ErrorContains(t, err, "run `downtime init`")
	require.WithinDuration(t, time.Now(), state.Time, time.Minute, "the clock is there all the same")

	mark, _, err := st.Report(t.Context(), core.Instance{ID: "a"}, time.Minute)
	require.NoError(t, err)
	require.Zero(t, mark)
	state, rows, err := st.Instances(t.Context())
	require.NoError(t, err)
	require.Nil(t, state.Document)
	require.Len(t, rows, 1)

	first, err := core.Init(t.Context(), st, core.InitOptions{})
	require.NoError(t, err)
	want := first.After.Mark()
	for range 2 {
		mark, _, err = st.Report(t.Context(), core.Instance{ID: "b"}, time.Minute)
		require.NoError(t, err)
		require.Equal(t, want, mark)
	}
	d.exec(t, "DELETE FROM downtime_state")
	_, err = st.Load(t.Context(), want)
	require.ErrorIs(t, err, core.ErrLost, "gone is not unchanged")
}

func migratesOnce(t *testing.T, d database) {
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		st := d.store(t, sqlstore.Options{})
		wg.Go(func() { errs[i] = st.Migrate(t.Context()) })
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	st := d.store(t, sqlstore.Options{})
	_, err := core.Start(t.Context(), st, core.StartOptions{Holder: "ann"})
	require.ErrorIs(t, err, core.ErrLost)
	_, err = core.Init(t.Context(), st, core.InitOptions{})
	require.NoError(t, err)
	require.NoError(t, st.Migrate(t.Context()))
	state, err := st.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	require.EqualValues(t, 1, state.Document.Revision, "another migration changes nothing")
	require.Equal(t, 2, d.count(t, "downtime_schema_version"))
}

func otherVersions(t *testing.T, d database) {
	st := d.store(t, sqlstore.Options{})
	require.NoError(t, st.Migrate(t.Context()))
	_, err := core.Init(t.Context(), st, core.InitOptions{})
	require.NoError(t, err)
	later := d.store(t, sqlstore.Options{})
	for statement, want := range map[string]string{
		"INSERT INTO downtime_schema_version (version) VALUES (1000)": "upgrade this program",
		"DELETE FROM downtime_schema_version":                         "run `downtime init`",
	} {
		d.exec(t, statement)
		_, err = st.Load(t.Context(), core.Mark{})
		require.ErrorContains(t, err, want)
		_, _, err = st.Instances(t.Context())
		require.ErrorContains(t, err, want)
		for _, st := range []*sqlstore.Store{st, later} {
			_, _, err = st.Report(t.Context(), core.Instance{ID: "a"}, time.Minute)
			require.ErrorContains(t, err, want)
		}
		d.exec(t, "DELETE FROM downtime_schema_version")
		d.exec(t, "INSERT INTO downtime_schema_version (version) VALUES (2)")
		_, err = st.Load(t.Context(), core.Mark{})
		require.NoError(t, err)
	}
	d.exec(t, "INSERT INTO downtime_schema_version (version) VALUES (1000)")
	require.ErrorContains(t, st.Migrate(t.Context()), "upgrade this program")
}

func apart(t *testing.T, d database) {
	options := []sqlstore.Options{{App: "shop"}, {App: "Shop"}, {App: "shop.admin-2"}, {App: "shop", Prefix: "O" + rand.Text()[:10] + "_"}}
	for i, o := range options {
		st := d.store(t, o)
		require.NoError(t, st.Migrate(t.Context()))
		_, err := core.Init(t.Context(), st, core.InitOptions{})
		require.NoError(t, err, "nothing is there yet")
		for range i {
			_, err = core.Start(t.Context(), st, core.StartOptions{Holder: rand.Text()})
			require.NoError(t, err)
		}
		_, _, err = st.Report(t.Context(), core.Instance{ID: "a", Host: o.App + o.Prefix}, time.Minute)
		require.NoError(t, err)
	}
	for i, o := range options {
		state, rows, err := d.store(t, o).Instances(t.Context())
		require.NoError(t, err)
		require.Len(t, state.Document.Periods, i)
		require.Len(t, rows, 1)
		require.Equal(t, o.App+o.Prefix, rows[0].Host)
	}
}

func changedByHand(t *testing.T, d database) {
	st := d.store(t, sqlstore.Options{})
	require.NoError(t, st.Migrate(t.Context()))
	_, err := core.Init(t.Context(), st, core.InitOptions{})
	require.NoError(t, err)
	for _, wrong := range []struct{ column, value, want string }{
		{"revision", "7", "changed one of both by hand"},
		{"write_id", "'x'", "changed one of both by hand"},
		{"document", "'{}'", "format: is missing"},
	} {
		d.exec(t, "UPDATE downtime_state SET "+wrong.column+" = "+wrong.value)
		state, err := st.Load(t.Context(), core.Mark{})
		require.ErrorContains(t, err, wrong.want)
		require.Nil(t, state.Document)
		_, _, err = st.Instances(t.Context())
		require.ErrorContains(t, err, wrong.want)
	}
}

func pruned(t *testing.T, d database) {
	st := d.store(t, sqlstore.Options{})
	require.NoError(t, st.Migrate(t.Context()))
	for id, lease := range map[string]time.Duration{"live": time.Minute, "silent": -time.Minute, "old": -core.PruneAfter - time.Minute} {
		_, _, err := st.Report(t.Context(), core.Instance{ID: id}, lease)
		require.NoError(t, err)
	}
	d.exec(t, "UPDATE downtime_instances SET report = '?' WHERE id = 'silent'")
	_, rows, err := st.Instances(t.Context())
	require.NoError(t, err)
	ids := []string{}
	for _, row := range rows {
		ids = append(ids, row.ID)
	}
	require.ElementsMatch(t, []string{"live", "silent"}, ids, "one that cannot be read may still be one to wait for")
	require.Equal(t, 2, d.count(t, "downtime_instances"))

	_, _, err = st.Report(t.Context(), core.Instance{ID: "old"}, -core.PruneAfter-time.Minute)
	require.NoError(t, err)
	require.Equal(t, 3, d.count(t, "downtime_instances"))
	_, _, err = d.store(t, sqlstore.Options{}).Report(t.Context(), core.Instance{ID: "new"}, time.Minute)
	require.NoError(t, err)
	require.Equal(t, 3, d.count(t, "downtime_instances"), "a process that starts removes what nobody will renew")
}

func tellsTheTime(t *testing.T, d database) {
	st := d.store(t, sqlstore.Options{})
	require.NoError(t, st.Migrate(t.Context()))
	_, at, err := st.Report(t.Context(), core.Instance{ID: "a"}, time.Minute)
	require.NoError(t, err)
	state, rows, err := st.Instances(t.Context())
	require.NoError(t, err)
	require.Equal(t, time.Minute, rows[0].Lease.Sub(rows[0].Seen))
	require.WithinDuration(t, at, rows[0].Seen, time.Second)
	require.WithinDuration(t, time.Now(), state.Time, 5*time.Second, "one host, one clock")
	require.Equal(t, time.UTC, state.Time.Location())
}
