package sqlstore

import (
	"cmp"
	"fmt"
	"regexp"

	"github.com/go-downtime/downtime/store"
)

const (
	maxName = 63 // bytes of an identifier: PostgreSQL's limit, one less than MySQL's
	maxApp  = 48

	defaultPrefix = "downtime_"
	versionTable  = "schema_version" // the longest of the tables' names
	stateTable    = "state"
	rowsTable     = "rows"

	maxPrefix = maxName - len(versionTable) // leaves room for the longest name
)

var (
	appName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
	sqlName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// tables are the quoted, qualified names. schema is quoted, or empty.
type tables struct{ version, state, rows, schema string }

// names checks the name of the application, and all names that become part of a statement.
func names(kind Dialect, o *Options) (tables, error) {
	fault := func(field, value, problem string) (tables, error) {
		return tables{}, &store.FieldError{Field: field, Value: value, Problem: problem}
	}
	quote := `"`
	switch kind {
	case PostgreSQL, SQLite:
	case MySQL:
		quote = "`"
	default:
		return fault("dialect", string(kind), fmt.Sprintf("want %q, %q or %q", PostgreSQL, MySQL, SQLite))
	}
	o.Prefix = cmp.Or(o.Prefix, defaultPrefix)
	switch {
	case !appName.MatchString(o.App) || len(o.App) > maxApp:
		return fault("App", o.App, fmt.Sprintf(`want 1 to %d of a-z, A-Z, 0-9, "_", "-" and ".", the first a letter or digit`, maxApp))
	case o.Schema != "" && kind == SQLite:
		return fault("Schema", o.Schema, "SQLite has no schemas; leave it empty")
	case o.Schema != "" && !isName(o.Schema, maxName):
		return fault("Schema", o.Schema, nameWanted(maxName))
	case !isName(o.Prefix, maxPrefix):
		return fault("Prefix", o.Prefix, nameWanted(maxPrefix))
	}
	t := tables{}
	if o.Schema != "" {
		t.schema = quote + o.Schema + quote
	}
	table := func(name string) string {
		quoted := quote + o.Prefix + name + quote
		if t.schema != "" {
			return t.schema + "." + quoted
		}
		return quoted
	}
	t.version, t.state, t.rows = table(versionTable), table(stateTable), table(rowsTable)
	return t, nil
}

func nameWanted(most int) string {
	return fmt.Sprintf(`want 1 to %d of a-z, A-Z, 0-9 and "_", the first not a digit`, most)
}

// isName reports whether s has at most this many bytes, and can be quoted by putting quotes around it,
// in every dialect.
func isName(s string, most int) bool { return len(s) <= most && sqlName.MatchString(s) }
