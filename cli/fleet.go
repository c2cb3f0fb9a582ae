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
	cmd := a.newCommand("fleet", "fleet [flags]", a.args(0, 0))
	cmd.Flags().BoolVar(&watch, "watch", false, "show each change until interrupted")
	jsonFlag(cmd, "one JSON object; with --watch one per line")

	cmd.AddCommand(a.forgetCommand())
	return a.finish(cmd, func(cmd *cobra.Command, _ []string) error {
		if watch {
			return a.watch(cmd, session.lookAtFleet)
		}
		return a.onStore(cmd, func(ctx context.Context, s session) error {
			found, err := s.lookAtFleet(ctx)
			if err != nil {
				return err
			}
			return s.print(found.json, found.text)
		})
	})
}

// lookAtFleet reads the instances. Numbers of requests change with every report. A change of them alone
// is not shown.
func (s session) lookAtFleet(ctx context.Context) (look, error) {
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
