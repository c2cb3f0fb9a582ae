package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/go-downtime/downtime/core"
)

// Dialect is the SQL that a database speaks.
type Dialect string

// The dialects.
const (
	PostgreSQL Dialect = "postgresql" // 12 and later
	MySQL      Dialect = "mysql"      // 8.0 and later, MariaDB 10.5 and later
	SQLite     Dialect = "sqlite"     // 3.35 and later
)

// Options say where in the database the state is. Only App is required.
type Options struct {
	// App names the application: one set of tables serves many. 1 to 48 characters of a-z,
	// A-Z, 0-9, "_", "-" and ".", the first of them a letter or digit.
	App string
	// Schema is where the tables are: a schema of PostgreSQL, a database of MySQL. "" means
	// where the connection looks by itself. SQLite has none.
	Schema string
	// Prefix begins the tables' names. "" means "downtime_".
	Prefix string
	// Name is what messages call the database, for example "postgres://db/shop"; it is
	// shown, so it holds no password. "" means the dialect.
	Name string
	// Poll is the time between two reads of a gate. Zero means a second.
	Poll time.Duration
	// Args stand before the arguments of every statement, for drivers that take settings
	// there: pgx.QueryExecModeExec of pgx. Nil for all others.
	Args []any
}

// defaultPoll is for a store that nobody is told of changes by: a read is a lookup by key.
const defaultPoll = time.Second

// Store is a [core.Store], [core.Fleet], [core.Pacer] and [core.Journal] in a database. It is safe for
// concurrent use, by goroutines and by processes, runs nothing in the background and has
// nothing to close: the database stays the caller's.
type Store struct {
	db   *sql.DB
	o    Options
	t    tables
	q    queries
	kind Dialect

	version atomic.Int64          // of the schema, as it was seen; 0: it was not, or this code cannot read it
	pruned  atomic.Int64          // when rows were pruned last, in Unix nanoseconds
	known   atomic.Pointer[known] // the last mark that was read; only on MySQL
}

var (
	_ core.Store   = (*Store)(nil)
	_ core.Fleet   = (*Store)(nil)
	_ core.Pacer   = (*Store)(nil)
	_ core.Journal = (*Store)(nil)
)

// New returns a store in db. It does not connect, so that a process can start while the
// database is away. The error is a [*core.FieldError] for an option that cannot be.
func New(db *sql.DB, kind Dialect, o Options) (*Store, error) {
	if db == nil {
		return nil, &core.FieldError{Field: "db", Problem: "is nil"}
	}
	t, err := names(kind, &o)
	if err != nil {
		return nil, err
	}
	if o.Poll < 0 {
		return nil, &core.FieldError{Field: "Poll", Value: o.Poll, Problem: "want more than 0, or 0 for 1s"}
	}
	if o.Poll == 0 {
		o.Poll = defaultPoll
	}
	if o.Name == "" {
		o.Name = string(kind)
	}
	return &Store{db: db, o: o, t: t, q: queriesOf(kind, t), kind: kind}, nil
}

// String names the database and the application, as "postgresql#shop".
func (s *Store) String() string { return s.o.Name + "#" + s.o.App }

// Application is App of the Options.
func (s *Store) Application() string { return s.o.App }

// PollInterval is Poll of the Options.
func (s *Store) PollInterval() time.Duration { return s.o.Poll }

// Channel is the channel of PostgreSQL that every Commit notifies, in the same
// transaction, with the store's id and the revision as its payload, for whoever listens.
// It is the same for every schema and prefix.
func (s *Store) Channel() string { return "downtime_" + s.o.App }

// StateTable is the table of documents, qualified if Schema is set, and quoted: for a
// statement of the caller's own.
func (s *Store) StateTable() string { return s.t.state }

// args are what a statement takes, behind the driver's own.
func (s *Store) args(values ...any) []any {
	return append(append(make([]any, 0, len(s.o.Args)+len(values)), s.o.Args...), values...)
}

// check sees to it, once, that the schema is one that this code can read.
func (s *Store) check(ctx context.Context) error {
	if s.version.Load() > 0 {
		return nil
	}
	return s.look(ctx)
}

// current sees to it, once, that the schema is the one that this code writes.
func (s *Store) current(ctx context.Context) error {
	if s.version.Load() == schemaVersion {
		return nil
	}
	if err := s.look(ctx); err != nil { // it may have been migrated meanwhile
		return err
	}
	if version := s.version.Load(); version != schemaVersion {
		return fmt.Errorf("%s: %w", s, olderFault(version))
	}
	return nil
}

func (s *Store) look(ctx context.Context) error {
	var version sql.NullInt64
	if err := s.db.QueryRowContext(ctx, s.q.version, s.args()...).Scan(&version); err != nil {
		return s.fault("read", err)
	}
	return s.note(version)
}

// note takes in the version of the schema that a read has found.
func (s *Store) note(version sql.NullInt64) error {
	if err := versionFault(version.Int64); err != nil {
		s.version.Store(0)
		return fmt.Errorf("%s: %w", s, err)
	}
	s.version.Store(version.Int64)
	return nil
}

func micros(n int64) time.Time { return time.UnixMicro(n).UTC() }
