package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// newFile is a file to write.
type newFile struct {
	name    string
	content []byte
}

// writeNew writes files into dir, which every user can read. Each file is written whole or not at
// all. Unless force is true, it replaces no file, and it writes none if one of them exists.
func writeNew(dir string, files []newFile, force bool) error {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // the proxy runs as another user
			return err
		}
		if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // the same, under any umask
			return err
		}
	}
	for _, f := range files {
		path := filepath.Join(dir, f.name)
		if _, err := os.Lstat(path); err == nil && !force {
			return existsError(path)
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, f := range files {
		if err := writeOne(filepath.Join(dir, f.name), f.content, force); err != nil {
			return err
		}
	}
	return nil
}

func existsError(path string) error {
	return fmt.Errorf("%s exists: nothing was written; give --force to replace it, or another --output", path)
}

func writeOne(path string, content []byte, force bool) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if removed := os.Remove(f.Name()); removed != nil && !errors.Is(removed, fs.ErrNotExist) {
			err = errors.Join(err, removed)
		}
	}()
	_, err = f.Write(content)
	if err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	if !force {
		if err := os.Link(f.Name(), path); err == nil {
			return nil
		} else if errors.Is(err, fs.ErrExist) {
			return existsError(path)
		} // else the file system has no links
	}
	return os.Rename(f.Name(), path)
}
