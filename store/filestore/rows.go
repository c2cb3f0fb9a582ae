package filestore

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"time"

	"github.com/go-downtime/downtime/internal/hostid"
	"github.com/go-downtime/downtime/internal/trust"
	"github.com/go-downtime/downtime/store"
)

// consistentReads is how often the rows are read again because the document changed meanwhile.
const consistentReads = 10

// PutRow writes the row. It takes a lock that ends with this process or with DeleteRow. It
// reads the document only where the token is due, not at a renewal.
func (s *Store) PutRow(ctx context.Context, key string, b []byte, lease time.Duration) (store.Token, time.Time, error) {
	if err := ctx.Err(); err != nil {
		return "", time.Time{}, err
	}
	if err := store.CheckRow(key, b); err != nil {
		return "", time.Time{}, s.errorf("%w", err)
	}
	s.rowsMu.Lock()
	defer s.rowsMu.Unlock()
	now := time.Now()
	var row *heldRow
	err := s.withReserveLocked(func() (err error) {
		row, err = s.putRow(key, b, now, lease)
		return err
	})
	if err != nil {
		return "", now, s.errorf("row %s not written: %w", key, refused(err))
	}
	if !row.tokenDue {
		return "", now, nil
	}
	blob, err := s.Get(ctx, "")
	if err != nil && !noDocument(err) {
		return "", now, err
	}
	row.tokenDue = false
	return blob.Token, now, nil
}

func (s *Store) putRow(key string, b []byte, now time.Time, lease time.Duration) (*heldRow, error) {
	dir, err := s.makeRows(now)
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }()
	host, boot := hostid.This()
	next := record{Seen: now.UTC(), Lease: now.Add(lease).UTC(), Host: host, Boot: boot, Bytes: b}
	row, err := s.writeRowLocked(dir, key, next)
	// PutRow looks for the tombstone last: a DeleteRow that comes later removes the row that was
	// written.
	if _, deleted := tombstone(dir, key, now); deleted {
		s.letGoLocked(key)
		return nil, errors.Join(store.ErrRowDeleted, removeIn(dir, key+rowSuffix), removeIn(dir, key+lockSuffix))
	}
	return row, err
}

// DeleteRow leaves a tombstone, removes the row and gives its lock back.
func (s *Store) DeleteRow(ctx context.Context, key string, note []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := store.CheckRow(key, note); err != nil {
		return s.errorf("%w", err)
	}
	s.rowsMu.Lock()
	defer s.rowsMu.Unlock()
	if err := s.withReserveLocked(func() error { return s.deleteRow(key, note, time.Now()) }); err != nil {
		return s.errorf("row %s not deleted: %w", key, refused(err))
	}
	return nil
}

func (s *Store) deleteRow(key string, note []byte, now time.Time) error {
	dir, err := s.makeRows(now)
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }()
	if _, deleted := tombstone(dir, key, now); !deleted {
		temp, err := s.writeRecordTemp(dir, record{Seen: now.UTC(), Bytes: note})
		if err != nil {
			return err
		}
		if err := claim(dir, temp, key+goneSuffix); err != nil {
			_ = dir.Remove(temp)
			if !errors.Is(err, fs.ErrExist) { // another DeleteRow came first
				return err
			}
		}
	}
	s.letGoLocked(key) // before its file is removed, for Windows
	return errors.Join(removeIn(dir, key+rowSuffix), removeIn(dir, key+lockSuffix))
}

