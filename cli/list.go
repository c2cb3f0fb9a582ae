package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/internal/wire"
)

func (a *app) listCommand() *cobra.Command {
	cmd := a.newCommand("list", "list [flags]", a.args(0, 0))
	jsonFlag(cmd, "one JSON object")

	return a.finishOnStore(cmd, func(ctx context.Context, s session, _ []string) error {
		found, err := s.read(ctx)
		if err != nil {
			return err
		}
		return s.print(found.List(), func(w io.Writer) { s.list(w, found) })
	})
}

func (v view) list(w io.Writer, f wire.Found) {
	periods := f.Sorted()
	if len(periods) == 0 {
		if f.Document == nil {
			fmt.Fprintln(w, "no periods: nothing was ever written to "+safe(f.Store))
		} else {
			fmt.Fprintln(w, "no periods")
		}
		return
	}
	table := newTable(w, "ID", "STATUS", "KIND", "FROM", "TO", "HOLDER", "REASON")
	for _, p := range periods {
		to := "-"
		switch {
		case !p.ExpectedEnd.IsZero() && p.End.IsZero():
			to = "~" + clock(p.ExpectedEnd, v.loc)
		case !p.End.IsZero():
			to = clock(p.End, v.loc)
		}
		status := wire.StatusOf(p, f.Time)
		if p.Overdue(f.Time) {
			status = "overdue"
		}
		kind := string(p.Kind)
		if hold := p.Hold(); hold > 0 {
			kind += ", hold " + span(hold)
		}
		table.row(
			p.ID, status, kind, clock(p.Start, v.loc), to,
			cmp.Or(shorten(safe(p.Holder), 32), "-"), cmp.Or(reasonShort(p), "-"),
		)
	}
	table.flush()
	fmt.Fprintf(w, "\nat %s\n", clock(f.Time.Truncate(time.Second), v.loc))
}
