package cli

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

const (
	dryRunPrefix = "dry run: "
	resultWord   = "RESULT"
	leastWidth   = 40 // of a terminal for which lines are broken
)

// lineWriter writes whole lines. It marks the lines of a dry run, and breaks a long line at its
// blanks so that it fits the terminal. It does not break a line with a command to copy.
type lineWriter struct {
	w      io.Writer
	width  int    // columns; 0: no limit
	prefix string // of every line, except the one with the result
	whole  string // a line that contains this text is not broken

	pending []byte // a line without its end
}

func (l *lineWriter) Write(p []byte) (int, error) {
	l.pending = append(l.pending, p...)
	for {
		line, rest, ok := bytes.Cut(l.pending, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		if err := l.line(string(line) + "\n"); err != nil {
			return 0, err
		}
		l.pending = rest
	}
}

// flush writes a last line that has no end.
func (l *lineWriter) flush() {
	if len(l.pending) > 0 {
		_ = l.line(string(l.pending)) // the writer below keeps the error
		l.pending = nil
	}
}

func (l *lineWriter) line(line string) error {
	if l.prefix != "" && line != "\n" && !strings.HasPrefix(line, resultWord) {
		line = l.prefix + line
	}
	if l.width >= leastWidth && !strings.Contains(line, l.whole) {
		line = broken(line, l.width)
	}
	_, err := io.WriteString(l.w, line)
	return err
}

// broken is line in lines of at most width columns, where blanks allow it. The text of a second
// column stays in it.
func broken(line string, width int) string {
	indent := secondColumn(line)
	if indent > width/2 {
		indent = 0
	}
	var out strings.Builder
	for columns(line) > width {
		end := lastBlank(line, width, indent)
		if end < 0 {
			break
		}
		out.WriteString(line[:end] + "\n")
		line = strings.Repeat(" ", indent) + strings.TrimLeft(line[end:], " ")
	}
	return out.String() + line
}

// secondColumn is where the second column of the line begins, after two blanks at least, or after
// the blanks before the first.
func secondColumn(line string) int {
	first := len(line) - len(strings.TrimLeft(line, " "))
	gap := strings.Index(line[first:], "  ")
	if gap < 0 || first > 8 {
		return first
	}
	rest := line[first+gap:]
	return columns(line[:first+gap]) + len(rest) - len(strings.TrimLeft(rest, " "))
}

// lastBlank is the index of the last blank within width columns, after the indentation; -1 if
// there is none.
func lastBlank(line string, width, indent int) int {
	last := -1
	for i, r := range line {
		if r != ' ' {
			continue
		}
		switch column := columns(line[:i]); {
		case column > width:
			return last
		case column > indent:
			last = i
		}
	}
	return last
}

// control is a control sequence of a terminal.
var control = regexp.MustCompile(`\x1b\[[^@-~]*[@-~]`)

// columns counts the characters of s that a terminal shows.
func columns(s string) int {
	return utf8.RuneCountInString(control.ReplaceAllString(strings.TrimSuffix(s, "\n"), ""))
}
