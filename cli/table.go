package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

const leastCell = 8 // characters to which a cell of a narrow terminal is shortened

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
	for t.width > 0 && total() > t.width {
		widest := slices.Index(widths, slices.Max(widths))
		if widths[widest] <= leastCell {
			widths = widths[:len(widths)-1]
			continue
		}
		widths[widest]--
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
		fmt.Fprintf(t.w, "\nnot shown: %s: for these, widen the terminal, or say --json\n", strings.Join(left, ", "))
	}
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
