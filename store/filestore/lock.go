package filestore

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/go-downtime/downtime/internal/trust"
)

const (
	lockTimeout = 5 * time.Second
	lockRetry   = 2 * time.Millisecond
)

// writer holds the writers' lock.
type writer struct {
	store *Store
	dir   *os.Root    // each name of a write is resolved in here, also if the path changes
	in    fs.FileInfo // of dir
	lock  *fileLock
}

// locked calls f with the writers' lock.
func (s *Store) locked(ctx context.Context, f func(*writer) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.writing <- struct{}{}:
		defer func() { <-s.writing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	w, err := s.acquire(ctx)
	if err != nil {
		return err
	}
	defer w.release()
	return f(w)
}

func (s *Store) lockName() string { return s.base + ".lock" }

// acquire takes the lock, or fails when ctx ends. Without a deadline of ctx it waits for at most
// lockTimeout. The caller releases the lock.
func (s *Store) acquire(ctx context.Context) (_ *writer, err error) {
	w := &writer{store: s}
	if err := w.at("open-directory"); err != nil {
		return nil, s.errorf("%w", refused(err))
	}
	if w.dir, err = os.OpenRoot(s.dir); err != nil {
		return nil, s.errorf("the directory cannot be opened, create it or correct the path: %w", refused(trust.Explain(err, s.dir, true)))
	}
	defer func() {
		if err != nil {
			w.release()
		}
	}()
	if w.in, err = w.dir.Stat("."); err == nil {
		err = s.mayWrite(w.in)
	}
	if err != nil {
		return nil, s.errorf("%w", refused(err))
	}
	path := filepath.Join(s.dir, s.lockName())
	waiting := ctx
	if _, limited := ctx.Deadline(); !limited {
		var cancel context.CancelFunc
		waiting, cancel = context.WithTimeout(ctx, lockTimeout)
		defer cancel()
	}
	for {
		if err := w.tryLock(); err != nil {
			return nil, s.errorf("the lock %s cannot be taken: %w", path, refused(trust.Explain(err, path, true)))
		}
		if w.lock != nil {
			return w, nil
		}
		select {
		case <-waiting.Done():
			return nil, s.errorf("another process holds the lock %s: %w", path, waiting.Err())
		case <-time.After(lockRetry):
		}
	}
}

// tryLock sets w.lock, unless another process has the lock, or the file was removed meanwhile:
// the next writer would lock another file.
func (w *writer) tryLock() error {
	f, err := w.openLock()
	if f == nil {
		return err
	}
	if err := w.at("lock"); err != nil {
		return errors.Join(err, f.Close())
	}
	lock, err := tryLock(f, false)
	if lock == nil {
		return err
	}
	err = w.at("check-lock")
	same := false
	if err == nil {
		same, err = isIn(w.dir, w.store.lockName(), lock)
	}
	if err != nil || !same {
		return errors.Join(err, lock.Unlock())
	}
	w.lock = lock
	return nil
}

// openLock opens the lock file, and creates it if there is none. It does not use O_CREATE on
// an existing file: in a directory like /tmp Linux refuses that on another user's file, even to
// root. Nil without an error means that another process is creating the file.
func (w *writer) openLock() (*os.File, error) {
	if err := w.at("open-lock"); err != nil {
		return nil, err
	}
	name, isNew := w.store.lockName(), false
	f, err := openIn(w.store.rule(), w.dir, name, os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		if err := w.at("create-lock"); err != nil {
			return nil, err
		}
		f, err = w.dir.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			return nil, nil //nolint:nilnil // another process is creating the file
		}
		isNew = true
	}
	if err != nil {
		return nil, err
	}
	if err := w.store.shareLock(f, w.dir, isNew); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// release gives the lock back. The end of the process does the same.
func (w *writer) release() {
	if w.lock != nil {
		_ = w.lock.Unlock()
	}
	_ = w.dir.Close()
}

func (w *writer) at(step string) error { return w.store.at(step) }
