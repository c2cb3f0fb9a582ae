package filestore

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/go-downtime/downtime/internal/trust"
	"github.com/go-downtime/downtime/store"
)

// Swap is a compare-and-swap of the file's content. It waits for other writers until ctx ends; if
// ctx has no deadline, for at most five seconds.
func (s *Store) Swap(ctx context.Context, old store.Token, next []byte) error {
	if err := store.CheckSize(next, store.MaxBytes); err != nil {
		return s.errorf("%w", err)
	}
	err := s.locked(ctx, func(w *writer) error { return w.swap(ctx, old, next) })
	if err == nil || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrUnconfirmed) {
		return err
	}
	return store.NotWritten(err) // the rename is the last step that can fail, and does nothing then
}

// found is the document that a writer replaces. It is zero if there is no file.
type found struct {
	info  fs.FileInfo
	bytes []byte
	token store.Token
}

func (w *writer) swap(ctx context.Context, old store.Token, next []byte) error {
	s := w.store
	is, err := w.document()
	if err != nil {
		return err
	}
	token := store.TokenOf(next)
	repeated := is.token == token
	switch {
	case repeated:
		// The write of this content was perhaps not confirmed.
		if err := w.sync("sync-file", s.base); err != nil {
			return w.unconfirmed(err)
		}
	case is.token != old:
		return s.errorf("%w", store.ErrConflict)
	default:
		if marker, err := w.dir.Lstat(s.markerName()); err == nil && marker.IsDir() { // nothing can replace it
			return s.errorf("%s is a directory, want a regular file: remove it", s.markerPath())
		}
		if err := w.replace(ctx, is.info, next); err != nil {
			return s.errorf("%w", refused(explainBusy(trust.Explain(err, s.dir, true))))
		}
	}
	s.mu.Lock()
	s.seen = true
	s.mu.Unlock()
	// Reading the document back would not prove that the steps below succeeded.
	if err := w.sync("sync-directory", "."); err != nil {
		return w.unconfirmed(err)
	}
	if err := w.writeMarker(is.bytes, next); err != nil {
		return s.errorf("%w: the document is in the file, but not noted in %s; if the file is deleted, a process that starts then may take it for never written: %w",
			store.ErrUnconfirmed, s.markerPath(), err)
	}
	return nil
}

func (w *writer) unconfirmed(err error) error {
	return w.store.errorf("%w: the document is in the file, but may be gone after a crash of the machine: %w", store.ErrUnconfirmed, err)
}

// document reads the document that is to be replaced or copied.
func (w *writer) document() (found, error) {
	s := w.store
	if err := w.at("read"); err != nil {
		return found{}, s.unreadable(err)
	}
	info, err := w.dir.Lstat(s.base)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return found{}, nil
	case err != nil:
		return found{}, s.unreadable(err)
	case info.Mode()&fs.ModeSymlink != 0:
		return found{}, s.errorf("%w: it is a symbolic link, which a write would replace; name the file that it points to", store.ErrReadOnly)
	}
	f, err := openIn(s.rule(), w.dir, s.base, os.O_RDONLY)
	if err != nil {
		return found{}, s.unreadable(err)
	}
	defer func() { _ = f.Close() }() // it was only read
	b, info, err := s.content(f)
	if err != nil {
		return found{}, err
	}
	return found{info, b, store.TokenOf(b)}, nil
}

// replace puts next in the place of old, whose owner and permissions it gets. old is nil if
// there is no file.
func (w *writer) replace(ctx context.Context, old fs.FileInfo, next []byte) error {
	w.removeStale()
	temp, err := w.writeTemp("temp", next, old)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		w.remove(temp)
		return err
	}
	return w.store.rename(w.dir, "rename", temp, w.store.base)
}
