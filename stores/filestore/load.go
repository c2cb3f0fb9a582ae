package filestore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/go-downtime/downtime/core"
)

// settleTime is how long a file that looks unchanged is read all the same. Two writes
// within one tick of the file system's clock leave the same time stamp, and ticks of up to
// two seconds exist. It is measured by this process, not between its clock and the file's.
const settleTime = 2 * time.Second

// reading is what was found in a file.
type reading struct {
	stamp stamp     // of the file when it was opened; zero before the first reading
	since time.Time // when that stamp was first seen
	done  bool      // read settleTime after since: a later write has another stamp

	mark core.Mark
	doc  *core.Document
	err  error // the content is no document
}

// Load returns the document. It costs one stat, about a microsecond, while the file looks
// unchanged, but for two seconds after each change, when it reads the file.
func (s *Store) Load(ctx context.Context, have core.Mark) (core.State, error) {
	if err := ctx.Err(); err != nil {
		return core.State{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.refresh()
	if errors.Is(err, errMissing) {
		if err = s.lost(); err == nil {
			return core.State{Time: time.Now()}, nil
		}
	}
	if err != nil {
		return core.State{}, err
	}
	state := core.State{Mark: s.last.mark, Time: time.Now()}
	if have == state.Mark {
		return state, core.ErrUnchanged
	}
	state.Document = s.last.doc
	return state, nil
}

// errMissing: there is no file at the path.
var errMissing = errors.New("the file does not exist")

// refresh brings s.last up to date. The caller holds s.mu.
func (s *Store) refresh() error {
	info, err := os.Stat(s.path)
	if err != nil {
		s.last.stamp = stamp{}
		return s.unstattable(err)
	}
	if s.last.done && s.last.stamp == stampOf(info) {
		return s.last.err
	}
	now, b, at, err := s.read(info)
	if err != nil {
		s.last.stamp = stamp{} // to be tried again, however the file looks
		return err
	}
	tag := digest(b)
	next := reading{stamp: at, since: now, mark: s.last.mark, doc: s.last.doc, err: s.last.err}
	if s.last.stamp == at {
		next.since = s.last.since
		next.done = now.Sub(next.since) >= settleTime
	}
	if tag != s.last.mark.Tag {
		next.mark, next.doc, next.err = s.parse(b, tag)
	}
	s.last = next
	s.seen = s.seen || next.doc != nil
	return next.err
}

// parse makes a document of b. The mark of something else has only a tag.
func (s *Store) parse(b []byte, tag string) (core.Mark, *core.Document, error) {
	doc, err := core.DecodeDocument(b)
	if err != nil {
		return core.Mark{Tag: tag}, nil, s.errorf("is not a valid document: %w", err)
	}
	mark := doc.Mark()
	mark.Tag = tag
	return mark, doc, nil
}

// read returns the content of the file, its stamp from before the content was read, and a
// time from before both.
func (s *Store) read(info fs.FileInfo) (now time.Time, b []byte, at stamp, err error) {
	// Before opening: to open a device may do something.
	if err := s.acceptable(info); err != nil {
		return now, nil, at, err
	}
	if err := s.guarded(); err != nil {
		return now, nil, at, err
	}
	f, err := os.OpenFile(s.path, os.O_RDONLY|nonBlock, 0)
	if err != nil {
		return now, nil, at, s.unreadable(err)
	}
	defer func() { _ = f.Close() }() // it was only read
	now = time.Now()
	if info, err = f.Stat(); err != nil {
		return now, nil, at, s.unreadable(err)
	}
	if err := s.acceptable(info); err != nil { // it may be another one by now
		return now, nil, at, err
	}
	var buf bytes.Buffer
	buf.Grow(int(info.Size()) + bytes.MinRead)
	if _, err := io.Copy(&buf, io.LimitReader(f, core.MaxDocument+1)); err != nil {
		return now, nil, at, s.unreadable(err)
	}
	return now, buf.Bytes(), stampOf(info), nil
}

// acceptable refuses what a document is never in.
func (s *Store) acceptable(info fs.FileInfo) error {
	switch mode := info.Mode(); {
	case !mode.IsRegular():
		return s.errorf("is %s, want a regular file", kindOf(mode))
	case info.Size() > core.MaxDocument:
		return s.errorf("has %d bytes, want at most %d", info.Size(), core.MaxDocument)
	case hasPermissions && mode&0o002 != 0 && !s.worldWritable:
		return s.errorf("may be written by every user of this system (%#o), any of whom could end downtime: chmod o-w it, or allow that in the store's options", mode.Perm())
	}
	return nil
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "no regular file"
}

// unstattable tells a file that does not exist from one that cannot be reached.
func (s *Store) unstattable(err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return s.unreadable(err)
	}
	if target, err := os.Readlink(s.path); err == nil {
		return s.errorf("is a symbolic link to %s, which does not exist", target)
	}
	if _, err := os.Stat(s.dir); err != nil {
		return s.errorf("the directory cannot be reached, create it or correct the path: %w", err)
	}
	return errMissing
}

func (s *Store) unreadable(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return s.errorf("cannot be read by this user, give it read permission: %w", err)
	}
	return s.errorf("cannot be read: %w", err)
}

// lost returns nil if a file that is missing was never written. The caller holds s.mu.
func (s *Store) lost() error {
	if err := s.guarded(); err != nil { // anybody may have removed it
		return err
	}
	marker, err := s.marker()
	switch {
	case err != nil:
		return err
	case marker != "":
		return s.errorf("%w: %s says %s; %s", core.ErrLost, s.markerPath(), marker, whatToDo)
	case s.seen:
		return s.errorf("%w: it was here before; %s", core.ErrLost, whatToDo)
	case s.mustExist:
		return s.errorf("%w: the file does not exist, and the store's options say that it must; %s", core.ErrLost, whatToDo)
	}
	return nil
}

const whatToDo = `restore the file, or write a fresh one by "downtime end --all"`

// digest is over the bytes of a file.
func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}
