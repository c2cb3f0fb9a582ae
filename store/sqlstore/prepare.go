package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"strings"
)

// schemaVersion is the version of the tables that this code reads and writes.
const schemaVersion = 1

// The file DIALECT_N.sql leads from version N-1 to N. A statement ends with ";" at the end of
// a line. Each can be repeated, because several processes may run them at once.
//
//go:embed migrations/*.sql
var migrations embed.FS

// Prepare creates the tables that are missing. If all are there it only reads. Several
// processes can call it at once. On PostgreSQL it creates the Schema too. Tables of a newer
// version are an error.
func (s *Store) Prepare(ctx context.Context) error {
	if err := s.prepare(ctx); err != nil {
		return fmt.Errorf("%s: prepare: %w", s, err)
	}
	return nil
}

func (s *Store) prepare(ctx context.Context) error {
	version, err := s.version(ctx, s.q.version)
	if err == nil && version == schemaVersion {
		version, err = s.version(ctx, s.q.tables) // 0 if another table is missing
	}
	switch {
	case err != nil:
		return err
	case version >= schemaVersion:
		return versionFault(version)
	}
	if err := s.createSchema(ctx); err != nil {
		return err
	}
	names := strings.NewReplacer("{version}", s.t.version, "{state}", s.t.state, "{rows}", s.t.rows)
	for ; version < schemaVersion; version++ {
		text, err := migrations.ReadFile(fmt.Sprintf("migrations/%s_%d.sql", s.kind, version+1))
		if err != nil {
			return err
		}
		for statement := range strings.SplitSeq(strings.TrimSuffix(names.Replace(string(text)), ";\n"), ";\n") {
			if err := s.write(ctx, statement); err != nil {
				return err
			}
		}
	}
	return nil
}

// version is 0 if a table is missing that the query reads.
func (s *Store) version(ctx context.Context, query string) (int, error) {
	var version sql.NullInt64
	err := s.db.QueryRowContext(ctx, query, s.args()...).Scan(&version)
	if classify(s.kind, err) == noTable {
		return 0, nil
	}
	return int(version.Int64), err
}

// createSchema looks first, because CREATE SCHEMA IF NOT EXISTS needs the right to create one
// even if it exists.
func (s *Store) createSchema(ctx context.Context) error {
	if s.kind != PostgreSQL || s.t.schema == "" {
		return nil
	}
	var there bool
	err := s.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1)", s.args(s.o.Schema)...).Scan(&there)
	if err != nil || there {
		return err
	}
	return s.write(ctx, "CREATE SCHEMA IF NOT EXISTS "+s.t.schema)
}

// versionFault is nil for the version of this code.
func versionFault(version int) error {
	switch {
	case version < schemaVersion:
		return fmt.Errorf("the tables are of version %d, and this program needs %d: run `downtime init`", version, schemaVersion)
	case version > schemaVersion:
		return fmt.Errorf("the tables are of version %d, made by a newer downtime: upgrade this program, which knows version %d", version, schemaVersion)
	}
	return nil
}
