package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/core/walltime"
)

func (a *app) startCommand() *cobra.Command {
	var o struct {
		reason, until, holder string
		howLong               durationFlag
		autoEnd, emergency    bool
		actor                 *string
	}
	cmd := &cobra.Command{
		Use:   "start [flags]",
		Short: "Take the site down now",
		Long: `Take the site down now, until somebody ends it.

--for and --until say when it is expected to be over: visitors are told, and nothing opens
by it. Only --auto-end makes that the end.

A deployment belongs to its holder: this person at this host, or this CI run. A second
start by the same holder changes the deployment that is in force, and only what is given;
somebody else's start begins one beside it, and the site is up when all are ended.

This command does not wait: instances pick the write up when they next read the store, and
answer the requests that they let in before. It says how many instances there are; fleet
--watch shows which of them have read it, and are drained.`,
		Example: a.examples(
			"start --reason 'Moving the database' --for 30m",
			"start --until 06:00 --tz Europe/Berlin",
			"start --for 10m --auto-end",
			"start --emergency --reason 'Losing orders'",
		),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("%q: start takes no arguments; what visitors are told goes behind --reason", args[0])
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.reason, "reason", "", "`TEXT` for visitors")
	f.Var(&o.howLong, "for", "how long it is expected to take: 30m, 1h30m, 2d")
	f.StringVar(&o.until, "until", "", "expected to be over at `TIME`: 06:00, '2026-03-08 06:00', RFC 3339")
	f.BoolVar(&o.autoEnd, "auto-end", false, "end by itself at --for or --until")
	f.BoolVar(&o.emergency, "emergency", false, "nobody planned this: monitors are told")
	f.StringVar(&o.holder, "holder", "", "it belongs to `NAME` (else the CI run's, else the actor's)")
	o.actor = actorFlag(cmd)
	writing(cmd)

	return a.finish(cmd, func(cmd *cobra.Command, _ []string) error {
		if o.autoEnd && o.howLong == 0 && o.until == "" {
			return usagef("--auto-end: at what time? Say --for or --until")
		}
		if o.howLong != 0 && o.until != "" {
			return usagef("--for and --until: say one of them")
		}
		v, err := a.view(cmd)
		if err != nil {
			return err
		}
		actor := orDefaultActor(*o.actor)
		holder := o.holder
		if !f.Changed("holder") {
			holder = defaultHolder(actor)
		}
		return a.onWritable(cmd, func(ctx context.Context, st core.Store) error {
			until, err := a.instantFlag(ctx, st, "--until", o.until, v.loc)
			if err != nil {
				return err
			}
			res, err := core.Start(ctx, st, core.StartOptions{
				Holder: holder, Actor: actor, Origin: origin(), Reason: given(cmd, "reason", &o.reason),
				For: o.howLong.duration(), Until: until, AutoEnd: o.autoEnd, Emergency: given(cmd, "emergency", &o.emergency),
			})
			if err != nil {
				return err
			}
			if _, ok := res.After.Find(res.Period.ID); !ok {
				return fmt.Errorf("%s was begun, and ended by somebody else at once: see %s", res.Period.ID, a.command(cmd, "status"))
			}
			return a.started(cmd, v, stateOf(ctx, st, res), res)
		})
	})
}

func (a *app) started(cmd *cobra.Command, v view, s state, res core.Result) error {
	out := cmd.OutOrStdout()
	return a.report(cmd, v, s, written{
		period: &res.Period,
		first: func() {
			word := "begun"
			if res.Period.Version > 1 {
				word = "changed"
			}
			fmt.Fprintf(out, label, word, v.code("1", res.Period.ID))
			if res.Before == nil {
				fmt.Fprintf(out, label, "new", "this is the first write to "+safe(s.Store)+": is that what the site reads?")
			}
		},
		last: func() {
			v.waited(out, s)
			fmt.Fprintf(out, label, "reopen", v.command("end", res.Period.ID))
		},
	})
}

// waited says what is known of the instances, and that it is not enough to begin.
func (v view) waited(w io.Writer, s state) {
	line := "for no instance, there is no barrier yet: each refuses once it has read this,"
	if s.seen != nil && s.seen.err == nil {
		if c := s.seen.counts(); c.Live > 0 {
			line = fmt.Sprintf("for no instance, there is no barrier yet: %d of %d had read this; each refuses once it has,", c.Current, c.Live)
		}
	}
	fmt.Fprintf(w, label, "waited", line)
	fmt.Fprintf(w, label, "", "and requests that it let in before may still be running")
}

// instantFlag is the instant that a flag names; zero if it was not given. A time without a
// date is the next one by the store's clock.
func (a *app) instantFlag(ctx context.Context, st core.Store, flag, value string, loc *time.Location) (time.Time, error) {
	if value == "" {
		return time.Time{}, nil
	}
	var unreadable error
	t, err := walltime.Parse(value, loc, func() (time.Time, error) {
		read, err := st.Load(ctx, core.Mark{})
		unreadable = err
		return read.Time, err
	})
	switch {
	case unreadable != nil:
		return time.Time{}, unreadable
	case err != nil:
		return time.Time{}, usagef("%s: %v", flag, err)
	}
	return t, nil
}
