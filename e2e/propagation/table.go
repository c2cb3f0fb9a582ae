package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/go-downtime/downtime/period"
)

// fullLog is in the header of each table about propagation.
var fullLog = fmt.Sprintf("The document's log is full: %d entries, %d KiB.", period.MaxEntries, period.MaxLog>>10)

// table writes a title and the names of the columns.
func table(out io.Writer, title string, columns ...string) *tabwriter.Writer {
	fmt.Fprintf(out, "\n%s\n\n", title)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, strings.Join(columns, "\t")+"\t")
	return w
}

func verdict(bound string, ok bool) string {
	if ok {
		return bound + " ok"
	}
	return bound + " EXCEEDED"
}
