package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
)

// resultMixed stands after RESULT if a live instance has not adopted the write in time.
const resultMixed = "mixed"

func (a *app) endCommand() *cobra.Command {
	var flags operator.EndOptions
	var limit durationFlag
	cmd := a.newCommand("end", "end [ID] [flags]", a.args(0, 1))
	cmd.ValidArgsFunction = a.completeIDs(func(status string) bool { return status == wire.InForce })
	f := cmd.Flags()
	f.BoolVar(&flags.All, "all", false, "end everything that is in force, of any holder")
	f.StringVar(&flags.Holder, "holder", "", "end the deployments of `NAME` (else the CI run's, else the actor's)")
	f.Var(&limit, "wait", "how long to wait until every live instance has adopted it (else not at all)")
	writing(cmd)

	return a.finish(cmd, func(cmd *cobra.Command, args []string) error {
		o := flags
		if count(len(args) > 0, f.Changed("holder"), o.All) > 1 {
			return usagef("an ID, --holder and --all: give only one of them")
		}
		if len(args) > 0 {
			if o.ID = args[0]; o.ID == "" {
				return usagef("the ID is empty: see %s", a.command(cmd, "list"))
			}
		}
		return a.onStore(cmd, func(ctx context.Context, s session) error {
			whose := s.holderOf("")
			if !o.All && o.ID == "" && !f.Changed("holder") {
				o.Holder, o.Job = whose.name, &whose.job
			}
			res, err := s.op.End(ctx, o)
			switch {
			case err == nil:
			case errors.Is(err, operator.ErrSeveral):
				return usagef("%v: end one by its ID: %s ID", err, s.command("end"))
			case !errors.Is(err, operator.ErrNothingToEnd):
				return err
			case o.All:
				err = fmt.Errorf("%w: nothing is in force", err)
			case o.ID == "":
				err = fmt.Errorf("%w: %s has no deployment in force", err, o.Holder)
			}
			return s.ended(ctx, res, err, limit.duration())
		})
	})
}

// ended reports the periods that End has ended, and those that are still in force. nothing is the
// error if there was nothing to end; nil if there was something. A limit of more than 0 is how long
// it waits for the instances.
func (s session) ended(ctx context.Context, res operator.Result, nothing error, limit time.Duration) error {
	if res.Ended == nil {
		res.Ended = []period.Period{}
	}
	r := written{res: res, first: func() {
		for _, p := range res.Ended {
			line := s.code("1", p.ID) + "  " + string(p.Kind)
			if p.Holder != "" {
				line += " of " + safe(p.Holder+jobText(p.Job))
			}
			fmt.Fprintf(s.out, label, "ended", line+", down for "+span(res.Time.Sub(p.Start)))
		}
	}}
	if limit > 0 && nothing == nil && !isDryRun(s.cmd) {
		s.app.wrote = true
		if !asJSON(s.cmd) {
			r.first()
			r.first = nil
		}
		j, err := s.awaitAdoption(res, limit)
		if err != nil {
			return err
		}
		r.judgment = &j
		if lagging := j.Lagging(res); len(lagging) > 0 {
			r.result, r.code = resultMixed, ExitMixed
			r.last = func() { fmt.Fprintf(s.out, label, "waiting", s.warning("for "+named(lagging))+": "+s.command("fleet")) }
		}
	}
	var left []string
	for _, p := range res.InForce() {
		left = append(left, s.command("end", p.ID))
	}
	why := "no period holds the site down: nothing to do"
	switch {
	case len(left) > 0:
		r.result, r.code = wire.StillDown, ExitStillDown
		why = "the site is down because of others: " + strings.Join(left, " or ")
		r.last = func() {
			word := "reopen"
			for _, line := range left {
				fmt.Fprintf(s.out, label, word, line)
				word = ""
			}
		}
	case nothing != nil:
		r.code = ExitNothingToEnd
	}
	err := s.report(ctx, r)
	if nothing == nil {
		return err
	}
	return &exitError{code: r.code, err: fmt.Errorf("%w; %s", nothing, why)}
}
