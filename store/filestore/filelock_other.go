//go:build !darwin && !dragonfly && !freebsd && !linux && !netbsd && !openbsd

package filestore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/gofrs/flock"
)

// fileLock is a lock on a file. It ends with the process, however the process ends.
type fileLock struct{ *flock.Flock }

// tryLock locks f without waiting, exclusively or shared. It takes over f, which is closed
// with the lock. Nil without an error means that another process has the lock.
func tryLock(f *os.File, shared bool) (*fileLock, error) {
	opened, err := f.Stat()
	// Before locking: on some systems closing a file ends every lock that the process has on it.
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	lock, try := flock.New(f.Name(), flock.SetFlag(os.O_RDWR)), (*flock.Flock).TryLock
	if shared {
		lock, try = flock.New(f.Name(), flock.SetFlag(os.O_RDONLY)), (*flock.Flock).TryRLock
	}
	taken, err := try(lock)
	if err != nil || !taken {
		return nil, err
	}
	var locked fs.FileInfo
	if locked, err = lock.Stat(); err == nil && !os.SameFile(opened, locked) {
		err = fmt.Errorf("%s was replaced while it was locked: try again", f.Name())
	}
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return &fileLock{lock}, nil
}
