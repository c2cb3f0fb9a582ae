//go:build !fileonly

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/go-downtime/downtime/internal/trust"
	"github.com/go-downtime/downtime/store"
)

// Operator and application can be two users. SQLite creates the database with the umask of its
// process, and files beside it with the permissions of the database and the group of its process.

// besides are the suffixes of the files that SQLite keeps beside a database.
var besides = []string{"-journal", "-wal", "-shm"}

// create creates an empty database, if there is none, that the users who share its directory can
// read, and write if the directory's group can write there. The umask takes no part.
func (s sqlite) create() error {
	path, err := s.rule.Find(s.path)
	if path == "" && errors.Is(err, fs.ErrNotExist) {
		return nil // the driver's error names the missing directory
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	dir := filepath.Dir(path)
	in, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if s.rule.Shared(dir, in) {
		return nil // the database is refused there
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil // another process was first
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s, trust.Explain(err, dir, true))
	}
	if err = errors.Join(share(f, in), f.Close()); err != nil {
		err = errors.Join(fmt.Errorf("%s: %w", s, err), os.Remove(path)) // nothing is in it yet
	}
	return err
}

// share gives the new file f to the users who share the directory. It fails if that cannot be
// arranged.
func share(f *os.File, in fs.FileInfo) error {
	trust.Give(f, trust.Heir(in))
	if in.Mode()&0o020 == 0 {
		return f.Chmod(0o644)
	}
	file, err := f.Stat()
	if err != nil {
		return err
	}
	if want := trust.OwnerOf(in).GID; trust.OwnerOf(file).GID != want {
		return fmt.Errorf("%w: group %d can write in the directory %s, but not in a database of this user: run as a member of that group, or chmod g+s %[3]s",
			store.ErrReadOnly, want, filepath.Dir(f.Name()))
	}
	return f.Chmod(0o664)
}

// mayWrite returns an error if the group that shares the database could not read the journal that
// an interrupted write of this process leaves. The directory gives new files its group only where it
// has the bit for that, or on other systems than Linux. SQLite itself does so for root.
func (s sqlite) mayWrite() error {
	path, err := s.rule.Find(s.path)
	if err != nil || runtime.GOOS != "linux" || os.Geteuid() == 0 {
		return nil //nolint:nilerr // the next call says it
	}
	file, err := os.Stat(path)
	if err != nil {
		return err
	}
	in, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return err
	}
	group := trust.OwnerOf(file).GID
	if file.Mode()&0o020 == 0 || in.Mode()&fs.ModeSetgid != 0 || group == os.Getegid() {
		return nil
	}
	return fmt.Errorf("%s: %w: SQLite creates its journal with group %d of this user, so group %d, which shares the database, could not read it after an interrupted write: chmod g+s %s",
		s, store.ErrReadOnly, os.Getegid(), group, filepath.Dir(path))
}

// denied says which file of the database this user may not read and write; nil if it may all.
func denied(path string) error {
	for _, suffix := range append([]string{""}, besides...) {
		if err := trust.MayWrite(path + suffix); errors.Is(err, fs.ErrPermission) {
			return trust.Explain(err, path+suffix, true)
		}
	}
	return nil
}
