package filestore

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// writer is who holds the lock.
type writer struct {
	store *Store
	dir   *os.Root // every name of a write is resolved in here, whatever happens to the path
	lock  *flock.Flock
}

// acquire takes the lock, or fails when ctx or lockTimeout ends. The caller releases it.
func (s *Store) acquire(ctx context.Context) (_ *writer, err error) {
	w := &writer{store: s}
	if err := w.at("open-directory"); err != nil {
		return nil, s.errorf("not written: %w", refused(err))
	}
	if w.dir, err = os.OpenRoot(s.dir); err != nil {
		return nil, s.errorf("not written, the directory cannot be opened, create it or correct the path: %w", refused(err))
	}
	defer func() {
		if err != nil {
			w.release()
		}
	}()
	path := filepath.Join(s.dir, s.lockName())
	w.lock = flock.New(path, flock.SetFlag(os.O_RDWR|nonBlock|noFollow))
	waiting, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	for {
		taken, err := w.tryLock(waiting)
		switch {
		case taken:
			return w, nil
		case err == nil:
		case waiting.Err() != nil:
			return nil, s.errorf("not written: another process holds the lock %s: %w", path, err)
		default:
			return nil, s.errorf("not written, the lock %s cannot be taken: %w", path, refused(err))
		}
	}
}

// tryLock waits for the lock. It returns false without an error where somebody has removed
// the file meanwhile: the next writer would lock another one.
func (w *writer) tryLock(ctx context.Context) (taken bool, err error) {
	if err := w.prepareLock(); err != nil {
		return false, err
	}
	if err := w.at("lock"); err != nil {
		return false, err
	}
	_, err = w.lock.TryLockContext(ctx, lockRetry)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := w.at("check-lock"); err != nil {
		return false, err
	}
	locked, err := w.lock.Stat()
	if err != nil {
		return false, err
	}
	named, err := w.dir.Lstat(w.store.lockName())
	if errors.Is(err, fs.ErrNotExist) || (err == nil && !os.SameFile(locked, named)) {
		return false, w.lock.Unlock()
	}
	return err == nil, err
}

// prepareLock makes the lock file if there is none, and gives one that is new to whom the
// document belongs. To open it for creation each time would not do: in a directory like
// /tmp Linux lets nobody, not even root, so open the file of another user.
func (w *writer) prepareLock() error {
	if err := w.at("open-lock"); err != nil {
		return err
	}
	f, err := w.openLock(os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		if err := w.at("create-lock"); err != nil {
			return err
		}
		f, err = w.dir.OpenFile(w.store.lockName(), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			return nil // by another writer, just now
		}
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // nothing was written
	if info, err := f.Stat(); err != nil || info.Size() > 0 {
		return err
	}
	if err := w.at("own-lock"); err != nil {
		return err
	}
	return w.shareLock(f)
}

// openLock opens the lock file, which is a regular file and no link: os.Root follows one
// that stays inside of the directory.
func (w *writer) openLock(flag int) (*os.File, error) {
	named, err := w.dir.Lstat(w.store.lockName())
	if err != nil {
		return nil, err
	}
	if !named.Mode().IsRegular() {
		return nil, errors.New("it is " + kindOf(named.Mode()) + ", want a regular file")
	}
	f, err := w.dir.OpenFile(w.store.lockName(), flag|nonBlock, 0)
	if err != nil {
		return nil, err
	}
	opened, err := f.Stat()
	if err == nil && !os.SameFile(named, opened) {
		err = errors.New("it was replaced while it was opened")
	}
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return f, nil
}

// release gives the lock back. Closing the file would do; so does the end of the process.
func (w *writer) release() {
	if w.lock != nil {
		_ = w.lock.Unlock()
	}
	_ = w.dir.Close()
}

// at is before a system call: where tests stop a writer, or let the call fail.
func (w *writer) at(step string) error {
	if w.store.fault == nil {
		return nil
	}
	return w.store.fault(step)
}
