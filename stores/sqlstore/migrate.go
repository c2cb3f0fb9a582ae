package sqlstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// schemaVersion is what this code writes. It reads what is older, too: each version only
// adds to the one before. Migrations of every dialect end there.
const schemaVersion = 2

// A statement ends with ";" at the end of a line. Those of MySQL, which commits each DDL
// statement by itself, can be repeated after any of them.
//
//go:embed migrations/*.sql
var migrations embed.FS

// lockSeconds is how long a migration waits for another one that is under way.
const lockSeconds = 30

// Migrate makes the tables, or brings them to the version that this code knows: what
// `downtime init` does. Where they are of that version it changes nothing, and needs no
// more than to read. It may run in several processes at once: one works, the others wait
// for it. A Schema that is missing is made on PostgreSQL only. Tables of a newer version
// are an error.
func (s *Store) Migrate(ctx context.Context) error {
	if err := s.migrate(ctx); err != nil {
		return fmt.Errorf("%s: migrate: %w", s, err)
	}
	s.version.Store(schemaVersion)
	return nil
}

func (s *Store) migrate(ctx context.Context) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // back into the pool
	if version, err := s.schemaVersion(ctx, conn); err != nil || version >= schemaVersion {
		return errors.Join(err, newerFault(version))
	}
	unlock, err := s.lock(ctx, conn)
	if err != nil {
		return err
	}
	return s.apply(ctx, conn, unlock)
}

// apply does what is missing, and ends with unlock, which is told whether to keep it.
func (s *Store) apply(ctx context.Context, conn *sql.Conn, unlock func(keep bool) error) (err error) {
	defer func() { err = errors.Join(err, unlock(err == nil)) }()
	version, err := s.schemaVersion(ctx, conn) // another one may have been quicker
	if err != nil {
		return err
	}
	names := strings.NewReplacer("{version}", s.t.version, "{state}", s.t.state, "{instances}", s.t.instances, "{log}", s.t.log)
	for ; version < schemaVersion; version++ {
		text, err := migrations.ReadFile(fmt.Sprintf("migrations/%s_%d.sql", s.kind, version+1))
		if err != nil {
			return err
		}
		for statement := range strings.SplitSeq(strings.TrimSpace(string(text)), ";\n") {
			if err := s.exec(ctx, conn, names.Replace(strings.TrimSuffix(statement, ";"))); err != nil {
				return err
			}
		}
		// A table that somebody has dropped is made again, and its version is there already.
		for _, statement := range []string{"DELETE FROM " + s.t.version + " WHERE version = ?", "INSERT INTO " + s.t.version + " (version) VALUES (?)"} {
			if err := s.exec(ctx, conn, placeholders(s.kind, statement), version+1); err != nil {
				return err
			}
		}
	}
	return newerFault(version)
}

func (s *Store) exec(ctx context.Context, conn *sql.Conn, query string, values ...any) error {
	_, err := conn.ExecContext(ctx, query, s.args(values...)...)
	return err
}

// tableExists asks the catalog. to_regclass is no use after a wait for a lock: it still
// answers what it knew before.
const tableExists = `SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = $1 AND n.nspname = ANY (CASE WHEN $2 = '' THEN current_schemas(false) ELSE ARRAY[CAST($2 AS name)] END))`

// logVersion is the one that brings the table of the log.
const logVersion = 2

// schemaVersion is 0 where there are no tables, and below logVersion where there is no log.
func (s *Store) schemaVersion(ctx context.Context, conn *sql.Conn) (int, error) {
	there, err := s.hasTable(ctx, conn, versionTable, s.t.version)
	if err != nil || !there {
		return 0, err
	}
	var version sql.NullInt64
	if err := conn.QueryRowContext(ctx, s.q.version, s.args()...).Scan(&version); err != nil || version.Int64 < logVersion {
		return int(version.Int64), err
	}
	there, err = s.hasTable(ctx, conn, logTable, s.t.log)
	if err != nil || there {
		return int(version.Int64), err
	}
	return logVersion - 1, nil
}

