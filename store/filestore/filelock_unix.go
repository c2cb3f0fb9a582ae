//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package filestore

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// fileLock is a lock on a file. It ends with the process, however the process ends.
type fileLock struct{ file *os.File }

// tryLock locks f without waiting, exclusively or shared. It takes over f, which is closed
// with the lock. Nil without an error means that another process has the lock.
func tryLock(f *os.File, shared bool) (*fileLock, error) {
	how := syscall.LOCK_EX
	if shared {
		how = syscall.LOCK_SH
	}
	err := flock(f, how|syscall.LOCK_NB)
	if err == nil {
		return &fileLock{f}, nil
	}
	_ = f.Close() // nothing was written
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, nil //nolint:nilnil // another process has the lock
	}
	return nil, &fs.PathError{Op: "flock", Path: f.Name(), Err: err}
}

func flock(f *os.File, how int) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = conn.Control(func(fd uintptr) {
		for {
			if failed = syscall.Flock(int(fd), how); !errors.Is(failed, syscall.EINTR) {
				return
			}
		}
	})
	return errors.Join(err, failed)
}

func (l *fileLock) Stat() (fs.FileInfo, error) { return l.file.Stat() }

// Unlock gives the lock back, even if a child process that is being started shares the file.
func (l *fileLock) Unlock() error {
	return errors.Join(flock(l.file, syscall.LOCK_UN), l.file.Close())
}
