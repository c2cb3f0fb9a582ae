package filestore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/go-downtime/downtime/core"
)

// Entries reads the log, the newest first. Like Load it takes no lock and writes nothing. A
// log that is missing is empty; one that everybody may write, and so forge, is an error, and
// so is a line that is no entry.
func (s *Store) Entries(ctx context.Context, limit int) ([]core.Entry, error) {
	if err := s.guarded(); err != nil { // where anybody may put another log in its place
		return nil, err
	}
	lines, pending, err := s.readEntries()
	for attempt := 0; err == nil && pending != nil && attempt < openAttempts; attempt++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if s.holds(pending) {
			lines = append(lines, pending)
			break
		}
		// That is not so, or no longer: then the log says by now that it was.
		was := pending
		if lines, pending, err = s.readEntries(); bytes.Equal(was, pending) {
			break
		}
	}
	if err != nil {
		return nil, s.errorf("its log %s: %w", s.logPath(), err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	entries := []core.Entry{}
	for i, line := range slices.Backward(lines) {
		if len(entries) == core.LogLimit(limit) {
			break
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		e, err := core.DecodeEntry(line)
		if err != nil {
			return nil, s.errorf("its log %s: line %d is not as it was written, repair or remove it: %w", s.logPath(), i+1, err)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// readEntries returns the lines that have ended, and the last one if it has not.
func (s *Store) readEntries() (lines [][]byte, pending []byte, err error) {
	dir, err := os.OpenRoot(s.dir)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = dir.Close() }() // it was only read
	f, err := openIn(dir, s.logName(), os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if hasPermissions && info.Mode()&0o002 != 0 && !s.worldWritable {
		return nil, nil, fmt.Errorf("may be written by every user of this system (%#o), any of whom could forge it: chmod o-w it, or allow that in the store's options", info.Mode().Perm())
	}
	b, err := readLog(f)
	if err != nil {
		return nil, nil, err
	}
	lines = bytes.Split(b, []byte{'\n'})
	last := len(lines) - 1
	if len(lines[last]) > 0 {
		pending = lines[last]
	}
	return lines[:last], pending, nil
}

// holds reports whether the document is the one that line has written.
func (s *Store) holds(line []byte) bool {
	info, err := os.Stat(s.path)
	if err != nil {
		return false
	}
	_, b, _, err := s.read(info)
	if err != nil {
		return false
	}
	mark, _, err := s.parse(b, "")
	return err == nil && reached(line, mark.Revision, mark.WriteID)
}
