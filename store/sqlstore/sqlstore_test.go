package sqlstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/sqlstore"
)

// away is a database that cannot be reached. The tests with real databases are in e2e.
type away struct{ err error }

func (a away) Connect(context.Context) (driver.Conn, error) { return nil, a.err }
func (a away) Driver() driver.Driver                        { return nil }

func open(t *testing.T, err error) *sql.DB {
	t.Helper()
	db := sql.OpenDB(away{err})
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	const pg, my, lite = sqlstore.PostgreSQL, sqlstore.MySQL, sqlstore.SQLite
	for name, c := range map[string]struct {
		kind  sqlstore.Dialect
		o     sqlstore.Options
		field string // of the error; "" means none
	}{
		"an application is enough":            {pg, sqlstore.Options{App: "shop"}, ""},
		"names as long as they may be":        {pg, sqlstore.Options{App: strings.Repeat("a", 48), Schema: strings.Repeat("s", 63), Prefix: strings.Repeat("p", 49)}, ""},
		"an application may look like a host": {my, sqlstore.Options{App: "2.shop-de_1"}, ""},
		"no application":                      {pg, sqlstore.Options{}, "App"},
		"a long application":                  {pg, sqlstore.Options{App: strings.Repeat("a", 49)}, "App"},
		"an application with a blank":         {pg, sqlstore.Options{App: "a b"}, "App"},
		"an application that is no ASCII":     {pg, sqlstore.Options{App: "müsli"}, "App"},
		"an application of a dot":             {pg, sqlstore.Options{App: "."}, "App"},
		"a statement as a schema":             {pg, sqlstore.Options{App: "a", Schema: `x"; DROP TABLE y; --`}, "Schema"},
		"a backtick in a schema":              {my, sqlstore.Options{App: "a", Schema: "x`y"}, "Schema"},
		"a bracket in a schema":               {pg, sqlstore.Options{App: "a", Schema: "x]"}, "Schema"},
		"a NUL in a schema":                   {pg, sqlstore.Options{App: "a", Schema: "x\x00"}, "Schema"},
		"a dot in a schema":                   {pg, sqlstore.Options{App: "a", Schema: "a.b"}, "Schema"},
		"a long schema":                       {pg, sqlstore.Options{App: "a", Schema: strings.Repeat("s", 64)}, "Schema"},
		"a schema that begins with a digit":   {pg, sqlstore.Options{App: "a", Schema: "1a"}, "Schema"},
		"a schema of SQLite":                  {lite, sqlstore.Options{App: "a", Schema: "main"}, "Schema"},
		"a statement as a prefix":             {pg, sqlstore.Options{App: "a", Prefix: `x"; DROP TABLE y; --`}, "Prefix"},
		"a prefix that is no ASCII":           {my, sqlstore.Options{App: "a", Prefix: "ünter_"}, "Prefix"},
		"a prefix that leaves no room":        {pg, sqlstore.Options{App: "a", Prefix: strings.Repeat("p", 50)}, "Prefix"},
		"a negative interval":                 {pg, sqlstore.Options{App: "a", Poll: -1}, "Poll"},
		"another dialect":                     {"oracle", sqlstore.Options{App: "a"}, "dialect"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, err := sqlstore.New(open(t, driver.ErrBadConn), c.kind, c.o)
			if c.field == "" {
				require.NoError(t, err)
				require.NotNil(t, st)
				return
			}
			fault, ok := errors.AsType[*store.FieldError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, c.field, fault.Field)
			require.NotContains(t, fault.Error(), "\x00")
		})
	}
	_, err := sqlstore.New(nil, pg, sqlstore.Options{App: "a"})
	require.ErrorContains(t, err, "db: is nil")
}

func TestAStoreIsMadeWhileItsDatabaseCannotBeReached(t *testing.T) {
	t.Parallel()
	gone := errors.New("connection refused")
	st, err := sqlstore.New(open(t, gone), sqlstore.PostgreSQL, sqlstore.Options{App: "shop", Name: "postgres://db/shop"})
	require.NoError(t, err)
	_, err = st.Get(t.Context(), "")
	require.ErrorIs(t, err, gone)
	require.ErrorContains(t, err, "postgres://db/shop#shop: read: ")
	require.ErrorIs(t, st.Swap(t.Context(), "", []byte("a")), gone)
	require.ErrorIs(t, st.Prepare(t.Context()), gone)
	_, _, err = st.PutRow(t.Context(), "a", []byte("row"), time.Minute)
	require.ErrorIs(t, err, gone)
	require.ErrorIs(t, st.DeleteRow(t.Context(), "a", nil), gone)
	_, err = st.ListRows(t.Context(), "")
	require.ErrorIs(t, err, gone)
}

func TestArgumentsAreCheckedBeforeTheDatabaseIsAsked(t *testing.T) {
	t.Parallel()
	st, err := sqlstore.New(open(t, driver.ErrBadConn), sqlstore.SQLite, sqlstore.Options{App: "shop"})
	require.NoError(t, err)
	require.ErrorIs(t, st.Swap(t.Context(), "", make([]byte, store.MaxBytes+1)), store.ErrTooLarge)
	_, _, err = st.PutRow(t.Context(), "", nil, time.Minute)
	require.ErrorContains(t, err, "key")
	require.ErrorContains(t, st.DeleteRow(t.Context(), "a b", nil), "key")
}

func TestInfoDescribesTheStore(t *testing.T) {
	t.Parallel()
	for kind, ownClock := range map[sqlstore.Dialect]bool{sqlstore.PostgreSQL: true, sqlstore.MySQL: true, sqlstore.SQLite: false} {
		for poll, want := range map[time.Duration]time.Duration{0: time.Second, time.Minute: time.Minute} {
			st, err := sqlstore.New(open(t, driver.ErrBadConn), kind, sqlstore.Options{App: "shop", Poll: poll})
			require.NoError(t, err)
			info := st.Info()
			require.Equal(t, string(kind)+"#shop", info.Name)
			require.Equal(t, "shop", info.Application)
			require.Equal(t, want, info.Poll)
			require.Equal(t, ownClock, info.OwnClock)
			require.NotEmpty(t, info.Durability)
		}
	}
}

func ExampleNew() {
	db := sql.OpenDB(away{errors.New("no route to host")}) // usually: sql.Open("pgx", "postgres://…")
	st, err := sqlstore.New(db, sqlstore.PostgreSQL, sqlstore.Options{App: "shop", Schema: "ops"})
	fmt.Println(st, err)
	// Output: postgresql#shop <nil>
}
