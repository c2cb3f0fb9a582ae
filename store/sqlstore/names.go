package sqlstore

import (
	"fmt"
	"strings"

	"github.com/go-downtime/downtime/store"
)

const (
	maxName = 63 // bytes of an identifier: PostgreSQL's limit, one less than MySQL's
	maxApp  = 48

	defaultPrefix = "downtime_"
	versionTable  = "schema_version" // the longest of the tables' names
	stateTable    = "state"
	rowsTable     = "rows"
)

// tables are the quoted, qualified names. schema is quoted, or empty.
type tables struct{ version, state, rows, schema string }

// names checks the name of the application, and all names that become part of a statement.
func names(kind Dialect, o *Options) (tables, error) {
	quote := `"`
	switch kind {
	case PostgreSQL, SQLite:
	case MySQL:
		quote = "`"
	default:
		return tables{}, &store.FieldError{Field: "dialect", Value: string(kind), Problem: fmt.Sprintf("want %q, %q or %q", PostgreSQL, MySQL, SQLite)}
	}
	if o.Prefix == "" {
		o.Prefix = defaultPrefix
	}
	switch {
	case !isApp(o.App):
		return tables{}, &store.FieldError{Field: "App", Value: o.App, Problem: fmt.Sprintf(`want 1 to %d of a-z, A-Z, 0-9, "_", "-" and ".", the first a letter or digit`, maxApp)}
	case o.Schema != "" && kind == SQLite:
		return tables{}, &store.FieldError{Field: "Schema", Value: o.Schema, Problem: "SQLite has no schemas; leave it empty"}
	case o.Schema != "" && !isName(o.Schema):
		return tables{}, &store.FieldError{Field: "Schema", Value: o.Schema, Problem: nameWanted(maxName)}
	case !isName(o.Prefix) || len(o.Prefix)+len(versionTable) > maxName:
		return tables{}, &store.FieldError{Field: "Prefix", Value: o.Prefix, Problem: nameWanted(maxName - len(versionTable))}
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

// isName reports whether s can be quoted by putting quotes around it, in every dialect.
func isName(s string) bool {
	return s != "" && len(s) <= maxName && !isDigit(s[0]) && strings.IndexFunc(s, func(r rune) bool {
		return !isAlphanumeric(r) && r != '_'
	}) < 0
}

func isApp(s string) bool {
	return s != "" && len(s) <= maxApp && isAlphanumeric(rune(s[0])) && strings.IndexFunc(s, func(r rune) bool {
		return !isAlphanumeric(r) && r != '_' && r != '-' && r != '.'
	}) < 0
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

func isAlphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}
