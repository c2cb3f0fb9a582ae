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

// classify needs no driver. It reads PostgreSQL's errors by SQLState, which pgx and lib/pq
// have; MySQL's by the number that go-sql-driver/mysql puts first in the text; SQLite's by
// the words of the library. All others, and nil, are of class other.
func classify(kind Dialect, err error) class {
	if err == nil {
		return other
	}
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
}

var mysqlNumbers = map[string]class{
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

// fault wraps err in the matching error of package store, if there is one.
func (s *Store) fault(doing string, err error) error {
	switch is := classify(s.kind, err); {
	case is == noTable:
		return fmt.Errorf("%s: %w: %s: the tables are missing; run `downtime init`: %w", s, store.ErrLost, doing, err)
	case s.kind == PostgreSQL && sqlState(err) == "55P03": // lock_not_available
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
	state := sqlState(err)
	answered := kind == SQLite || kind == MySQL && mysqlNumber(err) != "" ||
		kind == PostgreSQL && state != "" && !strings.HasPrefix(state, "08") && state != "40003" // statement_completion_unknown
	if !answered {
		return fault
	}
	return store.NotWritten(fault)
}
