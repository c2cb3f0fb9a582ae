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

// makeRows opens the directory, and creates it if there is none, so that the
// users who can enter the directory above can read the rows. The caller closes it.
func (s *Store) makeRows(now time.Time) (dir *os.Root, err error) {
	parent, err := os.OpenRoot(s.dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = parent.Close() }()
	info, err := parent.Stat(".")
	if err != nil {
		return nil, err
	}
	isNew := false
	if _, err = parent.Lstat(s.rowsName()); errors.Is(err, fs.ErrNotExist) {
		if err = s.mayWrite(info); err == nil {
			err = parent.Mkdir(s.rowsName(), 0o700)
			isNew = err == nil
		}
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	if err := s.at("open-rows"); err != nil {
		return nil, err
	}
	if dir, err = openDirIn(s.rowsRule(), parent, s.rowsName()); err != nil {
		return nil, err
	}
	if isNew {
		err = shareRows(dir, info)
	}
	if err == nil {
		if _, missing := readRecord(dir, sinceName); missing != nil {
			err = s.writeRecord(dir, sinceName, record{Seen: now.UTC()})
		}
	}
	if err != nil {
		_ = dir.Close()
		return nil, err
	}
	return dir, nil
}

// shareRows sets the permissions of the directory that this process has just created in parent,
// under any umask: users who can enter parent can list it, and users who can write in parent can
// write in it. It changes the open directory, and only if that is still new, because another
// directory can have taken its place.
func shareRows(dir *os.Root, parent fs.FileInfo) error {
	f, err := dir.Open(".")
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil || hasPermissions && trust.OwnerOf(info).UID != os.Geteuid() {
		return err
	}
	if _, err := f.Readdirnames(1); !errors.Is(err, io.EOF) {
		return err
	}
	trust.Give(f, trust.Heir(parent))
	if info, err = f.Stat(); err != nil {
		return err
	}
	mode := info.Mode()&fs.ModeSetgid | 0o755
	if parent.Mode()&0o020 != 0 && trust.OwnerOf(info).GID == trust.OwnerOf(parent).GID {
		mode |= 0o020
	}
	if err = f.Chmod(mode); errors.Is(err, fs.ErrPermission) {
		return nil // here files have no permissions
	}
	return err
}
