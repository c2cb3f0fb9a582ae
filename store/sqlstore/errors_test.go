package sqlstore

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/store"
)

type stateError string

func (e stateError) Error() string    { return "ERROR: something (SQLSTATE " + string(e) + ")" }
func (e stateError) SQLState() string { return string(e) }

func TestErrorsAreKnownWithoutTheirDriver(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind Dialect
		err  error
		want class
	}{
		"PostgreSQL, no grant":                  {PostgreSQL, fmt.Errorf("exec: %w", stateError("42501")), readOnly},
		"PostgreSQL, a replica":                 {PostgreSQL, stateError("25006"), readOnly},
		"PostgreSQL, serialization":             {PostgreSQL, stateError("40001"), conflict},
		"PostgreSQL, no table":                  {PostgreSQL, stateError("42P01"), noTable},
		"PostgreSQL, out of disk":               {PostgreSQL, stateError("53100"), other},
		"PostgreSQL, only the text says so":     {PostgreSQL, errors.New("ERROR: (SQLSTATE 42501)"), other},
		"MySQL, no grant":                       {MySQL, errors.New("Error 1142 (42000): INSERT command denied to user"), readOnly},
		"MySQL, wrapped":                        {MySQL, errors.New("exec: Error 1290 (HY000): --read-only"), readOnly},
		"MySQL, an older driver":                {MySQL, errors.New("Error 1146: Table 'x' doesn't exist"), noTable},
		"MySQL, a value that looks like one":    {MySQL, errors.New(`Error 1366 (22007): Incorrect value: 'Error 1142 (42000): x'`), other},
		"MySQL, another number":                 {MySQL, errors.New("Error 1040: Too many connections"), other},
		"MySQL, the row is there by now":        {MySQL, errors.New("Error 1062 (23000): Duplicate entry"), conflict},
		"SQLite, read-only":                     {SQLite, errors.New("attempt to write a readonly database (8)"), readOnly},
		"SQLite, no table":                      {SQLite, errors.New("SQL logic error: no such table: downtime_state (1)"), noTable},
		"SQLite, busy is no conflict":           {SQLite, errors.New("database is locked (5) (SQLITE_BUSY)"), other},
		"PostgreSQL, a wrong password":          {PostgreSQL, stateError("28P01"), noLogin},
		"MySQL, a wrong password":               {MySQL, errors.New("Error 1045 (28000): Access denied for user"), noLogin},
		"no error":                              {MySQL, nil, other},
		"nothing of another dialect is trusted": {SQLite, stateError("42501"), other},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, classify(c.kind, c.err))
		})
	}
}

// A read without a grant or a login is a fault that waiting cannot mend.
func TestAReadWithoutPermissionSaysSo(t *testing.T) {
	t.Parallel()
	st := &Store{kind: PostgreSQL}
	require.ErrorIs(t, st.fault("read", stateError("42501")), fs.ErrPermission)
	require.ErrorIs(t, st.fault("read", stateError("28P01")), fs.ErrPermission)
	require.NotErrorIs(t, st.fault("read", stateError("53300")), fs.ErrPermission)
	require.ErrorIs(t, st.fault("write", stateError("42501")), store.ErrReadOnly)
}

func TestEveryDialectHasItsMigrations(t *testing.T) {
	t.Parallel()
	for _, kind := range []Dialect{PostgreSQL, MySQL, SQLite} {
		for version := range schemaVersion {
			_, err := migrations.ReadFile(fmt.Sprintf("migrations/%s_%d.sql", kind, version+1))
			require.NoError(t, err)
		}
		_, err := migrations.ReadFile(fmt.Sprintf("migrations/%s_%d.sql", kind, schemaVersion+1))
		require.Error(t, err, "schemaVersion is too low")
	}
}

func TestPlaceholders(t *testing.T) {
	t.Parallel()
	require.Equal(t, "a = $1 AND b = $2", placeholders(PostgreSQL, "a = ? AND b = ?"))
	require.Equal(t, "a = ? AND b = ?", placeholders(SQLite, "a = ? AND b = ?"))
}
