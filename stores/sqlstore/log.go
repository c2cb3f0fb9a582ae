package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/go-downtime/downtime/core"
)

// Entries reads the log, the newest first.
func (s *Store) Entries(ctx context.Context, limit int) ([]core.Entry, error) {
	if err := s.current(ctx); err != nil {
		return nil, err
	}
	rows, err := s.db.QueryContext(ctx, s.q.entries, s.args(s.o.App, core.LogLimit(limit))...)
	if err != nil {
		return nil, s.fault("read", err)
	}
	defer func() { _ = rows.Close() }() // its error is the one of Err
	entries := []core.Entry{}
	for rows.Next() {
		var (
			seq  int64
			text []byte
		)
		if err := rows.Scan(&seq, &text); err != nil {
			return nil, s.fault("read", err)
		}
		e, err := core.DecodeEntry(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %s, app %s, seq %d is not as it was written, repair or remove that row: %w", s, s.t.log, s.o.App, seq, err)
		}
		entries = append(entries, e)
	}
	if err := rows.Err(); err != nil {
		return nil, s.fault("read", err)
	}
	return entries, nil
}

// write writes the document and its entry, both or neither, and returns how many documents:
// on PostgreSQL in the one statement that query is, elsewhere in a transaction.
func (s *Store) write(ctx context.Context, query string, values []any, entry sql.NullString) (int64, error) {
	if s.q.oneStatement {
		result, err := s.db.ExecContext(ctx, query, s.args(values...)...)
		if err != nil {
			return 0, err
		}
		return result.RowsAffected()
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer func() { _ = tx.Rollback() }() // nothing is left of what was not committed
	result, err := tx.ExecContext(ctx, query, s.args(values...)...)
	if err != nil {
		return 0, err
	}
	if n, err := result.RowsAffected(); n != 1 || err != nil {
		return n, err
	}
	if entry.Valid {
		if _, err := tx.ExecContext(ctx, s.q.log, s.args(s.o.App, entry.String, s.o.App)...); err != nil {
			return 0, err
		}
		if _, err := tx.ExecContext(ctx, s.q.trim, s.args(s.o.App, s.o.App)...); err != nil {
			return 0, err
		}
	}
	return 1, tx.Commit()
}

// isLog reports whether err, that a table is not there, is about the one of the log.
func (s *Store) isLog(err error) bool {
	return strings.Contains(err.Error(), s.o.Prefix+logTable)
}
