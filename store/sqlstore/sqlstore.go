package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/go-downtime/downtime/store"
)

// defaultPoll is short because a read is one lookup by key, and no hint announces a change.
const defaultPoll = time.Second

// Store is a [store.Store], [store.Rows] and [store.Preparer] in a database. It is safe for
// concurrent use by goroutines and by processes. It runs no goroutine, and there is nothing
// to close: the caller closes the database.
type Store struct {
	db   *sql.DB
	o    Options
	t    tables
	q    queries
	kind Dialect

	ready  atomic.Bool  // the tables were seen, and are of the version of this code
	pruned atomic.Int64 // the last attempt to delete old rows, in Unix nanoseconds
}

var (
	_ store.Rows     = (*Store)(nil)
	_ store.Preparer = (*Store)(nil)
)

// New returns a store in db. It does not connect, so a process can start while the database
// cannot be reached. The error is a [*store.FieldError].
func New(db *sql.DB, kind Dialect, o Options) (*Store, error) {
	if db == nil {
		return nil, &store.FieldError{Field: "db", Problem: "is nil"}
	}
	t, err := names(kind, &o)
	if err != nil {
		return nil, err
	}
	if o.Poll < 0 {
		return nil, &store.FieldError{Field: "Poll", Value: o.Poll, Problem: "want more than 0, or 0 for 1s"}
	}
	o.Poll, o.Name = cmp.Or(o.Poll, defaultPoll), cmp.Or(o.Name, string(kind))
	return &Store{db: db, o: o, t: t, q: queriesOf(kind, t), kind: kind}, nil
}

// String names the database and the application: "postgresql#shop".
func (s *Store) String() string { return s.o.Name + "#" + s.o.App }

// Info describes the store. SQLite has no clock of its own.
func (s *Store) Info() store.Info {
	return store.Info{
		Name: s.String(), Application: s.o.App, MaxBytes: store.MaxBytes, Poll: s.o.Poll, OwnClock: s.kind != SQLite,
		Durability: map[Dialect]string{
			PostgreSQL: "a crash of the server; a failover if replication is synchronous",
			MySQL:      "a crash of the server; a failover if replication is synchronous",
			SQLite:     "a crash of the machine",
		}[s.kind],
	}
}

// Channel is the channel of PostgreSQL on which each Swap notifies, with the new token as
// payload. It does not depend on Schema and Prefix.
func (s *Store) Channel() string { return "downtime_" + s.o.App }

// StateTable is the quoted name of the table of documents, for a statement of the caller's own.
func (s *Store) StateTable() string { return s.t.state }

// args are the arguments of a statement, after those of the driver.
func (s *Store) args(values ...any) []any { return slices.Concat(s.o.Args, values) }

// check reads the version of the tables, until it is the one of this code. Statements that
// write do not read it.
func (s *Store) check(ctx context.Context) error {
	if s.ready.Load() {
		return nil
	}
	var version sql.NullInt64
	if err := s.db.QueryRowContext(ctx, s.q.version, s.args()...).Scan(&version); err != nil {
		return s.fault("read", err)
	}
	return s.note(version)
}

// note remembers whether the tables are of the version of this code.
func (s *Store) note(version sql.NullInt64) error {
	err := versionFault(int(version.Int64))
	s.ready.Store(err == nil)
	if err != nil {
		return fmt.Errorf("%s: %w", s, err)
	}
	return nil
}

func micros(n int64) time.Time { return time.UnixMicro(n).UTC() }
