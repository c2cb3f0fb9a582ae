package filestore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/go-downtime/downtime/core"
)

// Commit writes next over the document that base names, or [core.ErrConflict]. A missing
// file is what a zero base names, also where Load says [core.ErrLost]: whether to begin
// anew is the caller's decision. What cannot be written by this user or here is
// [core.ErrReadOnly]. It waits at most five seconds for other writers, and for ctx.
func (s *Store) Commit(ctx context.Context, base core.Mark, next *core.Document, entry core.Entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	text, err := next.Encode()
	if err != nil {
		return s.errorf("not written: %w", err)
	}
	if next.StoreID == "" || next.Revision < 1 || next.WriteID == "" {
		return s.errorf("not written: the document has no store_id, revision or write_id; make it with the operator functions of core")
	}
	var line []byte
	if !entry.IsZero() {
		if line, err = core.EncodeEntry(entry); err != nil {
			return s.errorf("not written: %w", err)
		}
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
	return w.commit(ctx, base, next, text, line)
}

// commit does the work under the lock.
func (w *writer) commit(ctx context.Context, base core.Mark, next *core.Document, text, line []byte) error {
	s := w.store
	old, err := w.check(base)
	if err != nil {
		return err
	}
	w.removeStale()
	temp, err := w.writeTemp(tempFile{what: "temp", text: text, like: old, durable: true})
	if err != nil {
		return s.errorf("not written: %w", refused(err))
	}
	if err := ctx.Err(); err != nil {
		w.remove(temp)
		return err
	}
	log, err := w.appendLog(line, base, old)
	if err != nil {
		w.remove(temp)
		return s.errorf("not written: %w", refused(err))
	}
	defer log.close()
	if err := w.rename("rename", temp, s.base); err != nil {
		w.remove(temp)
		return s.errorf("not written: %w", refused(err))
	}
	s.mu.Lock()
	s.seen = true
	s.mu.Unlock()
	// To read it back would show the new document, and prove nothing of what follows.
	if err := w.syncDir("sync-directory"); err != nil {
		return s.errorf("%w: revision %d is in the file, but may be gone after a crash of the machine: %w", core.ErrUnconfirmed, next.Revision, err)
	}
	log.finish()
	if err := w.writeMarker(next); err != nil {
		return s.errorf("%w: revision %d is in the file, but not noted in %s: if the file is deleted, who starts then may take it for never written: %w",
			core.ErrUnconfirmed, next.Revision, s.markerPath(), err)
	}
	return nil
}

// check compares what is in the file with base, and returns the file's info, nil if there
// is none.
func (w *writer) check(base core.Mark) (fs.FileInfo, error) {
	s := w.store
	if err := w.at("read"); err != nil {
		return nil, s.unreadable(err)
	}
	old, err := w.dir.Lstat(s.base)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if base != (core.Mark{}) {
			return nil, core.ErrConflict
		}
		if err := s.guarded(); err != nil {
			return nil, err
		}
		return nil, nil //nolint:nilnil // no file and no error is what is found
	case err != nil:
		return nil, s.unreadable(err)
	case old.Mode()&fs.ModeSymlink != 0:
		return nil, s.errorf("%w: it is a symbolic link, which a write would replace; name the file that it points to", core.ErrReadOnly)
	}
	_, b, _, err := s.read(old)
	if err != nil {
		return nil, err
	}
	mark, _, err := s.parse(b, digest(b))
	if err != nil {
		return nil, fmt.Errorf("not replaced, repair or remove it: %w", err)
	}
	if base != mark {
		return nil, core.ErrConflict
	}
	return old, nil
}

// tempFile is a new file that is made beside the one whose place it takes.
type tempFile struct {
	what    string // in the names of the steps
	text    []byte
	like    fs.FileInfo // whose owner, group and mode it gets; nil for those of a first document
	durable bool        // a crash of the machine leaves all of it
}

// writeTemp makes the new file and returns its name. What it leaves behind an error is
// removed.
func (w *writer) writeTemp(t tempFile) (string, error) {
	name := w.store.tempPrefix() + strings.ToLower(rand.Text()) + tempSuffix
	if err := w.at("create-" + t.what); err != nil {
		return "", err
	}
	f, err := w.dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	if err := w.fill(f, t); err != nil {
		_ = f.Close() // a second time, perhaps; the first error is the one that counts
		w.remove(name)
		return "", err
	}
	return name, nil
}

func (w *writer) fill(f *os.File, t tempFile) error {
	if err := w.at("write-" + t.what); err != nil {
		return err
	}
	if _, err := f.Write(t.text); err != nil {
		return err
	}
	if err := w.at("own-" + t.what); err != nil {
		return err
	}
	if err := w.own(f, t.like); err != nil {
		return err
	}
	if t.durable {
		if err := w.at("sync-" + t.what); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
	}
	if err := w.at("close-" + t.what); err != nil {
		return err
	}
	return f.Close()
}

func (w *writer) rename(step, temp, name string) error {
	if err := w.at(step); err != nil {
		return err
	}
	return w.dir.Rename(temp, name)
}

// syncDir makes the rename durable, and the names of new files with it.
func (w *writer) syncDir(step string) error {
	if err := w.at(step); err != nil {
		return err
	}
	d, err := w.dir.Open(".")
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }() // it was only read
	// Some systems and file systems cannot, and need not.
	err = d.Sync()
	if !canSyncDir || errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

const (
	tempSuffix = ".tmp"
	randomLen  = 26 // of rand.Text
)

func (s *Store) tempPrefix() string { return "." + s.base + "." }

// isTemp reports whether writeTemp makes such names. What is between the ends is random and
// nothing more, because other stores may have names that begin like this one's.
func (s *Store) isTemp(name string) bool {
	name, ours := strings.CutPrefix(name, s.tempPrefix())
	random, temp := strings.CutSuffix(name, tempSuffix)
	return ours && temp && len(random) == randomLen && !strings.ContainsFunc(random, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '2' || r > '7')
	})
}

// removeStale removes the temporary files of writers that were killed: no other is at work
// under the lock. One that cannot be removed harms nobody.
func (w *writer) removeStale() {
	d, err := w.dir.Open(".")
	if err != nil {
		return
	}
	defer func() { _ = d.Close() }() // it was only read
	for err == nil {
		var names []string
		names, err = d.Readdirnames(1000)
		for _, name := range names {
			if w.store.isTemp(name) {
				w.remove(name)
			}
		}
	}
}

func (w *writer) remove(name string) { _ = w.dir.Remove(name) }
