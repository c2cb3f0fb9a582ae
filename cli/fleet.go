package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/internal/wire"
)

func (a *app) fleetCommand() *cobra.Command {
	var watch bool
	cmd := &cobra.Command{
		Use:   "fleet [flags]",
		Short: "Every instance: its state, the revision it has adopted, and its last report",
		Long: `Every instance that has reported to the store: whether it is open, refuses, or is drained
(refuses, and every request that it admitted before has ended), which revision it has
adopted, how many requests are in flight, and when it last reported.

An instance that has not reported for a minute is silent: it is dead or cut off, and the
store cannot tell which. It is listed for a day. An instance is dead only if the store knows
that its process has ended. Below the list are warnings: overrides, instances that have
seen a revision that the store has lost, and instances with other rules (exemptions,
predicates, policies), which let other requests pass.

The command shows the last reports. It does not wait for new ones.

fleet forget forgets a silent instance that you know to be dead.`,
		Example: a.examples("fleet", "fleet --watch", "fleet --json", "fleet forget --silent 1h"),
		Args:    a.args(0, 0),
	}
	cmd.Flags().BoolVar(&watch, "watch", false, "show each change until interrupted")
	jsonFlag(cmd, "one JSON object; with --watch one per line")

	cmd.AddCommand(a.forgetCommand())
	return a.finish(cmd, func(cmd *cobra.Command, _ []string) error {
		if watch {
			return a.watch(cmd, lookAtFleet)
		}
		return a.onStore(cmd, func(ctx context.Context, s session) error {
			found, err := lookAtFleet(s)(ctx)
			if err != nil {
				return err
			}
			return s.print(found.json, found.text)
		})
	})
}

// lookAtFleet is the looker of fleet --watch. Numbers of requests change with every report. A
// change of them alone is not shown.
func lookAtFleet(s session) looker {
	return func(ctx context.Context) (look, error) {
		f, err := s.fleet(ctx)
		if err != nil {
			return look{}, err
		}
		var news strings.Builder
		fmt.Fprintln(&news, contentOf(f.Document), f.Err, f.Verdict().Down, f.Verdict().Overdue(f.Time), f.WentBack())
		for _, i := range f.Instances {
			fmt.Fprintln(&news, i.ID, f.doing(i), i.Err, i.Cause, i.Standing, i.Revision, i.Override, i.Regressed, i.Problem, i.Warning, i.Rules, i.Policy)
		}
		j := fleetJSON{Fleet: wire.FleetOf(s.op.Store, f.Judgment)}
		if f.Err != nil {
			j.Error = f.Err.Error()
		}
		return look{news: news.String(), json: j, text: func(w io.Writer) { s.fleetText(w, f) }}, nil
	}
}
