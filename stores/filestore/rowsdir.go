package filestore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// The directory of the rows is opened once for each call, and everything in it is reached
// through that: what somebody puts in its place meanwhile is nothing to this store.

// openRows opens the directory. The caller closes it.
func (s *Store) openRows() (*os.Root, error) {
	parent, err := os.OpenRoot(s.dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = parent.Close() }()
	return openDirIn(parent, s.rowsName())
}

// makeRows makes the directory if there is none, with the permissions of the one that it is
// in, and opens it. It returns those of the files in it: whoever may look into the
// directory may read the rows. The caller closes it.
func (s *Store) makeRows() (dir *os.Root, mode fs.FileMode, err error) {
	parent, err := os.OpenRoot(s.dir)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = parent.Close() }()
	info, err := parent.Stat(".")
	if err != nil {
		return nil, 0, err
	}
	perm := info.Mode().Perm()&^0o022 | 0o700
	err = parent.Mkdir(s.rowsName(), perm)
	isNew := err == nil
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, 0, err
	}
	if err := s.at("open-rows"); err != nil {
		return nil, 0, err
	}
	if dir, err = openDirIn(parent, s.rowsName()); err != nil {
		return nil, 0, err
	}
	if isNew && os.Geteuid() == 0 {
		giveRows(dir, ownerOf(info))
	}
	return dir, perm & 0o644, nil
}

// giveRows gives the directory that root has just made to who, because root's instance must
// not shut the others out. It is the open directory that is given, not its name, and only
// while it is as new: somebody may have put another one of root's in its place.
func giveRows(dir *os.Root, who owner) {
	f, err := dir.Open(".")
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil || ownerOf(info).uid != 0 {
		return
	}
	if _, err := f.Readdirnames(1); errors.Is(err, io.EOF) {
		chown(f, who)
	}
}

// hold locks the instance's lock file, if this Store does not hold it yet. The caller holds
// s.reporting.
func (s *Store) hold(dir *os.Root, id string, mode fs.FileMode) error {
	name := id + lockSuffix
	if lock := s.held[id]; lock != nil {
		if same, err := isIn(dir, name, lock); same && err == nil {
			return nil
		}
		_ = lock.Unlock() // pruned by somebody who took this process for gone
		delete(s.held, id)
	}
	f, err := openIn(dir, name, os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = dir.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
	}
	if err != nil {
		return err
	}
	lock, err := tryLock(f, false)
	if err != nil {
		return err
	}
	if lock == nil {
		return fmt.Errorf("another process has registered as instance %s", id)
	}
	if same, err := isIn(dir, name, lock); err != nil || !same {
		return errors.Join(fmt.Errorf("%s was replaced while it was locked: try again", pathIn(dir, name)), err, lock.Unlock())
	}
	if s.held == nil {
		s.held = map[string]*fileLock{}
	}
	s.held[id] = lock
	return nil
}

// gone reports whether nobody holds the instance's lock any more. What cannot be looked at,
// or is not certainly that lock, is not known to be gone.
func gone(dir *os.Root, id string) bool {
	name := id + lockSuffix
	f, err := openIn(dir, name, os.O_RDONLY)
	if err != nil {
		return false
	}
	lock, err := tryLock(f, true)
	if err != nil || lock == nil {
		return false
	}
	same, err := isIn(dir, name, lock)
	return errors.Join(err, lock.Unlock()) == nil && same
}

func namesIn(dir *os.Root) ([]string, error) {
	f, err := dir.Open(".")
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return f.Readdirnames(-1)
}

// removeIn removes a file that may be gone already.
func removeIn(dir *os.Root, name string) error {
	if err := dir.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
