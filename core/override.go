package core

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// envOverride is the environment variable that New reads once.
const envOverride = "DOWNTIME"

// override is a word from outside of the store that beats it.
type override uint8

const (
	overrideNone override = iota
	overrideUp
	overrideDown
)

// String is "up", "down" or "".
func (o override) String() string {
	switch o {
	case overrideUp:
		return "up"
	case overrideDown:
		return "down"
	}
	return ""
}

func parseOverride(text string) (override, error) {
	switch strings.TrimSpace(text) {
	case "":
		return overrideNone, nil
	case "up":
		return overrideUp, nil
	case "down":
		return overrideDown, nil
	}
	return overrideNone, errors.New(`want "up", "down" or nothing`)
}

// readOverrideFile returns what the file says. A file that does not exist in a directory
// that does says nothing: that is how an override is taken back. Every other fault is an
// error, upon which the last value stays: a volume that went away takes nothing back, nor
// does a link whose target went away.
func readOverrideFile(path string) (override, error) {
	// O_NONBLOCK, so that a FIFO in its place does not hang the poll.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		_, dirErr := os.Stat(filepath.Dir(path))
		if _, nameErr := os.Lstat(path); errors.Is(nameErr, fs.ErrNotExist) && dirErr == nil {
			return overrideNone, nil
		}
		return overrideNone, err
	}
	defer func() { _ = f.Close() }() // it was only read
	if info, err := f.Stat(); err != nil {
		return overrideNone, err
	} else if !info.Mode().IsRegular() {
		return overrideNone, fmt.Errorf("%s: want a regular file, found %s", path, info.Mode().Type())
	}
	text, err := io.ReadAll(io.LimitReader(f, 64))
	if err != nil {
		return overrideNone, err
	}
	o, err := parseOverride(string(text))
	if err != nil {
		return overrideNone, fmt.Errorf("%s: %q: %w", path, text, err)
	}
	return o, nil
}
