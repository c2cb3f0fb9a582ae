package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// checkedWriter keeps the first error, so that a full disk does not look like success.
type checkedWriter struct {
	w   io.Writer
	err error
}

func (c *checkedWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	if err != nil && c.err == nil {
		c.err = err
	}
	return n, err
}

// orCutOff is the outcome of the command that wrote to c. Other writers of text can
// therefore ignore their errors.
func (c *checkedWriter) orCutOff(err error) error {
	if c.err == nil {
		return err
	}
	return errors.Join(fmt.Errorf("the output above is cut off: %w", c.err), err)
}

// isTerminal reports whether w is a terminal with control sequences.
func isTerminal(w io.Writer) bool {
	if c, ok := w.(*checkedWriter); ok {
		w = c.w
	}
	f, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// paint colors text, or not.
type paint bool

// painter reports whether text for w has colors.
func (a *app) painter(w io.Writer) paint {
	return paint(!a.noColor && os.Getenv("NO_COLOR") == "" && isTerminal(w))
}

func (p paint) code(code, s string) string {
	if !p {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p paint) up(s string) string      { return p.code("1;32", s) }
func (p paint) down(s string) string    { return p.code("1;31", s) }
func (p paint) warning(s string) string { return p.code("1;33", s) }
func (p paint) faint(s string) string   { return p.code("2", s) }
