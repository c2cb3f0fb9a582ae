package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-downtime/downtime/store"
)

const (
	// pruneEvery is the time between two attempts of one Store to delete old rows.
	pruneEvery = time.Hour
	// maxTries is how often a statement on rows is sent while the database rolls it back
	// because of another transaction.
	maxTries = 5
)

// PutRow renews a live row by one statement, which touches nothing but this row, and returns
// no token. For a new row it sends three: that one, the insert, and the read of the token.
func (s *Store) PutRow(ctx context.Context, key string, b []byte, lease time.Duration) (store.Token, time.Time, error) {
	if err := s.checkRow(ctx, key, b); err != nil {
		return "", time.Time{}, err
	}
	b = append([]byte{}, b...) // nil would be NULL
	var (
		now   int64
		token sql.NullString
	)
	err := s.retry(func() (err error) {
		now, err = s.renew(ctx, key, b, lease)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		now, token, err = s.register(ctx, key, b, lease)
	}
	if err != nil {
		return "", time.Time{}, s.fault("write the row", err)
	}
	if last := s.pruned.Load(); time.Since(time.Unix(0, last)).Abs() >= pruneEvery && s.pruned.CompareAndSwap(last, time.Now().UnixNano()) {
		s.prune(ctx)
	}
	return store.Token(token.String), micros(now), nil
}

// renew returns [sql.ErrNoRows] if there is no live row.
func (s *Store) renew(ctx context.Context, key string, b []byte, lease time.Duration) (now int64, err error) {
	args := s.args(lease.Microseconds(), b, s.o.App, key)
	if s.kind != MySQL {
		err = s.db.QueryRowContext(ctx, s.q.renew, args...).Scan(&now)
		return now, err
	}
	result, err := s.db.ExecContext(ctx, s.q.renew, args...)
	if err != nil {
		return 0, err
	}
	if n, err := result.RowsAffected(); n == 0 || err != nil {
		return 0, cmp.Or(err, sql.ErrNoRows)
	}
	return result.LastInsertId()
}

// register inserts the row, commits it, and then reads the token. One statement cannot do both:
// it would read the document as it was when the statement began, and its row would be visible
// only after the statement has ended.
func (s *Store) register(ctx context.Context, key string, b []byte, lease time.Duration) (now int64, token sql.NullString, err error) {
	if err = s.write(ctx, s.q.put, s.o.App, key, lease.Microseconds(), b, s.o.App); err != nil {
		return 0, token, err
	}
	var deleted sql.NullInt64
	err = s.db.QueryRowContext(ctx, s.q.look, s.args(s.o.App, s.o.App, key)...).Scan(&now, &token, &deleted)
	if err == nil && deleted.Valid {
		err = store.ErrRowDeleted
	}
	return now, token, err
}

// DeleteRow replaces the row by a tombstone.
func (s *Store) DeleteRow(ctx context.Context, key string, note []byte) error {
	if err := s.checkRow(ctx, key, note); err != nil {
		return err
	}
	if err := s.write(ctx, s.q.delete, s.o.App, key, append([]byte{}, note...), s.o.App); err != nil {
		return s.fault("delete the row", err)
	}
	return nil
}

// checkRow returns an error if the row, or the version of the tables, is not valid.
func (s *Store) checkRow(ctx context.Context, key string, b []byte) error {
	if err := store.CheckRow(key, b); err != nil {
		return fmt.Errorf("%s: %w", s, err)
	}
	return s.check(ctx)
}

// write executes a statement that can be repeated.
func (s *Store) write(ctx context.Context, query string, values ...any) error {
	return s.retry(func() error {
		_, err := s.exec(ctx, query, values...)
		return err
	})
}

// retry calls f again while the database rolls it back because of another transaction, or because
// another process creates the same object.
func (s *Store) retry(f func() error) error {
	err := f()
	for try := 1; try < maxTries && classify(s.kind, err) == conflict; try++ {
		err = f()
	}
	return err
}

// ListRows reads document and rows by one statement.
func (s *Store) ListRows(ctx context.Context, have store.Token) (store.Rowset, error) {
	result, err := s.db.QueryContext(ctx, s.q.list, s.args(string(have), s.o.App, s.o.App)...)
	if err != nil {
		return store.Rowset{}, s.fault("read", err)
	}
	defer func() { _ = result.Close() }() // Err has returned its error
	var (
		set      store.Rowset
		document columns
	)
	for result.Next() {
		var (
			kind int
			c    columns
		)
		err := result.Scan(&kind, &c.key, &c.seen, &c.lease, &c.deleted, &c.body, &c.note)
		switch {
		case kind == 0 && err != nil:
			return store.Rowset{}, s.fault("read", err)
		case kind == 0:
			document = c
		case c.key.String != "":
			set.Rows = append(set.Rows, c.row(err))
		case err == nil:
			set.Since = micros(c.seen.Int64)
		}
	}
	if err := result.Err(); err != nil {
		return store.Rowset{}, s.fault("read", err)
	}
	if err := s.note(document.seen); err != nil {
		return store.Rowset{}, err
	}
	blob, err := s.blob(have, document.key, document.body.V)
	blob.Now = micros(document.lease.Int64)
	set.Blob = blob
	s.judge(ctx, &set)
	return set, err
}

// judge removes rows that are too old, orders the others, and finds the live ones.
func (s *Store) judge(ctx context.Context, set *store.Rowset) {
	now, all := set.Blob.Now, len(set.Rows)
	set.Rows = slices.DeleteFunc(set.Rows, func(r store.Row) bool { return !r.Lease.IsZero() && now.Sub(r.Lease) > store.KeepRow })
	if len(set.Rows) < all {
		s.prune(ctx)
	}
	slices.SortFunc(set.Rows, func(a, b store.Row) int { return cmp.Compare(a.Key, b.Key) })
	for i := range set.Rows {
		if r := &set.Rows[i]; r.Life == store.Live && !r.Lease.After(now) {
			r.Life = store.Expired
		}
	}
}

// columns are those of the statement that lists.
type columns struct {
	key                  sql.NullString
	seen, lease, deleted sql.NullInt64
	body                 sql.Null[[]byte] // a driver may return an empty value as nil
	note                 []byte
}

// row returns the row before its lease is compared with the clock. err is the error of Scan,
// which has set the columns before the one that it could not read: a column of SQLite can hold a
// value of any type.
func (c columns) row(err error) store.Row {
	r := store.Row{Key: c.key.String, Bytes: c.body.V, Note: c.note, Life: store.Live, Err: err}
	if c.seen.Valid && c.lease.Valid {
		r.Seen, r.Lease = micros(c.seen.Int64), micros(c.lease.Int64)
	}
	switch {
	case err == nil && c.deleted.Valid:
		r.Life = store.Deleted
	case err == nil && !c.body.Valid:
		r.Life, r.Err = store.Expired, errors.New("column body is NULL")
	case err != nil:
		r.Life, r.Bytes, r.Note = store.Expired, nil, nil
	}
	return r
}

// prune deletes old rows. Its error does not matter: ListRows does not return them, and
// another process deletes them later.
func (s *Store) prune(ctx context.Context) { _, _ = s.exec(ctx, s.q.prune, s.o.App) }
