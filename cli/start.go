package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/operator"
)

func (a *app) startCommand() *cobra.Command {
	var o struct {
		reason             reasonFlags
		until, holder      string
		howLong            durationFlag
		hold               holdFlag
		autoEnd, emergency bool
		barrier            waiting
	}
	cmd := a.newCommand("start", "start [flags]", func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usagef("%q: start takes no arguments; the reason for visitors goes after --reason", args[0])
		}
		return nil
	})
	f := cmd.Flags()
	o.reason.flags(f, "`TEXT` for visitors")
	f.Var(&o.howLong, "for", "how long it is expected to take: 30m, 1h30m, 2d")
	f.StringVar(&o.until, "until", "", "expected to be over at `TIME`: 06:00, '2026-03-08 06:00', RFC 3339")
	f.BoolVar(&o.autoEnd, "auto-end", false, "end by itself at --for or --until")
	f.Var(&o.hold, "hold", "let new requests wait for up to this time instead of failing: 20s; 0 ends it")
	f.BoolVar(&o.emergency, "emergency", false, "it was not planned: monitors are told")
	f.StringVar(&o.holder, "holder", "", "it belongs to `NAME` (else the CI run's, else the actor's)")
	o.barrier.flags(f, true)
	writing(cmd)

	return a.finish(cmd, func(cmd *cobra.Command, _ []string) error {
		switch {
		case o.autoEnd && o.howLong == 0 && o.until == "":
			return usagef("--auto-end: at what time? Give --for or --until")
		case o.howLong != 0 && o.until != "":
			return usagef("--for and --until: give only one of them")
		}
		if err := o.barrier.check(f); err != nil {
			return err
		}
		return a.onStore(cmd, func(ctx context.Context, s session) error {
			until, err := s.instant(ctx, "--until", o.until, time.Time{})
			if err != nil {
				return err
			}
			whose := s.holderOf(o.holder)
			opts := operator.StartOptions{
				Holder: whose.name, Job: whose.job, Reason: given(cmd, "reason", &o.reason.text), Emergency: given(cmd, "emergency", &o.emergency),
				ReasonLang: given(cmd, "reason-lang", &o.reason.language), Reasons: o.reason.others,
				Hold: given(cmd, "hold", (*time.Duration)(&o.hold.durationFlag)),
			}
			if o.autoEnd {
				opts.End, opts.EndAfter = until, o.howLong.duration()
			} else {
				opts.ExpectedEnd, opts.ExpectedAfter = until, o.howLong.duration()
			}
			res, err := s.op.Start(ctx, opts)
			if err != nil {
				return err
			}
			if _, ok := res.After.Find(res.Period.ID); !ok {
				return &exitError{ExitSuperseded, fmt.Errorf("%s was begun, and another operator ended it at once: see %s", res.Period.ID, s.command("status"))}
			}
			return s.started(ctx, res, &o.barrier)
		})
	})
}

// started reports a start. Unless --no-wait was given, it waits for the barrier first.
func (s session) started(ctx context.Context, res operator.Result, o *waiting) error {
	w := written{res: res, first: func() {
		word := "begun"
		if res.Period.Version > 1 {
			word = "changed"
		}
		fmt.Fprintf(s.out, label, word, s.code("1", res.Period.ID))
		s.outdated(res.Before, res.Period)
		if res.Before == nil {
			fmt.Fprintf(s.out, label, "new", "this is the first write to "+safe(s.op.Store.Info().Name)+"; check that the site reads this store")
		}
	}}
	if !o.none && !isDryRun(s.cmd) {
		s.app.wrote = true
		return s.barrier(ctx, w, o.apply(s.cmd.Flags(), res.Barrier()), o.limit.duration())
	}
	w.last = func() {
		fmt.Fprintf(s.out, label, "waited", "not; requests may still run. To wait: "+s.command("wait", res.Period.ID))
		fmt.Fprintf(s.out, label, "reopen", s.command("end", res.Period.ID))
	}
	return s.report(ctx, w)
}
