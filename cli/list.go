package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/core"
)

func (a *app) listCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [flags]",
		Short: "All periods: in force, upcoming, disabled, and over for less than a week",
		Long: `All periods, one a line: in force, upcoming, disabled, and finished. What was over for
a week is removed with the next write. "~" marks an end that is only expected.`,
		Example: a.examples("list", "list --json --tz UTC"),
		Args:    a.args(0, 0),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object")

	return a.finish(cmd, func(cmd *cobra.Command, _ []string) error {
		v, err := a.view(cmd)
		if err != nil {
			return err
		}
		return a.onStore(cmd, func(ctx context.Context, st core.Store) error {
			read, err := st.Load(ctx, core.Mark{})
			if err != nil {
				return err
			}
			s := found(st, read)
			if !asJSON {
				return v.list(cmd.OutOrStdout(), s)
			}
			out := listJSON{Store: s.store, Time: s.now, Written: s.doc != nil, Periods: s.periodsJSON(s.sorted())}
			if s.doc != nil {
				out.Revision = s.doc.Revision
			}
			return writeJSON(cmd.OutOrStdout(), out, true)
		})
	})
}

// sorted are all periods: what is in force first, then by start.
func (s state) sorted() []core.Period {
	rank := []string{inForce, upcoming, disabled, finished}
	return slices.SortedStableFunc(slices.Values(s.periods()), func(x, y core.Period) int {
		return cmp.Or(
			cmp.Compare(slices.Index(rank, statusOf(x, s.now)), slices.Index(rank, statusOf(y, s.now))),
			x.Start.Compare(y.Start),
		)
	})
}

func (v view) list(w io.Writer, s state) error {
	periods := s.sorted()
	if len(periods) == 0 {
		if s.doc == nil {
			fmt.Fprintln(w, "no periods: nothing was ever written to "+safe(s.store))
		} else {
			fmt.Fprintln(w, "no periods")
		}
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tSTATUS\tKIND\tFROM\tTO\tHOLDER\tREASON")
	for _, p := range periods {
		to := "-"
		switch {
		case !p.ExpectedEnd.IsZero() && p.End.IsZero():
			to = "~" + clock(p.ExpectedEnd, v.loc)
		case !p.End.IsZero():
			to = clock(p.End, v.loc)
		}
		status := statusOf(p, s.now)
		if p.Overdue(s.now) {
			status = "overdue"
		}
		row := []string{
			p.ID, status, string(p.Kind), clock(p.Start, v.loc), to,
			cmp.Or(shorten(safe(p.Holder), 32), "-"), cmp.Or(shorten(safe(p.Reason), 48), "-"),
		}
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	fmt.Fprintf(table, "\nat %s\n", clock(s.now.Truncate(time.Second), v.loc))
	return table.Flush()
}
