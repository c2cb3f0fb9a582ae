package filestore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// heldRow is a row that this Store has put, and whose lock it holds.
type heldRow struct {
	lock *fileLock
	// tokenDue means that the row is new or its lease had ended, and PutRow has not
	// returned the token of the document yet.
	tokenDue bool
}

// writeRowLocked writes the file of a row and holds its lock.
func (s *Store) writeRowLocked(dir *os.Root, key string, r record) (*heldRow, error) {
	was, missing := readRecord(dir, key+rowSuffix)
	row, err := s.hold(dir, key, r)
	if err != nil {
		return nil, err
	}
	if missing != nil || !r.Seen.Before(was.Lease) {
		row.tokenDue = true
	}
	return row, s.writeRecord(dir, key+rowSuffix, r)
}

// hold locks the row's lock file, unless this Store holds it. Before a new lock file, hold writes
// a row without a host: for a moment the file is not locked, and readers would judge a row with a
// host as dead.
func (s *Store) hold(dir *os.Root, key string, r record) (*heldRow, error) {
	name := key + lockSuffix
	if row := s.held[key]; row != nil {
		if same, err := isIn(dir, name, row.lock); same && err == nil {
			return row, nil
		}
		s.letGoLocked(key) // the rows were lost, or another process pruned this one
	}
	f, err := openIn(inRows, dir, name, os.O_RDWR)
	isNew := errors.Is(err, fs.ErrNotExist)
	if isNew {
		r.Host, r.Boot = "", ""
		if err := s.writeRecord(dir, key+rowSuffix, r); err != nil {
			return nil, err
		}
		f, err = dir.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	}
	if err != nil {
		return nil, err
	}
	if err = s.shareLock(f, dir, isNew); err == nil {
		err = s.at("lock-row")
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	lock, err := tryLock(f, false)
	if err != nil {
		return nil, err
	}
	if lock == nil {
		return nil, fmt.Errorf("another process holds row %s", key)
	}
	if same, err := isIn(dir, name, lock); err != nil || !same {
		return nil, errors.Join(fmt.Errorf("%s was replaced while it was locked: try again", pathIn(dir, name)), err, lock.Unlock())
	}
	row := &heldRow{lock: lock, tokenDue: true}
	s.held[key] = row
	return row, nil
}

// letGoLocked gives the lock of a row back.
func (s *Store) letGoLocked(key string) {
	if row := s.held[key]; row != nil {
		_ = row.lock.Unlock() // closing the file frees it in any case
		delete(s.held, key)
	}
}

// free reports whether no process holds the lock of a row. It takes the lock for a moment to find
// out. It returns false if it cannot know: the lock file is missing, this user cannot open it, or
// it is not certainly the lock file of the row.
func (s *Store) free(dir *os.Root, key string) bool {
	name := key + lockSuffix
	f, err := openIn(inRows, dir, name, os.O_RDONLY)
	if err != nil {
		return false
	}
	_ = s.at("probe-row") // an error changes nothing
	lock, err := tryLock(f, true)
	if err != nil || lock == nil {
		return false
	}
	same, err := isIn(dir, name, lock)
	return errors.Join(err, lock.Unlock()) == nil && same
}
