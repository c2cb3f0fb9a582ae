package filestore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go-downtime/downtime/internal/trust"
)

// The user of a command can be root, and the directory another user's, who can put links in
// the place of files at any time. So each file that is locked, written or removed is reached
// through a directory that was opened once, and is checked after it was opened.

// openAttempts is how often a file is opened that is replaced meanwhile.
const openAttempts = 10

// openIn opens the regular file name in dir, if the rule trusts it. It refuses a link,
// because os.Root follows one that stays inside the directory.
func openIn(rule trust.Rule, dir *os.Root, name string, flag int) (*os.File, error) {
	in, err := dir.Stat(".")
	if err != nil {
		return nil, err
	}
	for range openAttempts {
		named, err := dir.Lstat(name)
		if err != nil {
			return nil, err
		}
		if err := rule.Regular(pathIn(dir, name), in, named); err != nil {
			return nil, err
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

// openDirIn opens the directory name in parent, if the rule trusts it. It refuses a link.
func openDirIn(rule trust.Rule, parent *os.Root, name string) (*os.Root, error) {
	in, err := parent.Stat(".")
	if err != nil {
		return nil, err
	}
	named, err := parent.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !named.IsDir() {
		return nil, fmt.Errorf("%s: want a directory, and no link to one", pathIn(parent, name))
	}
	if err := rule.Entry(pathIn(parent, name), in, named); err != nil {
		return nil, err
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

// isIn reports whether the locked file still has this name in dir.
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

// removeIn removes a file if there is one.
func removeIn(dir *os.Root, name string) error {
	if err := dir.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// pathIn is for messages.
func pathIn(dir *os.Root, name string) string { return filepath.Join(dir.Name(), name) }
