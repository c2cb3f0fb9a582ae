package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/operator"
)

func (a *app) forgetCommand() *cobra.Command {
	var silent durationFlag
	cmd := a.newCommand("fleet-forget", "forget {ID | --silent AGE} [flags]", a.args(0, 1))
	f := cmd.Flags()
	f.Var(&silent, "silent", "forget all that have been silent for this time")
	f.String("actor", "", "done by `NAME` (else user@host)")
	return a.finish(cmd, func(cmd *cobra.Command, args []string) error {
		if count(len(args) > 0, f.Changed("silent")) != 1 {
			return usagef("an ID or --silent: say one of them: see %s", a.command(cmd, "fleet"))
		}
		o := operator.ForgetOptions{Silent: silent.duration()}
		if len(args) > 0 {
			if o.ID = args[0]; o.ID == "" {
				return usagef("the ID is empty: see %s", a.command(cmd, "fleet"))
			}
		}
		return a.onStore(cmd, func(ctx context.Context, s session) error {
			forgotten, err := s.op.Forget(ctx, o)
			s.app.wrote = len(forgotten) > 0
			for _, i := range forgotten {
				fmt.Fprintf(s.out, label, "forgotten", instanceName(i)+"  "+safe(i.ID))
			}
			switch {
			case errors.Is(err, operator.ErrNoInstance):
				return &exitError{ExitFailed, fmt.Errorf("%w: see %s", err, s.command("fleet"))}
			case err == nil && len(forgotten) == 0:
				fmt.Fprintf(s.out, label, "nothing", "to forget: no such instance is silent")
			}
			return err
		})
	})
}