// hasTable looks for a table of ours. One that may not be read is there.
func (s *Store) hasTable(ctx context.Context, conn *sql.Conn, name, quoted string) (bool, error) {
	if s.kind == PostgreSQL { // a statement that fails would end the transaction
		var there bool
		err := conn.QueryRowContext(ctx, tableExists, s.args(s.o.Prefix+name, s.o.Schema)...).Scan(&there)
		return there, err
	}
	rows, err := conn.QueryContext(ctx, "SELECT 1 FROM "+quoted+" WHERE 1 = 0", s.args()...) //nolint:gosec // a name of ours, checked and quoted
	if err == nil {
		rows.Next()
		err = errors.Join(rows.Err(), rows.Close())
	}
	switch {
	case err == nil, classify(s.kind, err) == readOnly:
		return true, nil
	case classify(s.kind, err) == noTable:
		return false, nil
	}
	return false, err
}

// lock keeps other migrations of the same tables out, until unlock.
func (s *Store) lock(ctx context.Context, conn *sql.Conn) (unlock func(keep bool) error, err error) {
	// What was begun is ended even if ctx is over by then.
	end := context.WithoutCancel(ctx)
	commit := func(keep bool) error {
		if keep {
			return s.exec(end, conn, "COMMIT")
		}
		return s.exec(end, conn, "ROLLBACK")
	}
	sum := sha256.Sum256([]byte(s.t.version))
	switch s.kind {
	case PostgreSQL:
		// Of the transaction, not of the session, which a pooler gives to others. What is read
		// after the lock must not be of before.
		if err := s.exec(ctx, conn, "BEGIN ISOLATION LEVEL READ COMMITTED"); err != nil {
			return nil, err
		}
		err := s.exec(ctx, conn, "SELECT pg_advisory_xact_lock($1)", int64(binary.BigEndian.Uint64(sum[:8])))
		if err == nil {
			err = s.createSchema(ctx, conn)
		}
		if err != nil {
			return nil, errors.Join(err, commit(false))
		}
		return commit, nil
	case SQLite:
		if err := s.beginSQLite(ctx, conn); err != nil {
			return nil, err
		}
		return commit, nil
	}
	name := "downtime_" + hex.EncodeToString(sum[:8])
	var got sql.NullInt64
	if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, ?)", s.args(name, lockSeconds)...).Scan(&got); err != nil {
		return nil, err
	}
	if got.Int64 != 1 {
		return nil, fmt.Errorf("another migration has held the lock %s for %d s", name, lockSeconds)
	}
	return func(bool) error { return s.exec(end, conn, "DO RELEASE_LOCK(?)", name) }, nil
}

// createSchema asks first: CREATE SCHEMA IF NOT EXISTS needs the right to create one even
// where it exists.
func (s *Store) createSchema(ctx context.Context, conn *sql.Conn) error {
	if s.t.schema == "" {
		return nil
	}
	var there bool
	err := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1)", s.args(s.o.Schema)...).Scan(&there)
	if err != nil || there {
		return err
	}
	return s.exec(ctx, conn, "CREATE SCHEMA "+s.t.schema)
}

// beginSQLite waits for other writers also on a connection that was told not to.
func (s *Store) beginSQLite(ctx context.Context, conn *sql.Conn) error {
	var wait int64
	if err := conn.QueryRowContext(ctx, "PRAGMA busy_timeout", s.args()...).Scan(&wait); err != nil {
		return err
	}
	if wait > 0 {
		return s.exec(ctx, conn, "BEGIN IMMEDIATE")
	}
	set := func(ctx context.Context, ms int) error {
		return s.exec(ctx, conn, fmt.Sprintf("PRAGMA busy_timeout = %d", ms))
	}
	if err := set(ctx, lockSeconds*1000); err != nil {
		return err
	}
	return errors.Join(s.exec(ctx, conn, "BEGIN IMMEDIATE"), set(context.WithoutCancel(ctx), 0))
}

// versionFault is nil for the versions that this code can read.
func versionFault(version int64) error {
	if err := newerFault(int(version)); err != nil || version > 0 {
		return err
	}
	return olderFault(version)
}

func olderFault(version int64) error {
	return fmt.Errorf("the tables are of version %d, and this program needs %d: run `downtime init`", version, schemaVersion)
}

func newerFault(version int) error {
	if version > schemaVersion {
		return fmt.Errorf("the tables are of version %d, made by a newer downtime: upgrade this program, which knows version %d", version, schemaVersion)
	}
	return nil
}
