package filestore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Who runs a command may be root, and the directory another user's, who can put links in
// the place of files at any time. So whatever is locked, written or removed is reached
// through a directory that was opened once, and is seen to be what it should be after it
// was opened.

// A file or directory that is replaced while it is opened is opened again, so often.
const openAttempts = 10

// openIn opens the regular file name in dir. A link is refused: os.Root follows one that
// stays inside of the directory.
func openIn(dir *os.Root, name string, flag int) (*os.File, error) {
	for range openAttempts {
		named, err := dir.Lstat(name)
		if err != nil {
			return nil, err
		}
		if !named.Mode().IsRegular() {
			return nil, fmt.Errorf("%s is %s, want a regular file", pathIn(dir, name), kindOf(named.Mode()))
		}
		f, err := dir.OpenFile(name, flag|nonBlock, 0)
		if err != nil {
			return nil, err
		}
		opened, err := f.Stat()
		if err == nil && os.SameFile(named, opened) {
			return f, nil
		}
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s was replaced %d times while it was opened: try again", pathIn(dir, name), openAttempts)
}

// openDirIn opens the directory name in parent, which is no link to one.
func openDirIn(parent *os.Root, name string) (*os.Root, error) {
	named, err := parent.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !named.IsDir() {
		return nil, fmt.Errorf("%s: want a directory, and no link to one", pathIn(parent, name))
	}
	dir, err := parent.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	opened, err := dir.Stat(".")
	if err == nil && !os.SameFile(named, opened) {
		err = fmt.Errorf("%s was replaced while it was opened: try again", pathIn(parent, name))
	}
	if err != nil {
		_ = dir.Close() // nothing was written
		return nil, err
	}
	return dir, nil
}

// isIn reports whether the file that is locked is still the one that has this name in dir.
func isIn(dir *os.Root, name string, lock *fileLock) (bool, error) {
	locked, err := lock.Stat()
	if err != nil {
		return false, err
	}
	named, err := dir.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(locked, named), err
}

// pathIn is for messages.
func pathIn(dir *os.Root, name string) string { return filepath.Join(dir.Name(), name) }
