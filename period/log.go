package period

import (
	"errors"
	"fmt"
	"slices"
)

const (
	// MaxEntries is the largest number of entries in a log.
	MaxEntries = 200
	// MaxLog is the largest total size of the entries of a log, in bytes.
	MaxLog = 64 << 10
)

// Log is the log of a document. The zero Log is empty. It is immutable.
type Log struct {
	lines [][]byte // encoded entries, the oldest first
}

// IsZero reports whether the log has no entry.
func (l Log) IsZero() bool { return len(l.lines) == 0 }

// Entries decodes the log, the newest entry first. It omits an entry that cannot be read, and the
// error says why. The returned entries are valid even with an error. If there are no entries,
// Entries returns an empty, non-nil slice.
func (l Log) Entries() ([]Entry, error) {
	entries := make([]Entry, 0, len(l.lines))
	var errs []error
	for i, line := range slices.Backward(l.lines) {
		e, err := decodeEntry(line)
		if err != nil {
			errs = append(errs, fmt.Errorf("log[%d]: %w", i, err))
			continue
		}
		entries = append(entries, e)
	}
	return entries, errors.Join(errs...)
}

// Holds reports whether the log has the entry of the write with this WriteID.
func (l Log) Holds(writeID string) bool {
	half := WriteHalf(writeID)
	return half != "" && slices.ContainsFunc(l.lines, func(line []byte) bool {
		e, err := decodeEntry(line)
		return err == nil && e.Write == half
	})
}

// With returns the log with e as its newest entry, without the oldest entries that no longer fit.
// With shortens an entry that is too large: first it cuts the reasons, then it omits changes. The
// error is a [*FieldError] if Actor or Origin is too long or not UTF-8.
func (l Log) With(e Entry) (Log, error) {
	line, err := e.encode()
	if err != nil {
		return Log{}, err
	}
	lines := append(slices.Clone(l.lines[max(0, len(l.lines)-MaxEntries+1):]), line)
	size := 0
	for i, line := range slices.Backward(lines) {
		if size += len(line); size > MaxLog {
			return Log{lines[i+1:]}, nil
		}
	}
	return Log{lines}, nil
}
