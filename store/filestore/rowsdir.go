package filestore

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/go-downtime/downtime/internal/trust"
)

// The directory of the rows is opened once for each call, and everything in it is reached
// through that. A directory that takes its place meanwhile is not touched.

// inRows is the rule for the files in that directory, which was judged as a whole: only users
// who may write rows can write in it.
var inRows = trust.Rule{Lifted: true}

func (s *Store) rowsName() string { return s.base + ".instances" }

// openRows opens the directory. The caller closes it.
func (s *Store) openRows() (*os.Root, error) {
	parent, err := os.OpenRoot(s.dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = parent.Close() }()
	return openDirIn(s.rowsRule(), parent, s.rowsName())
}

// makeRows opens the directory, and creates it if there is none, with the permissions of the
// directory above. It returns the mode of the files in it: a user who can list the directory
// can read the rows. The caller closes it.
func (s *Store) makeRows(now time.Time) (dir *os.Root, mode fs.FileMode, err error) {
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
	mode = perm & 0o644
	isNew := false
	if _, err = parent.Lstat(s.rowsName()); errors.Is(err, fs.ErrNotExist) {
		if err = s.mayWrite(parent); err == nil {
			err = parent.Mkdir(s.rowsName(), perm)
			isNew = err == nil
		}
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, 0, err
	}
	if err := s.at("open-rows"); err != nil {
		return nil, 0, err
	}
	if dir, err = openDirIn(s.rowsRule(), parent, s.rowsName()); err != nil {
		return nil, 0, err
	}
	if isNew && os.Geteuid() == 0 {
		giveRows(dir, ownerOf(info))
	}
	if _, err := readRecord(dir, sinceName); err != nil {
		if err := s.writeRecord(dir, sinceName, record{Seen: now.UTC()}, mode); err != nil {
			_ = dir.Close()
			return nil, 0, err
		}
	}
	return dir, mode, nil
}

// giveRows gives the directory that root has just created to who, because root's instance
// must not shut out the others. It gives the open directory, and only while that is as new:
// another directory of root's can have taken its place.
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
