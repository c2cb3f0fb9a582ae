package memstore

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/go-downtime/downtime/store"
)

// PutRow keeps a copy of b. It always returns the document's token.
func (s *Store) PutRow(ctx context.Context, key string, b []byte, lease time.Duration) (store.Token, time.Time, error) {
	if err := check(ctx, key, b); err != nil {
		return "", time.Time{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.pruneLocked()
	if s.rows[key].Life == store.Deleted {
		return "", now, store.ErrRowDeleted
	}
	if s.since.IsZero() {
		s.since = now
	}
	s.putLocked(store.Row{Key: key, Bytes: append([]byte{}, b...), Seen: now, Lease: now.Add(lease), Life: store.Live})
	return s.token, now, nil
}

// DeleteRow replaces the row by a tombstone with a copy of note.
func (s *Store) DeleteRow(ctx context.Context, key string, note []byte) error {
	if err := check(ctx, key, note); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.pruneLocked()
	if s.rows[key].Life != store.Deleted {
		s.putLocked(store.Row{Key: key, Note: append([]byte{}, note...), Seen: now, Lease: now, Life: store.Deleted})
	}
	return nil
}

// ListRows returns the document and all rows.
func (s *Store) ListRows(ctx context.Context, have store.Token) (store.Rowset, error) {
	if err := ctx.Err(); err != nil {
		return store.Rowset{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	set := store.Rowset{Blob: store.Blob{Token: s.token, Now: s.pruneLocked()}, Since: s.since}
	for _, key := range slices.Sorted(maps.Keys(s.rows)) {
		row := s.rows[key]
		if row.Life == store.Live && !row.Lease.After(set.Blob.Now) {
			row.Life = store.Expired
		}
		set.Rows = append(set.Rows, row)
	}
	switch {
	case s.bytes == nil:
		return set, store.ErrNeverWritten
	case s.token != have:
		set.Blob.Bytes = s.bytes
	}
	return set, nil
}

func check(ctx context.Context, key string, b []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return store.CheckRow(key, b)
}

// pruneLocked removes rows and tombstones that were kept long enough, and returns the time. The
// lease of a tombstone ends when the row is deleted, so one rule serves both.
func (s *Store) pruneLocked() time.Time {
	now := time.Now()
	maps.DeleteFunc(s.rows, func(_ string, row store.Row) bool { return now.Sub(row.Lease) > store.KeepRow })
	return now
}

// putLocked keeps the row.
func (s *Store) putLocked(row store.Row) {
	if s.rows == nil {
		s.rows = map[string]store.Row{}
	}
	s.rows[row.Key] = row
}
