package cli

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/internal/wire"
)

func (a *app) statusCommand() *cobra.Command {
	var watch, exitCode bool
	cmd := a.newCommand("status", "status [flags]", a.args(0, 0))
	f := cmd.Flags()
	f.BoolVar(&watch, "watch", false, "show each change until interrupted")
	f.BoolVar(&exitCode, "exit-code", false, "exit with 0 if up everywhere, 10 if down everywhere, else 11, 13 or 1, see above")
	jsonFlag(cmd, "one JSON object; with --watch one per line")

	return a.finish(cmd, func(cmd *cobra.Command, _ []string) error {
		if watch && exitCode {
			return usagef("--watch and --exit-code: give only one of them")
		}
		if watch {
			return a.watch(cmd, session.lookAtState)
		}
		return a.onStore(cmd, func(ctx context.Context, s session) error {
			found, err := s.lookAtState(ctx)
			if err != nil {
				return err
			}
			err = s.print(found.json, found.text)
			if err == nil && exitCode {
				return exit(found.code)
			}
			return err
		})
	})
}

// exitCode is the exit code of status --exit-code.
func (f fleet) exitCode() int {
	c := f.counts()
	switch {
	case c == nil, c.Error != "":
		return ExitUnobserved
	case c.Disagree > 0, f.WentBack() != "" && !f.Verdict().Down:
		return ExitMixed
	case c.Silent > 0, c.Outdated > 0, c.Live == 0:
		return ExitUnobserved
	case f.Verdict().Down:
		return ExitDown
	}
	return ExitDone
}

// lookAtState reads the state and the fleet. A change of the numbers of requests alone is not shown.
func (s session) lookAtState(ctx context.Context) (look, error) {
	f, err := s.look(ctx)
	if err != nil {
		return look{}, err
	}
	found, counts := wire.Judged(s.op.Store, f.Judgment), f.counts()
	var in []string
	for _, p := range found.InForce() {
		in = append(in, p.ID, strconv.FormatBool(p.Overdue(found.Time)))
	}
	return look{
		code: f.exitCode(),
		news: fmt.Sprint(contentOf(found.Document), f.untold(), in, found.Verdict().Overdue(found.Time), f.Disagreement(), found.WentBack, counts),
		json: statusJSON{found.JSON(), counts},
		text: func(w io.Writer) {
			s.state(w, found, f)
			s.instances(w, f)
		},
	}, nil
}
