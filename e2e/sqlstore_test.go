package e2e

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/sqlstore"
	"github.com/go-downtime/downtime/store/storetest"
)

// database is one way to a database, with a role that has all rights.
type database struct {
	kind     sqlstore.Dialect
	driver   string
	dsn      string
	args     []any
	prefix   string // of the tables, "" means the default
	readOnly string // settings after dsn that refuse writes, "" if there are none
}

// way is a database by one driver and setting.
type way struct {
	open func(t *testing.T) database // it has no tables of ours
	like bool                        // the conformance suite runs on another way
}

// allWays starts servers that run until t ends.
func allWays(t *testing.T) map[string]way {
	t.Helper()
	pg, my := testservers.Postgres(t), testservers.MariaDB(t)
	bouncer := testservers.PgBouncer(t, pg)
	pgURL, mysqlDSN := pg.Database(t), "root@tcp("+my.Addr+")/"+my.Database(t)
	// One database serves all tests of a server: its creation takes longer than most tests.
	at := func(d database) func(*testing.T) database {
		return func(*testing.T) database {
			own := d
			own.prefix = "t" + rand.Text()[:12] + "_"
			return own
		}
	}
	postgres := func(settings string) func(*testing.T) database {
		return at(database{kind: sqlstore.PostgreSQL, driver: "pgx", dsn: pgURL + settings, readOnly: "&default_transaction_read_only=on"})
	}
	sqlite := func(settings string) func(*testing.T) database {
		return func(t *testing.T) database {
			t.Helper()
			return database{kind: sqlstore.SQLite, driver: "sqlite", dsn: sqliteFile(t) + settings, readOnly: "&mode=ro"}
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
			dsn:      mysqlDSN + "?interpolateParams=true&clientFoundRows=true&parseTime=true&charset=latin1&time_zone=%27%2B05%3A30%27",
			readOnly: "&tx_read_only=1",
		})},
		"SQLite":                        {open: sqlite("?_pragma=busy_timeout(30000)"), like: true},
		"SQLite with a write-ahead log": {open: sqlite("?_pragma=busy_timeout(30000)&_pragma=journal_mode(WAL)")},
	}
}

