package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/go-downtime/downtime/store"
)

// Get reads the document. [store.ErrLost] means that the tables or the application's row are
// missing. If the token is have, Get does not read the document, so it cannot return
// [store.ErrTampered] then.
func (s *Store) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	var (
		now     int64
		version sql.NullInt64
		token   sql.NullString
		body    []byte
	)
	err := s.db.QueryRowContext(ctx, s.q.get, s.args(string(have), s.o.App)...).Scan(&now, &version, &token, &body)
	if err != nil {
		return store.Blob{}, s.fault("read", err)
	}
	if err := s.note(version); err != nil {
		return store.Blob{}, err
	}
	blob, err := s.blob(have, token, body)
	blob.Now = micros(now)
	if err == nil && blob.Bytes == nil {
		err = store.ErrUnchanged
	}
	return blob, err
}

// blob is made from the columns. Without an error and without Bytes, the document is have.
func (s *Store) blob(have store.Token, token sql.NullString, body []byte) (store.Blob, error) {
	blob := store.Blob{Token: store.Token(token.String)}
	switch {
	case !token.Valid:
		return store.Blob{}, fmt.Errorf("%s: %w: %s has no row for this application: it was never initialized, or the row was deleted; run `downtime init`", s, store.ErrLost, s.t.state)
	case body == nil && have != "" && blob.Token == have:
		return blob, nil
	case store.TokenOf(body) != blob.Token:
		return store.Blob{}, fmt.Errorf("%s: %w: document or token in %s was changed by hand; restore the row, or delete it and run `downtime init`", s, store.ErrTampered, s.t.state)
	}
	blob.Bytes = body
	return blob, nil
}

// Swap writes the document by one statement, after it has read the one that is there.
// [store.ErrReadOnly] means that the role must not write, or that the database is a replica.
func (s *Store) Swap(ctx context.Context, old store.Token, next []byte) error {
	if err := store.CheckSize(next, store.MaxBytes); err != nil {
		return fmt.Errorf("%s: %w", s, err)
	}
	token := store.TokenOf(next)
	if done, err := s.compare(ctx, old, token); done || err != nil {
		return err
	}
	query, values := s.q.update, []any{string(token), next, s.o.App, string(old)}
	if old == "" {
		query, values = s.q.insert, []any{s.o.App, string(token), next}
	}
	if s.kind == PostgreSQL {
		values = append(values, s.Channel())
	}
	n, err := s.exec(ctx, query, values...)
	switch {
	case err == nil && n > 0:
		return nil
	case err != nil && classify(s.kind, err) != conflict:
		return definite(s.kind, err, s.fault("write", err))
	}
	// Another write came first. It may have been the same one.
	if done, err := s.compare(ctx, old, token); done || err != nil {
		return err
	}
	return fmt.Errorf("%s: %w", s, store.ErrConflict)
}

// compare reads the document. done means that its token is next. If the token is neither next nor
// old, the error is a conflict.
func (s *Store) compare(ctx context.Context, old, next store.Token) (done bool, err error) {
	switch blob, err := s.Get(ctx, ""); {
	case err != nil && !errors.Is(err, store.ErrLost):
		return false, err
	case blob.Token != "" && blob.Token == next:
		return true, nil
	case blob.Token != old:
		return false, fmt.Errorf("%s: %w", s, store.ErrConflict)
	}
	return false, nil
}

// exec returns the number of rows that the statement wrote.
func (s *Store) exec(ctx context.Context, query string, values ...any) (int64, error) {
	result, err := s.db.ExecContext(ctx, query, s.args(values...)...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
