package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/core/wire"
)

func (a *app) fleetCommand() *cobra.Command {
	var asJSON, watch bool
	cmd := &cobra.Command{
		Use:   "fleet [flags]",
		Short: "Every instance: what it does, what it has read, and when it last reported",
		Long: `Every instance that has reported to the store: whether it is open, refuses, or is drained
(refuses, and all that it let in before has left), which revision it has adopted, how many
requests are in flight, and when it last reported.

An instance that has not reported for a minute is silent. It may be dead or cut off, nobody
can tell; it is listed for a day. "dead" is said only where the store knows. What follows
the list is what is odd: overrides, instances that have seen what the store has lost, and
other rules (exemptions, predicates, policies), with which not the same requests would pass.

It says what was reported, and waits for nothing.`,
		Example: a.examples("fleet", "fleet --watch", "fleet --json"),
		Args:    a.args(0, 0),
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "one JSON object; with --watch one per line")
	f.BoolVar(&watch, "watch", false, "show each change until interrupted")

	return a.finish(cmd, func(cmd *cobra.Command, _ []string) error {
		v, err := a.view(cmd)
		if err != nil {
			return err
		}
		if watch {
			return a.watch(cmd, v, asJSON, func(st core.Store) looker { return lookAtFleet(v, st, asJSON) })
		}
		return a.onStore(cmd, func(ctx context.Context, st core.Store) error {
			f, err := fleetOf(ctx, st)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), f.json(), true)
			}
			return v.fleet(cmd.OutOrStdout(), f)
		})
	})
}

// lookAtFleet is what fleet --watch shows. Numbers of requests change with every report, so
// they alone are no news.
func lookAtFleet(v view, st core.Store, asJSON bool) looker {
	return func(ctx context.Context, w io.Writer) (string, error) {
		f, err := fleetOf(ctx, st)
		if err != nil {
			return "", err
		}
		var news strings.Builder
		fmt.Fprintln(&news, f.Document.Mark(), f.Verdict().Down, f.Verdict().Overdue(f.Time))
		for _, i := range f.rows {
			fmt.Fprintln(&news, i.ID, f.life(i), wire.DoingOf(i), i.Cause, f.document(i), i.Revision, i.Override, i.Regressed, i.Rules, i.Policy)
		}
		if asJSON {
			return news.String(), writeJSON(w, f.json(), false)
		}
		return news.String(), v.fleet(w, f)
	}
}