func sqliteFile(t *testing.T) string {
	t.Helper()
	file := url.URL{Path: filepath.Join(t.TempDir(), "downtime.db")} // the name of a subtest can hold "#"
	return "file:" + file.EscapedPath()
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

// store is a new handle. It does not prepare the tables.
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

// query is a statement on our tables. It calls them by their default names.
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

// written is a store with tables and a document, and the document's token.
func (d database) written(t *testing.T, o sqlstore.Options) (*sqlstore.Store, store.Token) {
	t.Helper()
	st := d.store(t, o)
	require.NoError(t, st.Prepare(t.Context()))
	return st, swap(t, st, "", "first\n")
}

// swap writes the document, and returns its token.
func swap(t *testing.T, st store.Store, old store.Token, next string) store.Token {
	t.Helper()
	require.NoError(t, st.Swap(t.Context(), old, []byte(next)))
	return store.TokenOf([]byte(next))
}

// put writes a row, and returns the token that PutRow returned.
func put(t *testing.T, st store.Rows, key string, lease time.Duration) store.Token {
	t.Helper()
	token, _, err := st.PutRow(t.Context(), key, []byte("row "+key), lease)
	require.NoError(t, err)
	return token
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
				"is prepared once by processes that ask at once":     preparedOnce,
				"says which version is needed":                       otherVersions,
				"creates a table that was dropped":                   droppedTable,
				"keeps applications and prefixes apart":              apart,
				"refuses a document that was changed by hand":        changedByHand,
				"keeps every byte of a row":                          everyByteOfARow,
				"deletes old rows":                                   pruned,
				"tells the time of all processes":                    tellsTheTime,
				"writes rows beside a locked document":               rowsBesideALockedDocument,
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
	where := map[store.Store]database{}
	handle := func(t *testing.T, d database) store.Store {
		t.Helper()
		st := d.store(t, sqlstore.Options{})
		where[st] = d
		return st
	}
	exec := func(statement string) func(*testing.T, store.Store) {
		return func(t *testing.T, st store.Store) { t.Helper(); where[st].exec(t, statement) }
	}
	o := storetest.Options{
		Second:   func(t *testing.T, first store.Store) store.Store { t.Helper(); return handle(t, where[first]) },
		Lose:     exec("DELETE FROM downtime_state"),
		Tamper:   exec("UPDATE downtime_state SET document = 'changed by hand'"),
		LoseRows: exec("DELETE FROM downtime_rows"),
		BreakRow: func(t *testing.T, st store.Store, key string) {
			t.Helper()
			where[st].exec(t, "UPDATE downtime_rows SET body = NULL WHERE row_key = '"+key+"'")
		},
		Age: func(t *testing.T, st store.Store, by time.Duration) {
			t.Helper()
			n := strconv.FormatInt(by.Microseconds(), 10)
			where[st].exec(t, "UPDATE downtime_rows SET seen = seen - "+n+", lease = lease - "+n+", deleted = deleted - "+n)
		},
	}
	if open(t).readOnly != "" {
		o.ReadOnly = func(t *testing.T, first store.Store) store.Store {
			t.Helper()
			d := where[first]
			d.dsn += d.readOnly
			return handle(t, d)
		}
	}
	storetest.Run(t, func(t *testing.T) store.Store {
		t.Helper()
		d := open(t)
		require.NoError(t, d.store(t, sqlstore.Options{}).Prepare(t.Context()))
		return handle(t, d)
	}, o)
}

// losesNoUpdate has several applications write at once, each by several processes.
func losesNoUpdate(t *testing.T, d database) {
	apps := []string{"a", "b"}
	for _, app := range apps {
		d.written(t, sqlstore.Options{App: app})
	}
	const writers = 4
	var wg sync.WaitGroup
	errs := make([]error, writers*len(apps))
	for i := range errs {
		st := d.store(t, sqlstore.Options{App: apps[i%len(apps)]})
		wg.Go(func() { errs[i] = addLine(t.Context(), st, rand.Text()+"\n") })
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	for _, app := range apps {
		blob, err := d.store(t, sqlstore.Options{App: app}).Get(t.Context(), "")
		require.NoError(t, err)
		require.Equal(t, 1+writers, strings.Count(string(blob.Bytes), "\n"))
	}
}

func addLine(ctx context.Context, st store.Store, line string) error {
	for {
		blob, err := st.Get(ctx, "")
		if err != nil {
			return err
		}
		if err := st.Swap(ctx, blob.Token, append(blob.Bytes, line...)); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
}

func lostWithoutTables(t *testing.T, d database) {
	st := d.store(t, sqlstore.Options{})
	_, err := st.Get(t.Context(), "")
	require.ErrorIs(t, err, store.ErrLost)
	require.ErrorContains(t, err, "run `downtime init`")
	_, err = st.ListRows(t.Context(), "")
	require.ErrorIs(t, err, store.ErrLost)
	_, _, err = st.PutRow(t.Context(), "a", []byte("row"), time.Minute)
	require.ErrorIs(t, err, store.ErrLost)
	require.ErrorIs(t, st.DeleteRow(t.Context(), "a", nil), store.ErrLost)
	require.ErrorIs(t, st.Swap(t.Context(), "", []byte("a")), store.ErrLost, "only Prepare creates tables")

	require.NoError(t, st.Prepare(t.Context()))
	a := swap(t, st, "", "a")
	require.ErrorIs(t, st.Swap(t.Context(), "", []byte("b")), store.ErrConflict)

	d.exec(t, "DROP TABLE downtime_state")
	_, err = st.Get(t.Context(), a)
	require.ErrorIs(t, err, store.ErrLost)
}

func lostWithoutDocument(t *testing.T, d database) {
	st := d.store(t, sqlstore.Options{})
	require.NoError(t, st.Prepare(t.Context()))
	blob, err := st.Get(t.Context(), "")
	require.ErrorIs(t, err, store.ErrLost)
	require.ErrorContains(t, err, "run `downtime init`")
	require.WithinDuration(t, time.Now(), blob.Now, time.Minute, "the clock is read all the same")

	require.Empty(t, put(t, st, "a", time.Minute))
	set, err := st.ListRows(t.Context(), "")
	require.ErrorIs(t, err, store.ErrLost)
	require.Len(t, set.Rows, 1)

	first := swap(t, st, "", "first")
	require.Equal(t, first, put(t, st, "b", time.Minute))
	require.Empty(t, put(t, st, "b", time.Minute), "the renewal of a live row does not read the document")
	d.exec(t, "DELETE FROM downtime_state")
	_, err = st.Get(t.Context(), first)
	require.ErrorIs(t, err, store.ErrLost, "lost is not unchanged")
}

func preparedOnce(t *testing.T, d database) {
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		st := d.store(t, sqlstore.Options{})
		wg.Go(func() { errs[i] = st.Prepare(t.Context()) })
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	st := d.store(t, sqlstore.Options{})
	first := swap(t, st, "", "first")
	require.NoError(t, st.Prepare(t.Context()))
	_, err := st.Get(t.Context(), first)
	require.ErrorIs(t, err, store.ErrUnchanged)
	require.Equal(t, 1, d.count(t, "downtime_schema_version"))
}

func otherVersions(t *testing.T, d database) {
	st, _ := d.written(t, sqlstore.Options{})
	later := d.store(t, sqlstore.Options{})
	for statement, want := range map[string]string{
		"INSERT INTO downtime_schema_version (version) VALUES (1000)": "upgrade this program",
		"DELETE FROM downtime_schema_version":                         "run `downtime init`",
	} {
		d.exec(t, statement)
		_, err := st.Get(t.Context(), "")
		require.ErrorContains(t, err, want)
		_, err = st.ListRows(t.Context(), "")
		require.ErrorContains(t, err, want)
		for _, st := range []*sqlstore.Store{st, later} {
			_, _, err = st.PutRow(t.Context(), "a", []byte("row"), time.Minute)
			require.ErrorContains(t, err, want)
			require.ErrorContains(t, st.Swap(t.Context(), "", []byte("a")), want)
		}
		d.exec(t, "DELETE FROM downtime_schema_version")
		require.NoError(t, st.Prepare(t.Context()))
		_, err = st.Get(t.Context(), "")
		require.NoError(t, err)
	}
	d.exec(t, "INSERT INTO downtime_schema_version (version) VALUES (1000)")
	require.ErrorContains(t, st.Prepare(t.Context()), "upgrade this program")
}

func droppedTable(t *testing.T, d database) {
	st, first := d.written(t, sqlstore.Options{})
	d.exec(t, "DROP TABLE downtime_rows")
	_, _, err := st.PutRow(t.Context(), "a", []byte("row"), time.Minute)
	require.ErrorContains(t, err, "the tables are missing; run `downtime init`")
	_, err = st.Get(t.Context(), first)
	require.ErrorIs(t, err, store.ErrUnchanged, "a gate reads on")

	require.NoError(t, st.Prepare(t.Context()))
	put(t, st, "a", time.Minute)
	_, err = st.Get(t.Context(), first)
	require.ErrorIs(t, err, store.ErrUnchanged)
	require.Equal(t, 1, d.count(t, "downtime_schema_version"))
}

func apart(t *testing.T, d database) {
	options := []sqlstore.Options{{App: "shop"}, {App: "Shop"}, {App: "shop.admin-2"}, {App: "shop", Prefix: "O" + rand.Text()[:10] + "_"}}
	for _, o := range options {
		st := d.store(t, o)
		require.NoError(t, st.Prepare(t.Context()))
		swap(t, st, "", o.App+o.Prefix)
		_, _, err := st.PutRow(t.Context(), "a", []byte(o.App+o.Prefix), time.Minute)
		require.NoError(t, err)
	}
	require.NoError(t, d.store(t, options[1]).DeleteRow(t.Context(), "a", []byte("left")))
	for i, o := range options {
		set, err := d.store(t, o).ListRows(t.Context(), "")
		require.NoError(t, err)
		require.Equal(t, o.App+o.Prefix, string(set.Blob.Bytes))
		require.Len(t, set.Rows, 1)
		if i != 1 {
			require.Equal(t, o.App+o.Prefix, string(set.Rows[0].Bytes))
		}
	}
}

func changedByHand(t *testing.T, d database) {
	st, first := d.written(t, sqlstore.Options{})
	put(t, st, "a", time.Minute)
	refused := func(have store.Token) {
		t.Helper()
		blob, err := st.Get(t.Context(), have)
		require.ErrorIs(t, err, store.ErrTampered)
		require.ErrorContains(t, err, "was changed by hand; restore the row, or delete it")
		require.Nil(t, blob.Bytes)
		set, err := st.ListRows(t.Context(), have)
		require.ErrorIs(t, err, store.ErrTampered)
		require.Len(t, set.Rows, 1)
		for _, old := range []store.Token{"", first} {
			require.ErrorIs(t, st.Swap(t.Context(), old, []byte("b")), store.ErrTampered)
		}
	}
	for _, token := range []string{"", strings.ToUpper(string(first)), strings.Repeat("0", len(first))} {
		d.exec(t, "UPDATE downtime_state SET token = '"+token+"'")
		refused("")
		refused(first)
	}
	d.exec(t, "UPDATE downtime_state SET token = '"+string(first)+"', document = ''")
	refused("")
	_, err := st.Get(t.Context(), first)
	require.ErrorIs(t, err, store.ErrUnchanged, "the statement compares the token only")

	d.exec(t, "DELETE FROM downtime_state")
	swap(t, st, "", "anew")
}

// everyByteOfARow is part of the conformance suite, which does not run on every way.
func everyByteOfARow(t *testing.T, d database) {
	st, token := d.written(t, sqlstore.Options{})
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	require.NoError(t, st.Swap(t.Context(), token, b))
	for _, b := range [][]byte{b, {}, nil} {
		_, _, err := st.PutRow(t.Context(), "a", b, time.Minute)
		require.NoError(t, err)
		require.NoError(t, st.DeleteRow(t.Context(), "b", b))
		set, err := st.ListRows(t.Context(), "")
		require.NoError(t, err)
		require.NoError(t, set.Rows[0].Err)
		require.Equal(t, string(b), string(set.Rows[0].Bytes))
		require.Equal(t, store.Deleted, set.Rows[1].Life)
	}
}

func pruned(t *testing.T, d database) {
	st, _ := d.written(t, sqlstore.Options{})
	for key, lease := range map[string]time.Duration{"live": time.Minute, "silent": -time.Minute, "old": -store.KeepRow - time.Minute} {
		put(t, st, key, lease)
	}
	d.exec(t, "UPDATE downtime_rows SET body = NULL WHERE row_key = 'silent'")
	set, err := st.ListRows(t.Context(), "")
	require.NoError(t, err)
	require.Len(t, set.Rows, 2)
	require.Equal(t, "live", set.Rows[0].Key)
	require.Equal(t, "silent", set.Rows[1].Key, "an instance whose row cannot be read may still run")
	require.ErrorContains(t, set.Rows[1].Err, "body")
	const since = 1 // the row with the time of the set
	require.Equal(t, 2+since, d.count(t, "downtime_rows"))

	put(t, st, "old", -store.KeepRow-time.Minute)
	require.Equal(t, 3+since, d.count(t, "downtime_rows"))
	put(t, d.store(t, sqlstore.Options{}), "new", time.Minute)
	require.Equal(t, 3+since, d.count(t, "downtime_rows"), "a process that starts deletes old rows")

	// The time of the set is older than any row that is kept.
	d.exec(t, "UPDATE downtime_rows SET seen = 1, lease = 1 WHERE row_key = ''")
	put(t, d.store(t, sqlstore.Options{}), "newer", time.Minute)
	set, err = st.ListRows(t.Context(), "")
	require.NoError(t, err)
	require.EqualValues(t, 1, set.Since.UnixMicro())
}

func tellsTheTime(t *testing.T, d database) {
	st, _ := d.written(t, sqlstore.Options{})
	for range 2 {
		_, at, err := st.PutRow(t.Context(), "a", []byte("row"), time.Minute)
		require.NoError(t, err)
		set, err := st.ListRows(t.Context(), "")
		require.NoError(t, err)
		row := set.Rows[0]
		require.InDelta(t, time.Minute, row.Lease.Sub(row.Seen), float64(time.Millisecond))
		require.WithinDuration(t, at, row.Seen, time.Second)
		require.WithinDuration(t, time.Now(), set.Blob.Now, 5*time.Second, "one host, one clock")
		require.Equal(t, time.UTC, set.Blob.Now.Location())
	}
}

// rowsBesideALockedDocument: a statement on rows does not wait for a write of the document.
func rowsBesideALockedDocument(t *testing.T, d database) {
	if d.kind == sqlstore.SQLite {
		t.Skip("SQLite locks the whole database")
	}
	st, token := d.written(t, sqlstore.Options{})
	put(t, st, "old", time.Minute)
	tx, err := d.open(t).BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer func() { _ = tx.Rollback() }()
	_, err = tx.ExecContext(t.Context(), d.query("UPDATE downtime_state SET written_at = 0"), d.args...)
	require.NoError(t, err)

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for _, key := range []string{"old", "new"} {
		_, _, err = st.PutRow(ctx, key, []byte("row"), time.Minute)
		require.NoError(t, err)
	}
	require.NoError(t, st.DeleteRow(ctx, "old", nil))
	_, err = st.ListRows(ctx, "")
	require.NoError(t, err)
	_, err = st.Get(ctx, token)
	require.ErrorIs(t, err, store.ErrUnchanged)
}
