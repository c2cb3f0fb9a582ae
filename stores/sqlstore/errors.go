package sqlstore

import (
	"errors"
	"regexp"
	"strings"
)

// class is what an error of a database means to a store.
type class int

const (
	other    class = iota
	readOnly       // the role may not, or nobody may
	conflict       // rolled back, because somebody else wrote
	noTable
	noColumn
)

// classify knows the errors of a database without knowing its driver:
// those of PostgreSQL by SQLState, which pgx and lib/pq have; those of MySQL by the number
// that go-sql-driver/mysql puts first in its text; those of SQLite by the library's own
// words. What it does not know stays an error like any other.
func classify(kind Dialect, err error) class {
	switch kind {
	case PostgreSQL:
		return sqlStates[sqlState(err)]
	case MySQL:
		return mysqlNumbers[mysqlNumber(err)]
	case SQLite:
		for text, is := range sqliteTexts {
			if strings.Contains(err.Error(), text) {
				return is
			}
		}
	}
	return other
}

var sqlStates = map[string]class{
	"42501": readOnly, // insufficient_privilege
	"25006": readOnly, // read_only_sql_transaction: a replica, too
	"40001": conflict, // serialization_failure
	"40P01": conflict, // deadlock_detected
	"42P01": noTable,  // undefined_table
	"3F000": noTable,  // invalid_schema_name
	"42703": noColumn, // undefined_column
}

var mysqlNumbers = map[string]class{
	"1044": readOnly, // access to the database denied
	"1142": readOnly, // command denied on the table
	"1143": readOnly, // command denied on a column
	"1290": readOnly, // --read-only
	"1792": readOnly, // in a read-only transaction
	"1836": readOnly, // in read-only mode
	"1020": conflict, // record has changed since last read
	"1062": conflict, // duplicate entry: there is a row by now
	"1213": conflict, // deadlock
	"1049": noTable,  // unknown database
	"1146": noTable,  // no such table
	"1054": noColumn, // unknown column
}

var sqliteTexts = map[string]class{
	"attempt to write a readonly database": readOnly,
	"no such table":                        noTable,
	"no such column":                       noColumn,
	"has no column named":                  noColumn,
}

func sqlState(err error) string {
	if s, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err); ok {
		return s.SQLState()
	}
	return ""
}

// mysqlText is "Error 1142 (42000): …", and "Error 1142: …" in older versions.
var mysqlText = regexp.MustCompile(`(?:^|: )Error (\d{4})(?: \([0-9A-Z]{5}\))?: `)

func mysqlNumber(err error) string {
	if found := mysqlText.FindStringSubmatch(err.Error()); found != nil {
		return found[1]
	}
	return ""
}
