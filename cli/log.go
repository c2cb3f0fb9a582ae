package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/core/wire"
)

// fewEntries is how many entries are shown where nobody says how many.
const fewEntries = 20

func (a *app) logCommand() *cobra.Command {
	var (
		asJSON bool
		limit  int
	)
	cmd := &cobra.Command{
		Use:   "log [flags]",
		Short: "Who did what, when, from where: the last writes, the newest first",
		Long: fmt.Sprintf(`Who did what, when, from where: the last writes, the newest first, with old and new values.

A store keeps the last %d writes, by this command or by the operator's page. Each is kept
with the write itself, or neither is: what is here took place, and what took place is here.
ACTOR is who did it as that was said (--actor), and nobody has proved it; FROM is the host
of the command, or the address of the page's visitor.

An edit of a file by hand is no write, and is not here; the next write says that there was
one. What was over for a week is removed without an entry. A document that was lost or
restored from a backup may take entries with it: a file's log is beside it, a table's and a
key's are where the document is.

PERIOD has a + if the write added it, a - if it ended or removed it, and a ~ if it changed
it: then CHANGE says the old value and the new one.`, core.MaxEntries),
		Example: a.examples("log", "log --limit 0", "log --json --limit 1"),
		Args:    a.args(0, 0),
	}
	cmd.Flags().IntVar(&limit, "limit", fewEntries, "the last `N` writes; 0: all that are kept")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object")

	return a.finish(cmd, func(cmd *cobra.Command, _ []string) error {
		if limit < 0 || limit > core.MaxEntries {
			return usagef("--limit %d: want 1 to %d, or 0 for all", limit, core.MaxEntries)
		}
		v, err := a.view(cmd)
		if err != nil {
			return err
		}
		return a.onStore(cmd, func(ctx context.Context, st core.Store) error {
			limit := core.LogLimit(limit)
			entries, err := core.Log(ctx, st, limit+1) // one more, to know whether there are more
			if err != nil {
				return err
			}
			more := len(entries) > limit
			entries = entries[:min(len(entries), limit)]
			if asJSON {
				j := wire.LogOf(st, entries)
				j.Application = application(st)
				return writeJSON(cmd.OutOrStdout(), j, true)
			}
			return v.log(cmd.OutOrStdout(), st.String(), entries, more)
		})
	})
}

func (v view) log(w io.Writer, store string, entries []core.Entry, more bool) error {
	if len(entries) == 0 {
		fmt.Fprintln(w, "no entries: nothing was written to "+safe(store)+" since it keeps a log")
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TIME\tACTION\tACTOR\tFROM\tPERIOD\tCHANGE")
	for _, e := range entries {
		head := strings.Join([]string{
			clock(e.Time.Truncate(time.Second), v.loc), safe(string(e.Action)),
			cmp.Or(shorten(safe(e.Actor), 32), "-"), cmp.Or(shorten(safe(e.Origin), 48), "-"),
		}, "\t")
		for _, line := range v.changes(e) {
			fmt.Fprintln(table, head+"\t"+line)
			head = "\t\t\t"
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if more {
		fmt.Fprintf(w, "\nthere are older ones: %s\n", v.command("log", "--limit", "0"))
	}
	return nil
}

// changes are the last two columns of an entry, one line for each period; one at least.
func (v view) changes(e core.Entry) []string {
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
		lines = append(lines, "\t"+"before it, somebody had edited the document by hand")
	}
	return lines
}

// fields says what a period was and is. Of one that was added or removed it leaves out what
// most periods are.
func (v view) fields(c core.Change) string {
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

// value is one of the field's, for people.
func (v view) value(f core.FieldChange, value string) string {
	if value == "" {
		return ""
	}
	if f.Instant() {
		if t, err := time.Parse(time.RFC3339Nano, value); err == nil {
			return clock(t.Truncate(time.Second), v.loc)
		}
	}
	if f.Name == "reason" || f.Name == "holder" {
		return `"` + shorten(safe(value), 48) + `"`
	}
	return safe(value)
}
