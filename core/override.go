package core

import (
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

// envOverride is the environment variable that New reads once.
const envOverride = "DOWNTIME"

// direction is what an override says. It beats the store.
type direction uint8

const (
	directionNone direction = iota
	directionUp
	directionDown
)

// String is "up", "down" or "".
func (d direction) String() string {
	switch d {
	case directionUp:
		return "up"
	case directionDown:
		return "down"
	}
	return ""
}

const overridePoll = time.Second

func parseOverride(text string) (direction, error) {
	switch strings.TrimSpace(text) {
	case "":
		return directionNone, nil
	case "up":
		return directionUp, nil
	case "down":
		return directionDown, nil
	}
	return directionNone, errors.New(`want "up", "down" or nothing`)
}

// maxOverride is how large an override file can be, in bytes.
const maxOverride = 4096

// readOverrideFile reads the override file, if the rule believes it. A missing file in an
// existing directory says nothing: removing the file takes the override back. Every other
// fault is an error, and the last value stays. So a volume or a link target that went away
// takes nothing back.
func readOverrideFile(path string, rule trust.Rule) (direction, error) {
	f, err := rule.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		_, dirErr := os.Stat(filepath.Dir(path))
		if _, nameErr := os.Lstat(path); errors.Is(nameErr, fs.ErrNotExist) && dirErr == nil {
			return directionNone, nil
		}
	}
	if err != nil {
		return directionNone, err
	}
	defer func() { _ = f.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(f, maxOverride+1))
	if err != nil {
		return directionNone, err
	}
	if len(text) > maxOverride {
		return directionNone, fmt.Errorf("%s: has more than %d bytes", path, maxOverride)
	}
	o, err := parseOverride(string(text))
	if err != nil {
		return directionNone, fmt.Errorf("%s: %.64q: %w", path, text, err)
	}
	return o, nil
}

// fileRead takes in what the override file says.
func (set *settings) fileRead(s *state, e fileRead, in input, out *output) {
	f := &s.file
	f.busy, f.due = false, in.now.Add(overridePoll)
	switch {
	case e.err != nil && f.err == nil:
		out.log(slog.LevelWarn, "override", slog.String("from", "file"), slog.String("kept", orNone(f.value.String())), slog.Any("error", e.err))
	case e.err == nil && f.err != nil:
		out.log(slog.LevelInfo, "override", slog.String("from", "file"), slog.Bool("readable", true))
	}
	f.err, f.read = e.err, f.read || e.err == nil
	if e.err == nil && e.value != f.value {
		f.value, f.since = e.value, in.now
	}
}

// overriding is the override that counts, its origin, and since when.
func (set *settings) overriding(s *state) (d direction, from string, since time.Time) {
	switch {
	case s.file.value != directionNone:
		return s.file.value, "file", s.file.since
	case set.env != directionNone:
		return set.env, "env", s.begun
	case set.down:
		return directionDown, "config", s.begun
	}
	return directionNone, "", time.Time{}
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