// ListRows reads the document and all rows. It removes files that are older than [store.KeepRow],
// if this user can.
func (s *Store) ListRows(ctx context.Context, have store.Token) (store.Rowset, error) {
	for range consistentReads {
		blob, err := s.Get(ctx, have)
		if err != nil && !errors.Is(err, store.ErrUnchanged) && !noDocument(err) {
			return store.Rowset{}, err
		}
		rows, since, err := s.readRows(blob.Now)
		if err != nil {
			return store.Rowset{}, s.errorf("rows of instances: %w", err)
		}
		set := store.Rowset{Blob: blob, Rows: rows, Since: since, Newest: s.newest(ctx, blob)}
		_, err = s.Get(ctx, blob.Token)
		switch missing := noDocument(err); {
		case errors.Is(err, store.ErrUnchanged):
			return set, nil
		case missing && blob.Token == "":
			return set, err
		case err != nil && !missing:
			return store.Rowset{}, err
		}
	}
	return store.Rowset{}, s.errorf("the document changed %d times while the rows of instances were read: try again", consistentReads)
}

// readRows returns the rows, ordered by key, and when their directory was created.
func (s *Store) readRows(now time.Time) (rows []store.Row, since time.Time, err error) {
	dir, err := s.openRows()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, since, nil
	}
	if err != nil {
		return nil, since, err
	}
	defer func() { _ = dir.Close() }()
	return s.readRowsIn(dir, now)
}

func (s *Store) readRowsIn(dir *os.Root, now time.Time) (rows []store.Row, since time.Time, err error) {
	files, err := fs.ReadDir(dir.FS(), ".")
	if err != nil {
		return nil, since, err
	}
	if err := s.at("read-rows"); err != nil {
		return nil, since, err
	}
	keys := map[string]bool{}
	for _, file := range files {
		name := file.Name()
		suffix := path.Ext(name)
		key := name[:len(name)-len(suffix)]
		switch {
		case isTemp(rowTempPrefix, name) && now.Sub(changed(dir, name)) > store.KeepRow:
			_ = dir.Remove(name) // of a process that was killed
		case (suffix == lockSuffix || suffix == rowSuffix || suffix == goneSuffix) && store.CheckRow(key, nil) == nil:
			keys[key] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if row, ok := s.readRow(dir, key, now); ok {
			rows = append(rows, row)
		}
	}
	set, _ := readRecord(dir, sinceName)
	return rows, set.Seen, nil
}

// readRow returns false if there is no such row, or it is older than [store.KeepRow].
func (s *Store) readRow(dir *os.Root, key string, now time.Time) (store.Row, bool) {
	is, err := readRecord(dir, key+rowSuffix)
	ended := is.Lease
	if err != nil {
		ended = changed(dir, key+rowSuffix, key+lockSuffix)
	}
	host, boot := hostid.This()
	here := is.Host == host && is.Boot == boot
	gone := here && s.free(dir, key)
	// Last, because DeleteRow leaves the tombstone before it removes the rest.
	if grave, deleted := tombstone(dir, key, now); deleted {
		row := store.Row{Key: key, Note: grave.Bytes, Seen: grave.Seen, Life: store.Deleted}
		if grave.Seen.IsZero() {
			row.Err = s.errorf("the tombstone of row %s cannot be read", key)
		}
		return row, true
	}
	if errors.Is(err, fs.ErrNotExist) && ended.IsZero() {
		return store.Row{}, false // it has no file any more
	}
	if now.Sub(ended) > store.KeepRow {
		// A process that lives can be renewing its row at this moment. A user who cannot
		// remove the files leaves that to others.
		if gone || !here {
			_ = errors.Join(removeIn(dir, key+lockSuffix), removeIn(dir, key+rowSuffix))
		}
		return store.Row{}, false
	}
	row := store.Row{Key: key, Seen: is.Seen, Lease: is.Lease, Bytes: is.Bytes, Life: store.Expired}
	switch {
	case err != nil:
		row.Err = s.errorf("row %s cannot be read: %w", key, err)
	case gone:
		row.Life = store.Gone
	case now.Before(is.Lease):
		row.Life = store.Live
	}
	return row, true
}

// hasLiveRow reports whether an instance of this user is live.
func (s *Store) hasLiveRow(uid int) bool {
	return slices.ContainsFunc(s.liveOwners(), func(who trust.Owner) bool { return who.UID == uid })
}
