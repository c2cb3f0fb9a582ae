package filestore

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/go-downtime/downtime/internal/trust"
	"github.com/go-downtime/downtime/store"
)

// settleTime is how long after a change the file is read even if it looks unchanged. Two writes
// within one tick of the file system's clock leave the same time stamp, and ticks of up to two
// seconds exist. The clock of this process measures settleTime, because the file system can have
// another clock.
const settleTime = 2 * time.Second

// reading is the result of the last read of the file that succeeded.
type reading struct {
	stamp   stamp     // of the open file, from before its content was read
	since   time.Time // when a file with this stamp was first read
	settled bool      // read settleTime after since: a later write has another stamp
	token   store.Token
}

// Get reads the document. It costs one stat, about a microsecond, while the file is
// unchanged. It reads the whole file in the two seconds after a change.
func (s *Store) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	if err := ctx.Err(); err != nil {
		return store.Blob{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	info, err := os.Stat(s.path)
	if err != nil {
		if s.warning.Load() == nil {
			s.notice()
		}
		if err = s.unreachableLocked(err); noDocument(err) {
			return store.Blob{Now: now}, err
		}
		return store.Blob{}, err
	}
	if s.replaced(info) {
		return store.Blob{}, s.errorf("%w", errReplaced)
	}
	same := s.last.settled && s.last.token == have && s.last.stamp == stampOf(info)
	var b []byte
	if !same {
		if b, err = s.rereadLocked(now); err != nil {
			return store.Blob{}, err
		}
	}
	blob := store.Blob{Token: s.last.token, Now: now}
	if blob.Token == have {
		return blob, store.ErrUnchanged
	}
	blob.Bytes = b
	return blob, nil
}

// rereadLocked reads the file and brings s.last up to date. The read began at now.
func (s *Store) rereadLocked(now time.Time) ([]byte, error) {
	f, done, err := s.openSpareLocked(s.path)
	if err != nil {
		return nil, s.unreadable(err)
	}
	defer done()
	b, info, err := s.content(f)
	if err != nil {
		return nil, err
	}
	at, since := stampOf(info), time.Now()
	if s.last.stamp == at {
		since = s.last.since
	} else {
		s.notice()
	}
	s.last = reading{stamp: at, since: since, settled: now.Sub(since) >= settleTime, token: store.TokenOf(b)}
	s.seen = true
	return b, nil
}

// content reads the open file and returns its FileInfo from before the read. The content of an
// empty file is not nil.
func (s *Store) content(f *os.File) ([]byte, fs.FileInfo, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, nil, s.unreadable(err)
	}
	if info.Size() > store.MaxBytes {
		return nil, nil, s.errorf("has %d bytes, want at most %d", info.Size(), store.MaxBytes)
	}
	b := bytes.NewBuffer(make([]byte, 0, info.Size()+bytes.MinRead))
	if _, err := b.ReadFrom(io.LimitReader(f, store.MaxBytes+1)); err != nil {
		return nil, nil, s.unreadable(err)
	}
	if b.Len() > store.MaxBytes {
		return nil, nil, s.errorf("has more than %d bytes", store.MaxBytes)
	}
	return b.Bytes(), info, nil
}

// unreachableLocked distinguishes a file that does not exist from one that cannot be reached.
func (s *Store) unreachableLocked(err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return s.unreadable(err)
	}
	if target, err := os.Readlink(s.path); err == nil {
		return s.errorf("is a symbolic link to %s, which does not exist", target)
	}
	if _, err := os.Stat(s.dir); err != nil {
		return s.errorf("the directory cannot be reached, create it or correct the path: %w", err)
	}
	return s.missingLocked()
}

func (s *Store) unreadable(err error) error {
	if isUntrusted(err) {
		return s.errorf("is not trusted: %w", err)
	}
	if errors.Is(err, fs.ErrPermission) {
		return s.errorf("cannot be read: %w", trust.Explain(err, s.path, false))
	}
	return s.errorf("cannot be read: %w", err)
}

// missingLocked returns the error for a file that does not exist.
func (s *Store) missingLocked() error {
	if _, err := s.rule().Find(s.path); isUntrusted(err) { // any user could have removed it
		return s.unreadable(err)
	}
	_, marker, err := s.markerLocked()
	var why string
	switch {
	case err != nil:
		return err
	case marker != "":
		why = s.markerPath() + " says " + marker
	case s.seen:
		why = "it was here before"
	case s.mustExist:
		why = "the file does not exist, and the store's options say that it must"
	default:
		return s.errorf("%w", store.ErrNeverWritten)
	}
	if link := s.linked(); link != "" {
		why += "; " + link
	}
	return s.errorf(`%w: %s; restore the file, or write a fresh one by "downtime end --all"`, store.ErrLost, why)
}
