package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/period"
)

// fewEntries is how many entries log shows without --limit.
const fewEntries = 20

func (a *app) logCommand() *cobra.Command {
	var limit int
	cmd := a.newCommand("log", "log [flags]", a.args(0, 0),
		"{ENTRIES}", strconv.Itoa(period.MaxEntries), "{KIB}", strconv.Itoa(period.MaxLog>>10))
	cmd.Flags().IntVar(&limit, "limit", fewEntries, "the last `N` writes; 0: all that are kept")
	jsonFlag(cmd, "one JSON object")

	return a.finish(cmd, func(cmd *cobra.Command, _ []string) error {
		if limit < 0 || limit > period.MaxEntries {
			return usagef("--limit %d: want 1 to %d, or 0 for all", limit, period.MaxEntries)
		}
		return a.onStore(cmd, func(ctx context.Context, s session) error {
			entries, err := s.op.Log(ctx, 0)
			if err != nil && len(entries) == 0 {
				return err
			}
			more := limit > 0 && len(entries) > limit
			if more {
				entries = entries[:limit]
			}
			log := wire.LogOf(s.op.Store, entries)
			return errors.Join(s.print(log, func(w io.Writer) { s.log(w, log, more) }), err)
		})
	})
}

func (v view) log(w io.Writer, log wire.Log, more bool) {
	if len(log.Entries) == 0 {
		fmt.Fprintln(w, "no entries: nothing was written to "+safe(log.Store))
		return
	}
	table := newTable(w, "TIME", "ACTION", "ACTOR", "FROM", "PERIOD", "CHANGE")
	for _, e := range log.Entries {
		head := []string{
			clock(e.Time.Truncate(time.Second), v.loc), safe(string(e.Action)),
			cmp.Or(shorten(safe(e.Actor), 32), "-"), cmp.Or(shorten(safe(e.Origin), 48), "-"),
		}
		for _, line := range v.changes(e) {
			table.row(append(head, strings.Split(line, "\t")...)...)
			head = []string{"", "", "", ""}
		}
	}
	table.flush()
	if more {
		fmt.Fprintf(w, "\nthere are older ones: %s\n", v.command("log", "--limit", "0"))
	}
}

// changes are the last two columns of an entry: at least one line, and one for each period.
func (v view) changes(e period.Entry) []string {
	var lines []string
	for _, c := range e.Changes {
		sign := "~"
		switch {
		case c.Before == nil:
			sign = "+"
		case c.After == nil:
			sign = "-"
		}
		lines = append(lines, sign+safe(c.ID())+"\t"+cmp.Or(v.fields(c), "-"))
	}
	if e.Omitted > 0 {
		lines = append(lines, fmt.Sprintf("…\tand %d more", e.Omitted))
	}
	if len(lines) == 0 {
		lines = append(lines, fmt.Sprintf("-\trevision %d", e.Revision))
	}
	if e.HandEdited {
		lines = append(lines, "\tbefore it, the document was edited by hand")
	}
	if e.Anew != "" {
		lines = append(lines, "\tit began a new document: the one before was "+safe(e.Anew))
	}
	return lines
}

// fields are the old and new values of a period. For a period that was added or removed,
// they leave out the usual ones.
func (v view) fields(c period.Change) string {
	var parts []string
	for _, f := range c.Fields() {
		was, is := v.value(f, f.Before), v.value(f, f.After)
		if c.Before != nil && c.After != nil {
			parts = append(parts, f.Name+" "+cmp.Or(was, "-")+" → "+cmp.Or(is, "-"))
			continue
		}
		if usual := f.Name == "enabled" && was+is == "true" || f.Name == "emergency" && was+is == "false"; !usual {
			parts = append(parts, f.Name+" "+was+is)
		}
	}
	return strings.Join(parts, ", ")
}

// value is a value of the field, for people.
func (v view) value(f period.FieldChange, value string) string {
	if value == "" {
		return ""
	}
	if f.Instant() {
		if t, err := time.Parse(time.RFC3339Nano, value); err == nil {
			return clock(t.Truncate(time.Second), v.loc)
		}
	}
	if f.Name == "reason" || strings.HasPrefix(f.Name, "reasons.") || f.Name == "holder" || f.Name == "job" {
		return `"` + shorten(safe(value), 48) + `"`
	}
	return safe(value)
}
