package sqlstore

import "time"

// Dialect is the SQL of a database.
type Dialect string

// The dialects.
const (
	PostgreSQL Dialect = "postgresql" // 12 and later
	MySQL      Dialect = "mysql"      // 8.0 and later, MariaDB 10.5 and later
	SQLite     Dialect = "sqlite"     // 3.35 and later
)

// Options say where in the database the state is. Only App is required.
type Options struct {
	// App names the application: many share one set of tables. 1 to 48 characters of a-z,
	// A-Z, 0-9, "_", "-" and ".", the first of them a letter or digit.
	App string
	// Schema holds the tables: a schema of PostgreSQL, a database of MySQL. "" means the
	// default of the connection. SQLite has none.
	Schema string
	// Prefix begins the tables' names. "" means "downtime_".
	Prefix string
	// Name names the database in messages, for example "postgres://db/shop". It must not hold
	// a password. "" means the dialect.
	Name string
	// Poll is the time between two reads of one gate. Zero means 1 second.
	Poll time.Duration
	// Args come before the arguments of every statement, for drivers that take settings
	// there: pgx.QueryExecModeExec of pgx. Nil for all others.
	Args []any
}
