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
			return writeJSON(cmd.OutOrStdout(), s.List(), true)
		})
	})
}

func (v view) list(w io.Writer, s state) error {
	periods := s.Sorted()
	if len(periods) == 0 {
		if s.Document == nil {
			fmt.Fprintln(w, "no periods: nothing was ever written to "+safe(s.Store))
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
		status := wire.StatusOf(p, s.Time)
		if p.Overdue(s.Time) {
			status = "overdue"
		}
		row := []string{
			p.ID, status, string(p.Kind), clock(p.Start, v.loc), to,
			cmp.Or(shorten(safe(p.Holder), 32), "-"), cmp.Or(shorten(safe(p.Reason), 48), "-"),
		}
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	fmt.Fprintf(table, "\nat %s\n", clock(s.Time.Truncate(time.Second), v.loc))
	return table.Flush()
}
