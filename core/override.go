package core

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-downtime/downtime/internal/trust"
)

const overridePoll = time.Second

// errEmptyOverride means that the override file is empty. A write that fails after it has truncated
// the file leaves an empty one.
var errEmptyOverride = errors.New(`is empty: the last value stays; write "none" or remove the file to end the override`)

// maxOverride is how large an override file can be, in bytes.
const maxOverride = 4096

// overrideFile reads the override file. The file may be on a network file system that does not
// answer. A read therefore has a deadline, and the next one does not begin before it has ended.
type overrideFile struct {
	pending chan fileRead // of a read that overran its deadline; nil if there is none
}

// read returns the value of the file. It returns an error once ctx ends, and after readTimeout.
func (f *overrideFile) read(ctx context.Context, set *settings) fileRead {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	if f.pending == nil {
		done, path, rule := make(chan fileRead, 1), set.OverrideFile, set.fileRule
		f.pending = done
		go func() {
			value, err := readOverrideFile(path, rule)
			done <- fileRead{value, err}
		}()
	}
	select {
	case e := <-f.pending:
		f.pending = nil
		return e
	case <-ctx.Done():
		return fileRead{err: fmt.Errorf("%s: no answer: %w", set.OverrideFile, context.Cause(ctx))}
	}
}

// readOverrideFile reads the override file, if the rule trusts it. A missing file in an existing
// directory means no override, so an operator ends an override by removing the file. Every other
// fault is an error, and the last value stays: an empty file, an unmounted volume or a missing
// link target does not end the override.
func readOverrideFile(path string, rule trust.Rule) (direction, error) {
	f, err := rule.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		_, dirErr := os.Stat(filepath.Dir(path))
		if _, nameErr := os.Lstat(path); errors.Is(nameErr, fs.ErrNotExist) && dirErr == nil {
			return directionNone, nil
		}
	}
	if err != nil {
		return directionNone, trust.Explain(err, path, false)
	}
	defer func() { _ = f.Close() }() // nothing was written, so Close loses no data
	text, err := io.ReadAll(io.LimitReader(f, maxOverride+1))
	if err != nil {
		return directionNone, err
	}
	if len(text) > maxOverride {
		return directionNone, fmt.Errorf("%s: has more than %d bytes", path, maxOverride)
	}
	if strings.TrimSpace(string(text)) == "" {
		return directionNone, fmt.Errorf("%s: %w", path, errEmptyOverride)
	}
	o, err := parseOverride(string(text))
	if err != nil {
		return directionNone, fmt.Errorf("%s: %.64q: %w", path, text, err)
	}
	return o, nil
}

// fileRead handles the result of a read of the override file.
func (set *settings) fileRead(s *state, e fileRead, in input, out *output) {
	f := &s.file
	f.busy, f.due = false, in.now.Add(overridePoll)
	if f.value == directionNone && errors.Is(e.err, errEmptyOverride) {
		e.err = nil // there is no value to keep
	}
	switch {
	case e.err != nil && f.err == nil:
		out.log(slog.LevelWarn, "override", slog.String("from", "file"), slog.String("kept", cmp.Or(f.value.String(), "none")), slog.Any("error", e.err))
	case e.err == nil && f.err != nil:
		out.log(slog.LevelInfo, "override", slog.String("from", "file"), slog.Bool("readable", true))
	}
	f.err, f.read = e.err, f.read || e.err == nil
	if e.err == nil && e.value != f.value {
		f.value, f.since = e.value, in.now
	}
}

// overriding returns the effective override, its origin, and since when it applies.
func (set *settings) overriding(s *state) (d direction, from string, since time.Time) {
	switch {
	case s.file.value != directionNone:
		return s.file.value, "file", s.file.since
	case set.env != directionNone:
		return set.env, "env", s.begun
	case set.Down:
		return directionDown, "config", s.begun
	}
	return directionNone, "", time.Time{}
}
