package sqlstore

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"github.com/go-downtime/downtime/store"
)

// class is the meaning of a database's error to a store.
type class int

const (
	other    class = iota
	readOnly       // the role has no grant, or the database is read-only
	conflict       // rolled back because of another transaction
	noTable
	noLogin // the database does not know the role or its password
)

// classify needs no driver. It knows SQLite's errors by the words of the library, and those of the
// other databases by their code. All others, and nil, are of class other.
func classify(kind Dialect, err error) class {
	if kind != SQLite {
		return codes[code(kind, err)]
	}
	for text, is := range sqliteTexts {
		if strings.Contains(fmt.Sprint(err), text) {
			return is
		}
	}
	return other
}

// code is PostgreSQL's SQLState, which the errors of pgx and lib/pq have, or MySQL's number, which
// go-sql-driver/mysql puts first in the text. It is "" for all other errors.
func code(kind Dialect, err error) string {
	switch kind {
	case PostgreSQL:
		if s, ok := errors.AsType[interface {
			error
			SQLState() string
		}](err); ok {
			return s.SQLState()
		}
	case MySQL:
		if found := mysqlText.FindStringSubmatch(fmt.Sprint(err)); found != nil {
			return found[1]
		}
	}
	return ""
}

// codes have 5 characters in PostgreSQL, and 4 in MySQL.
var codes = map[string]class{
	"42501": readOnly, // insufficient_privilege
	"25006": readOnly, // read_only_sql_transaction, also on a replica
	"40001": conflict, // serialization_failure
	"40P01": conflict, // deadlock_detected
	"23505": conflict, // unique_violation: the row is there by now
	"42710": conflict, // duplicate_object: another process creates the same table
	"42P06": conflict, // duplicate_schema
	"42P07": conflict, // duplicate_table
	"42P01": noTable,  // undefined_table
	"3F000": noTable,  // invalid_schema_name
	"28000": noLogin,  // invalid_authorization_specification
	"28P01": noLogin,  // invalid_password

	"1044": readOnly, // access to the database denied
	"1142": readOnly, // command denied on the table
	"1143": readOnly, // command denied on a column
	"1290": readOnly, // --read-only
	"1792": readOnly, // in a read-only transaction
	"1836": readOnly, // in read-only mode
	"1020": conflict, // record has changed since last read
	"1062": conflict, // duplicate entry: the row is there by now
	"1213": conflict, // deadlock
	"1049": noTable,  // unknown database
	"1146": noTable,  // no such table
	"1045": noLogin,  // access denied for the user
}

var sqliteTexts = map[string]class{
	"attempt to write a readonly database": readOnly,
	"no such table":                        noTable,
}

// mysqlText is "Error 1142 (42000): …", and "Error 1142: …" in older versions.
var mysqlText = regexp.MustCompile(`(?:^|: )Error (\d{4})(?: \([0-9A-Z]{5}\))?: `)

// fault wraps err in the matching error of package store, if there is one.
func (s *Store) fault(doing string, err error) error {
	switch is := classify(s.kind, err); {
	case is == noTable:
		return fmt.Errorf("%s: %w: %s: the tables are missing; run `downtime init`: %w", s, store.ErrLost, doing, err)
	case code(s.kind, err) == "55P03": // lock_not_available
		return fmt.Errorf("%s: %s: another transaction holds a lock on the tables: %w", s, doing, err)
	case is == readOnly && doing != "read":
		return fmt.Errorf("%s: %w: %s: %w", s, store.ErrReadOnly, doing, err)
	case is == readOnly || is == noLogin:
		return fmt.Errorf("%s: %s: %w: %w", s, doing, fs.ErrPermission, err)
	}
	return fmt.Errorf("%s: %s: %w", s, doing, err)
}

// definite marks fault as not written if the database itself answered, with err, that the
// statement failed. After a broken connection this is not known.
func definite(kind Dialect, err, fault error) error {
	const unknown, connection = "40003", "08" // statement_completion_unknown; the class of broken connections
	is := code(kind, err)
	if kind == SQLite || is != "" && is != unknown && !strings.HasPrefix(is, connection) {
		return store.NotWritten(fault)
	}
	return fault
}
