package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"golang.org/x/term"
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

// orCutOff returns err, or the exit code for a report that could not be printed to c. Other
// functions that print can therefore ignore their errors. wrote is true if the command has
// changed the store.
func (c *checkedWriter) orCutOff(err error, wrote bool) error {
	switch {
	case c.err == nil:
		return err
	case wrote:
		return &exitError{ExitUnreported, fmt.Errorf("the change is made and confirmed, but its report could not be printed: %w", c.err)}
	}
	if errors.Is(c.err, syscall.EPIPE) {
		return exit(ExitFailed) // the reader has seen enough, as in "list | head -1"
	}
	return errors.Join(fmt.Errorf("the output above is cut off: %w", c.err), err)
}

// isTerminal reports whether w is a terminal with control sequences.
func isTerminal(w io.Writer) bool {
	f := fileOf(w)
	return f != nil && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}

// widthOf is the number of columns of w; 0 if w is no terminal.
func widthOf(w io.Writer) int {
	if f := fileOf(w); f != nil {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			return width
		}
	}
	return 0
}

// fileOf is the file behind the writers of this package; nil if there is none.
func fileOf(w io.Writer) *os.File {
	for {
		switch under := w.(type) {
		case *checkedWriter:
			w = under.w
		case *lineWriter:
			w = under.w
		case *os.File:
			return under
		default:
			return nil
		}
	}
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
