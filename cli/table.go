package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// The characters to which a cell of a narrow terminal is shortened.
const (
	leastCell = 8
	leastTime = 18 // "~", a date and a time to the minute, and a mark that the zone is missing
)

// table writes lines of aligned cells. On a terminal the lines fit its width.
type table struct {
	w     io.Writer
	width int // 0: no limit
	rows  [][]string
}

func newTable(w io.Writer, head ...string) *table {
	return &table{w: w, width: widthOf(w), rows: [][]string{head}}
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

// flush writes the table. It shortens the widest cells, and leaves out the last columns, where
// the terminal is too narrow.
func (t *table) flush() {
	widths := t.widths()
	total := func() int {
		sum := 2 * (len(widths) - 1)
		for _, w := range widths {
			sum += w
		}
		return sum
	}
	for t.width > 0 && total() > t.width && len(widths) > 1 {
		if widest := t.widest(widths); widest >= 0 {
			widths[widest]--
		} else {
			widths = widths[:len(widths)-1]
		}
	}
	for _, row := range t.rows {
		var line strings.Builder
		for n, cell := range row[:min(len(row), len(widths))] {
			cell = shorten(cell, widths[n])
			line.WriteString(cell + strings.Repeat(" ", 2+widths[n]-utf8.RuneCountInString(cell)))
		}
		fmt.Fprintln(t.w, strings.TrimRight(line.String(), " "))
	}
	if left := t.rows[0][len(widths):]; len(left) > 0 {
		fmt.Fprintf(t.w, "\nnot shown: %s: for these, widen the terminal, or use --json\n", strings.Join(left, ", "))
	}
}

// widest returns the column that exceeds its least width by the most columns; -1 if no column
// exceeds it.
func (t *table) widest(widths []int) int {
	widest, most := -1, 0
	for n, width := range widths {
		least := leastCell
		if slices.Contains([]string{"TIME", "FROM", "TO"}, t.rows[0][n]) {
			least = leastTime
		}
		if more := width - least; more > most {
			widest, most = n, more
		}
	}
	return widest
}

// widths are the widths of the columns of the head.
func (t *table) widths() []int {
	widths := make([]int, len(t.rows[0]))
	for _, row := range t.rows {
		for n, cell := range row[:min(len(row), len(widths))] {
			widths[n] = max(widths[n], utf8.RuneCountInString(cell))
		}
	}
	return widths
}
