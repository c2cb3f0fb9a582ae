package e2e

import (
	"database/sql"
	"net/url"
	"os"
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

// database is one way to an empty database, and whoever may do everything there.
type database struct {
	kind   sqlstore.Dialect
	driver string
	dsn    string
	args   []any
}

// fresh makes new databases, each for one driver or setting.
type fresh map[string]func(t *testing.T) database

// allDatabases starts the servers, for as long as t.
func allDatabases(t *testing.T) fresh {
	t.Helper()
	pg, my := servers.Postgres(t), servers.MariaDB(t)
	bouncer := servers.PgBouncer(t, pg)
	mysql := func(t *testing.T, settings string) database {
		t.Helper()
		return database{kind: sqlstore.MySQL, driver: "mysql", dsn: "root@tcp(" + my.Addr + ")/" + my.Database(t) + settings}
	}
	return fresh{
		"PostgreSQL": func(t *testing.T) database {
			return database{kind: sqlstore.PostgreSQL, driver: "pgx", dsn: pg.Database(t)}
		},
		"PostgreSQL, in simple protocol": func(t *testing.T) database {
			return database{kind: sqlstore.PostgreSQL, driver: "pgx", dsn: pg.Database(t) + "&default_query_exec_mode=simple_protocol"}
		},
		"PostgreSQL, serializable by default": func(t *testing.T) database {
			return database{kind: sqlstore.PostgreSQL, driver: "pgx", dsn: pg.Database(t) + "&default_transaction_isolation=serializable"}
		},
		"PgBouncer in transaction mode": func(t *testing.T) database {
			return database{
				kind: sqlstore.PostgreSQL, driver: "pgx", dsn: bouncer.URL(databaseOf(t, pg.Database(t))),
				args: []any{pgx.QueryExecModeExec},
			}
		},
		"MariaDB, prepared": func(t *testing.T) database { return mysql(t, "") },
		"MariaDB, with settings that change results": func(t *testing.T) database {
			return mysql(t, "?interpolateParams=true&clientFoundRows=true&parseTime=true&charset=latin1&time_zone=%27%2B05%3A30%27")
		},
		"SQLite": func(t *testing.T) database {
			return database{kind: sqlstore.SQLite, driver: "sqlite", dsn: sqliteFile(t) + "?_pragma=busy_timeout(30000)"}
		},
		"SQLite with a write-ahead log": func(t *testing.T) database {
			return database{kind: sqlstore.SQLite, driver: "sqlite", dsn: sqliteFile(t) + "?_pragma=busy_timeout(30000)&_pragma=journal_mode(WAL)"}
		},
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
	st, err := sqlstore.New(d.open(t), d.kind, o)
	require.NoError(t, err)
	return st
}

func (d database) exec(t *testing.T, statement string) {
	t.Helper()
	_, err := d.open(t).ExecContext(t.Context(), statement, d.args...)
	require.NoError(t, err)
}

func TestSQLStore(t *testing.T) {
	t.Parallel()
	for name, fresh := range allDatabases(t) {
		t.Run(name, func(t *testing.T) {
			where := map[core.Store]database{}
			var mu sync.Mutex
			storetest.Run(t, func(t *testing.T) core.Store {
				d := fresh(t)
				st := d.store(t, sqlstore.Options{})
				require.NoError(t, st.Migrate(t.Context()))
				mu.Lock()
				defer mu.Unlock()
				where[st] = d
				return st
			}, storetest.Options{
				MustBeInitialised: true,
				Second: func(t *testing.T, first core.Store) core.Store {
					mu.Lock()
					defer mu.Unlock()
					return where[first].store(t, sqlstore.Options{})
				},
			})
			t.Run("is lost without its tables", func(t *testing.T) { lostWithoutTables(t, fresh(t)) })
			t.Run("is lost without its document, and its rows are not", func(t *testing.T) { lostWithoutDocument(t, fresh(t)) })
			t.Run("migrates once, whoever asks at once", func(t *testing.T) { migratesOnce(t, fresh(t)) })
			t.Run("says who must be upgraded", func(t *testing.T) { otherVersions(t, fresh(t)) })
			t.Run("keeps applications and prefixes apart", func(t *testing.T) { apart(t, fresh(t)) })
			t.Run("refuses a row that was changed by hand", func(t *testing.T) { changedByHand(t, fresh(t)) })
			t.Run("removes rows that nobody renews", func(t *testing.T) { pruned(t, fresh(t)) })
			t.Run("tells the time of all processes", func(t *testing.T) { tellsTheTime(t, fresh(t)) })
		})
	}
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
	_, err = core.Init(t.Context(), st)
	require.ErrorIs(t, err, core.ErrLost, "no DDL unless asked")

	require.NoError(t, st.Migrate(t.Context()))
	_, err = core.Init(t.Context(), st)
	require.NoError(t, err)
	_, err = core.Init(t.Context(), st)
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

	first, err := core.Init(t.Context(), st)
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
	_, err = core.Init(t.Context(), st)
	require.NoError(t, err)
	require.NoError(t, st.Migrate(t.Context()))
	state, err := st.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	require.EqualValues(t, 1, state.Document.Revision, "another migration changes nothing")
	var versions int
	require.NoError(t, d.open(t).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM downtime_schema_version", d.args...).Scan(&versions))
	require.Equal(t, 1, versions)
}

func otherVersions(t *testing.T, d database) {
	st := d.store(t, sqlstore.Options{})
	require.NoError(t, st.Migrate(t.Context()))
	_, err := core.Init(t.Context(), st)
	require.NoError(t, err)
	later := d.store(t, sqlstore.Options{})
	for statement, want := range map[string]string{
		"UPDATE downtime_schema_version SET version = 1000": "upgrade this program",
		"DELETE FROM downtime_schema_version":               "run `downtime init`",
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
		d.exec(t, "INSERT INTO downtime_schema_version (version) VALUES (1)")
		_, err = st.Load(t.Context(), core.Mark{})
		require.NoError(t, err)
	}
	d.exec(t, "UPDATE downtime_schema_version SET version = 1000")
	require.ErrorContains(t, st.Migrate(t.Context()), "upgrade this program")
}

func apart(t *testing.T, d database) {
	options := []sqlstore.Options{{App: "shop"}, {App: "Shop"}, {App: "shop.admin-2"}, {App: "shop", Prefix: "Other_"}}
	for i, o := range options {
		st := d.store(t, o)
		require.NoError(t, st.Migrate(t.Context()))
		_, err := core.Init(t.Context(), st)
		require.NoError(t, err, "nothing is there yet")
		for range i {
			_, err = core.Start(t.Context(), st, core.StartOptions{})
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
	_, err := core.Init(t.Context(), st)
	require.NoError(t, err)
	for statement, want := range map[string]string{
		"UPDATE downtime_state SET revision = 7":    "changed one of both by hand",
		"UPDATE downtime_state SET document = '{}'": "the document in",
	} {
		d.exec(t, statement)
		state, err := st.Load(t.Context(), core.Mark{})
		require.ErrorContains(t, err, want)
		require.Nil(t, state.Document)
		_, _, err = st.Instances(t.Context())
		require.ErrorContains(t, err, want)
	}
}

func pruned(t *testing.T, d database) {
	st := d.store(t, sqlstore.Options{})
	require.NoError(t, st.Migrate(t.Context()))
	count := func() (n int) {
		require.NoError(t, d.open(t).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM downtime_instances", d.args...).Scan(&n))
		return n
	}
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
	require.Equal(t, 2, count())

	_, _, err = st.Report(t.Context(), core.Instance{ID: "old"}, -core.PruneAfter-time.Minute)
	require.NoError(t, err)
	require.Equal(t, 3, count())
	_, _, err = d.store(t, sqlstore.Options{}).Report(t.Context(), core.Instance{ID: "new"}, time.Minute)
	require.NoError(t, err)
	require.Equal(t, 3, count(), "a process that starts removes what nobody will renew")
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

// documentedGrants are the statements of the package's documentation.
func documentedGrants(t *testing.T) (postgres, mysql []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "stores", "sqlstore", "doc.go"))
	require.NoError(t, err)
	for _, found := range regexp.MustCompile(`(?m)^//\t(GRANT .*);$`).FindAllStringSubmatch(string(text), -1) {
		if strings.Contains(found[1], "'") {
			mysql = append(mysql, found[1])
		} else {
			postgres = append(postgres, found[1])
		}
	}
	require.NotEmpty(t, postgres)
	require.NotEmpty(t, mysql)
	return postgres, mysql
}

func TestTheDocumentedGrantsAreEnoughAndNeeded(t *testing.T) {
	t.Parallel()
	postgresGrants, mysqlGrants := documentedGrants(t)

	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		s := servers.Postgres(t)
		dsn := s.Database(t)
		owner := database{kind: sqlstore.PostgreSQL, driver: "pgx", dsn: dsn}
		limited := owner
		limited.dsn = s.URL("gate", databaseOf(t, dsn))
		s.Exec(t, dsn, "CREATE ROLE gate LOGIN")
		grant := func(grants ...string) { s.Exec(t, dsn, strings.Join(grants, ";")) }
		restricted(t, owner, limited, grant, postgresGrants, "GRANT INSERT, UPDATE ON downtime_state TO gate")
		t.Run("a replica", func(t *testing.T) {
			d := owner
			d.dsn += "&default_transaction_read_only=on"
			readOnly(t, d)
		})
	})

	t.Run("MariaDB", func(t *testing.T) {
		t.Parallel()
		s := servers.MariaDB(t)
		s.Exec(t, "", "CREATE DATABASE shop; CREATE USER 'gate'@'%'; CREATE USER 'full'@'%'; GRANT ALL ON *.* TO 'full'@'%'; REVOKE READ ONLY ADMIN, SUPER ON *.* FROM 'full'@'%'")
		owner := database{kind: sqlstore.MySQL, driver: "mysql", dsn: "root@tcp(" + s.Addr + ")/shop"}
		limited := owner
		limited.dsn = "gate@tcp(" + s.Addr + ")/shop"
		grant := func(grants ...string) { s.Exec(t, "shop", strings.Join(grants, ";")) }
		restricted(t, owner, limited, grant, mysqlGrants, "GRANT INSERT, UPDATE ON shop.downtime_state TO 'gate'@'%'")
		t.Run("a replica", func(t *testing.T) {
			s.Exec(t, "", "SET GLOBAL read_only = 1")
			d := owner
			d.dsn = "full@tcp(" + s.Addr + ")/shop"
			readOnly(t, d)
		})
	})

	t.Run("SQLite, read-only", func(t *testing.T) {
		t.Parallel()
		d := database{kind: sqlstore.SQLite, driver: "sqlite", dsn: sqliteFile(t)}
		st := d.store(t, sqlstore.Options{})
		require.NoError(t, st.Migrate(t.Context()))
		_, err := core.Init(t.Context(), st)
		require.NoError(t, err)
		d.dsn += "?mode=ro"
		readOnly(t, d)
	})
}

// restricted leaves a store with a document behind.
func restricted(t *testing.T, owner, limited database, grant func(...string), grants []string, operator string) {
	t.Helper()
	st := owner.store(t, sqlstore.Options{})
	require.NoError(t, st.Migrate(t.Context()))
	_, err := core.Init(t.Context(), st)
	require.NoError(t, err)

	gate := limited.store(t, sqlstore.Options{})
	_, err = gate.Load(t.Context(), core.Mark{})
	require.Error(t, err, "no grants at all")
	require.NotErrorIs(t, err, core.ErrLost)
	for _, g := range grants[:len(grants)-1] {
		grant(g)
	}
	_, err = gate.Load(t.Context(), core.Mark{})
	require.NoError(t, err, "reading works without the last grant")
	_, _, err = gate.Report(t.Context(), core.Instance{ID: "a"}, time.Minute)
	require.ErrorIs(t, err, core.ErrReadOnly)
	require.ErrorIs(t, gate.Leave(t.Context(), "a"), core.ErrReadOnly)

	grant(grants[len(grants)-1])
	for range 2 {
		_, _, err = gate.Report(t.Context(), core.Instance{ID: "a"}, -2*core.PruneAfter)
		require.NoError(t, err)
	}
	_, rows, err := gate.Instances(t.Context())
	require.NoError(t, err)
	require.Empty(t, rows)
	require.NoError(t, gate.Leave(t.Context(), "a"))
	require.NoError(t, gate.Migrate(t.Context()), "nothing to do, and nothing is done")
	_, err = core.Start(t.Context(), gate, core.StartOptions{})
	require.ErrorIs(t, err, core.ErrReadOnly)

	grant(operator)
	_, err = core.Start(t.Context(), gate, core.StartOptions{})
	require.NoError(t, err)
}

// readOnly looks at a store that has a document, through a connection that cannot write.
func readOnly(t *testing.T, d database) {
	t.Helper()
	st := d.store(t, sqlstore.Options{})
	_, err := st.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	_, _, err = st.Report(t.Context(), core.Instance{ID: "a"}, time.Minute)
	require.ErrorIs(t, err, core.ErrReadOnly)
	_, err = core.Start(t.Context(), st, core.StartOptions{Holder: "x"})
	require.ErrorIs(t, err, core.ErrReadOnly)
	_, _, err = st.Instances(t.Context())
	require.NoError(t, err)
	require.NoError(t, st.Migrate(t.Context()), "nothing to do, and nothing is done")
}

func TestASchemaOfItsOwn(t *testing.T) {
	t.Parallel()
	pg := servers.Postgres(t)
	d := database{kind: sqlstore.PostgreSQL, driver: "pgx", dsn: pg.Database(t)}
	st := d.store(t, sqlstore.Options{Schema: "Ops", Prefix: "d_"})
	_, err := st.Load(t.Context(), core.Mark{})
	require.ErrorIs(t, err, core.ErrLost)
	require.NoError(t, st.Migrate(t.Context()))
	_, err = core.Init(t.Context(), st)
	require.NoError(t, err)
	require.Equal(t, "d_instances\nd_schema_version\nd_state", pg.Exec(t, d.dsn, "SELECT tablename FROM pg_tables WHERE schemaname = 'Ops' ORDER BY 1"))
}
