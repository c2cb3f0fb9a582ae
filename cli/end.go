package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/core/wire"
)

func (a *app) endCommand() *cobra.Command {
	var (
		holder string
		all    bool
	)
	cmd := &cobra.Command{
		Use:   "end [ID] [flags]",
		Short: "Bring the site back: end your deployment, one period, or everything",
		Long: `Bring the site back.

Without an ID it ends the deployments of the holder: this person at this host, or this CI
run. With an ID it ends that period, whosever it is: a deployment, or a window in force.
With --all it ends everything in force.

It says how things stand after it. If another period holds the site down still, it names
that one and exits with 6. It exits with 5 if there was nothing to end and the site is up.`,
		Example:           a.examples("end", "end kfm2xq", "end --all"),
		Args:              a.args(0, 1),
		ValidArgsFunction: a.completeIDs(func(status string) bool { return status == wire.InForce }),
	}
	f := cmd.Flags()
	f.BoolVar(&all, "all", false, "end everything that is in force, whosever it is")
	f.StringVar(&holder, "holder", "", "end the deployments of `NAME` (else the CI run's, else the actor's)")
	actor := actorFlag(cmd)
	writing(cmd)

	return a.finish(cmd, func(cmd *cobra.Command, args []string) error {
		o := core.EndOptions{All: all, Holder: holder, Actor: orDefaultActor(*actor), Origin: origin()}
		if len(args) > 0 {
			if o.ID = args[0]; o.ID == "" {
				return usagef("the ID is empty: see %s", a.command(cmd, "list"))
			}
		}
		switch {
		case all && (o.ID != "" || f.Changed("holder")), o.ID != "" && f.Changed("holder"):
			return usagef("an ID, --holder and --all: say one of them")
		case !all && o.ID == "" && !f.Changed("holder"):
			o.Holder = defaultHolder(o.Actor)
		}
		v, err := a.view(cmd)
		if err != nil {
			return err
		}
		return a.onWritable(cmd, func(ctx context.Context, st core.Store) error {
			res, err := core.End(ctx, st, o)
			if errors.Is(err, core.ErrNotInForce) {
				return fmt.Errorf("%w: %s", err, a.command(cmd, "cancel", o.ID))
			}
			if err != nil && !errors.Is(err, core.ErrNothingToEnd) {
				return err
			}
			return a.ended(cmd, v, stateOf(ctx, st, res), res, a.nothing(o, err))
		})
	})
}

// nothing says what was not there to be ended; nil if something was.
func (a *app) nothing(o core.EndOptions, err error) error {
	switch {
	case err == nil:
		return nil
	case o.ID != "":
		return err
	case o.All:
		return fmt.Errorf("%w: nothing is in force", core.ErrNothingToEnd)
	}
	return fmt.Errorf("%w: %s has no deployment in force", core.ErrNothingToEnd, o.Holder)
}

// ended reports what End has ended, or that it was nothing, and what is left.
func (a *app) ended(cmd *cobra.Command, v view, s state, res core.Result, nothing error) error {
	out := cmd.OutOrStdout()
	r := written{result: resultUp, ended: append([]core.Period{}, res.Ended...)}
	r.first = func() {
		for _, p := range res.Ended {
			line := v.code("1", p.ID) + "  " + string(p.Kind)
			if p.Holder != "" {
				line += " of " + safe(p.Holder)
			}
			fmt.Fprintf(out, label, "ended", line+", down for "+span(s.Time.Sub(p.Start)))
		}
	}
	var left []string
	for _, p := range res.InForce {
		left = append(left, a.command(cmd, "end", p.ID))
	}
	switch {
	case len(left) > 0:
		r.result, r.code = resultStillDown, ExitStillDown
		r.last = func() {
			for i, line := range left {
				fmt.Fprintf(out, label, map[bool]string{true: "reopen", false: ""}[i == 0], line)
			}
		}
	case nothing != nil:
		r.code = ExitNothingToEnd
	}
	err := a.report(cmd, v, s, r)
	if nothing == nil {
		return err
	}
	if len(left) > 0 {
		nothing = fmt.Errorf("%w; the site is down because of others: %s", nothing, strings.Join(left, " or "))
	} else {
		nothing = fmt.Errorf("%w; the site is up: nothing to do", nothing)
	}
	return &exitError{code: r.code, err: nothing}
}
