package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/operator"
)

func (a *app) startCommand() *cobra.Command {
	var o struct {
		reason, until, holder string
		howLong               durationFlag
		autoEnd, emergency    bool
	}
	cmd := &cobra.Command{
		Use:   "start [flags]",
		Short: "Take the site down now",
		Long: `Take the site down now, until an operator ends it.

--for and --until are the expected end: visitors are told, and the site stays down after it.
With --auto-end they are the real end, and the site reopens by itself.

A deployment belongs to its holder: this person at this host, or this job of a CI run. A
second start by the same holder changes the deployment that is in force, and only what is
given. A start by another holder, or by another job of the run, begins another one, and the
site is up when all are ended.

This command does not wait: instances adopt the write with their next read of the store, and
finish the requests that they admitted before. It says how many instances there are; fleet
--watch shows which of them have read it, and are drained.`,
		Example: a.examples(
			"start --reason 'Moving the database' --for 30m",
			"start --until 06:00 --tz Europe/Berlin",
			"start --for 10m --auto-end",
			"start --emergency --reason 'Losing orders'",
		),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("%q: start takes no arguments; the reason for visitors goes after --reason", args[0])
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.reason, "reason", "", "`TEXT` for visitors")
	f.Var(&o.howLong, "for", "how long it is expected to take: 30m, 1h30m, 2d")
	f.StringVar(&o.until, "until", "", "expected to be over at `TIME`: 06:00, '2026-03-08 06:00', RFC 3339")
	f.BoolVar(&o.autoEnd, "auto-end", false, "end by itself at --for or --until")
	f.BoolVar(&o.emergency, "emergency", false, "it was not planned: monitors are told")
	f.StringVar(&o.holder, "holder", "", "it belongs to `NAME` (else the CI run's, else the actor's)")
	writing(cmd)

	return a.finish(cmd, func(cmd *cobra.Command, _ []string) error {
		switch {
		case o.autoEnd && o.howLong == 0 && o.until == "":
			return usagef("--auto-end: at what time? Give --for or --until")
		case o.howLong != 0 && o.until != "":
			return usagef("--for and --until: give only one of them")
		}
		return a.onStore(cmd, func(ctx context.Context, s session) error {
			until, err := s.instant(ctx, "--until", o.until, time.Time{})
			if err != nil {
				return err
			}
			whose := s.holderOf(o.holder)
			opts := operator.StartOptions{
				Holder: whose.name, Job: whose.job, Reason: given(cmd, "reason", &o.reason), Emergency: given(cmd, "emergency", &o.emergency),
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
			return s.started(ctx, res)
		})
	})
}

func (s session) started(ctx context.Context, res operator.Result) error {
	return s.report(ctx, written{
		res: res,
		first: func() {
			word := "begun"
			if res.Period.Version > 1 {
				word = "changed"
			}
			fmt.Fprintf(s.out, label, word, s.code("1", res.Period.ID))
			if res.Before == nil {
				fmt.Fprintf(s.out, label, "new", "this is the first write to "+safe(s.op.Store.Info().Name)+": is that what the site reads?")
			}
		},
		last: func(fleet *wire.Counts) {
			s.waited(fleet)
			fmt.Fprintf(s.out, label, "reopen", s.command("end", res.Period.ID))
		},
	})
}

// waited says what is known of the instances, and that it is not enough to begin.
func (s session) waited(c *wire.Counts) {
	read := "each refuses once it has read this,"
	switch {
	case c == nil || c.Live == 0:
	case c.Disagree > 0:
		read = fmt.Sprintf("%d of %d had read this; those named above do not refuse,", c.Current, c.Live)
	default:
		read = fmt.Sprintf("%d of %d had read this; each refuses once it has,", c.Current, c.Live)
	}
	fmt.Fprintf(s.out, label, "waited", "for no instance, there is no barrier yet: "+read)
	fmt.Fprintf(s.out, label, "", "and requests that an instance admitted before may still be running")
}
