package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/core/walltime"
	"github.com/go-downtime/downtime/core/wire"
)

func (a *app) scheduleCommand() *cobra.Command {
	var o struct {
		start, until, reason, holder string
		howLong                      durationFlag
		noEnd, emergency             bool
		actor                        *string
	}
	cmd := &cobra.Command{
		Use:   "schedule --start TIME (--for DURATION | --until TIME) [flags]",
		Short: "Plan a window: downtime that begins and ends by the clock",
		Long: `Plan a window: downtime that begins and ends by the store's clock, once.

A window whose start has passed begins at once, as long as its end is ahead.`,
		Example: a.examples(
			"schedule --start '2026-03-08 01:00' --for 2h --tz America/New_York --reason 'New disks'",
			"schedule --start 2026-03-08T06:00:00Z --until 2026-03-08T07:30:00Z",
			"schedule --start 23:00 --no-end",
		),
		Args: a.args(0, 0),
	}
	f := cmd.Flags()
	f.StringVar(&o.start, "start", "", "begins at `TIME`: 23:00, '2026-03-08 01:00', RFC 3339")
	f.Var(&o.howLong, "for", "how long it lasts: 30m, 1h30m, 2d")
	f.StringVar(&o.until, "until", "", "over at `TIME`")
	f.BoolVar(&o.noEnd, "no-end", false, "begun by the clock, and ended by somebody")
	f.StringVar(&o.reason, "reason", "", "`TEXT` for visitors")
	f.BoolVar(&o.emergency, "emergency", false, "nobody planned this long before: monitors are told")
	f.StringVar(&o.holder, "holder", "", "it belongs to `NAME` (else the CI run's, else the actor's)")
	o.actor = actorFlag(cmd)
	writing(cmd)

	return a.finish(cmd, func(cmd *cobra.Command, _ []string) error {
		if o.start == "" {
			return usagef("--start: when does it begin?")
		}
		if count(o.howLong != 0, o.until != "", o.noEnd) != 1 {
			return usagef("when does it end? Say one of --for, --until and --no-end")
		}
		v, err := a.view(cmd)
		if err != nil {
			return err
		}
		actor := orDefaultActor(*o.actor)
		holder := o.holder
		if holder == "" {
			holder = defaultHolder(actor)
		}
		return a.onWritable(cmd, func(ctx context.Context, st core.Store) error {
			start, err := a.instantFlag(ctx, st, "--start", o.start, v.loc)
			if err != nil {
				return err
			}
			end, err := a.endAfter(ctx, st, start, o.until, v.loc)
			if err != nil {
				return err
			}
			res, err := core.Schedule(ctx, st, core.WindowOptions{
				Actor: actor, Origin: origin(), Holder: holder, Start: start, For: o.howLong.duration(), End: end,
				Reason: o.reason, Emergency: o.emergency,
			})
			if err != nil {
				return err
			}
			return a.changed(ctx, cmd, v, st, res, "planned")
		})
	})
}

// endAfter is the instant that --until names. A time without a date is the next one after
// the start, not after now: "--start 23:00 --until 01:00".
func (a *app) endAfter(ctx context.Context, st core.Store, start time.Time, until string, loc *time.Location) (time.Time, error) {
	if until == "" {
		return time.Time{}, nil
	}
	if start.IsZero() {
		return a.instantFlag(ctx, st, "--until", until, loc)
	}
	t, err := walltime.Parse(until, loc, func() (time.Time, error) { return start, nil })
	if err != nil {
		return time.Time{}, usagef("--until: %v", err)
	}
	return t, nil
}

func (a *app) editCommand() *cobra.Command {
	var e edits
	cmd := &cobra.Command{
		Use:   "edit ID [flags]",
		Short: "Change a window, or a deployment in force",
		Long: `Change a window, or a deployment in force: only what is given.

--for and --until mean what they mean where the period was made: the end of a window, the
expected end of a deployment (with --auto-end its end). --for counts from the start of a
window, and from now for a deployment. If somebody else has changed the period in between,
nothing is changed.`,
		Example: a.examples(
			"edit kfm2xq --until 07:00",
			"edit kfm2xq --start '2026-03-08 02:00' --for 1h",
			"edit kfm2xq --reason ''",
			"edit kfm2xq --disable",
		),
		Args:              a.args(1, 1),
		ValidArgsFunction: a.completeIDs(func(status string) bool { return status != wire.Finished }),
	}
	f := cmd.Flags()
	f.StringVar(&e.reason, "reason", "", "`TEXT` for visitors; '' for none")
	f.StringVar(&e.start, "start", "", "the window begins at `TIME`")
	f.Var(&e.howLong, "for", "how long it lasts, or is expected to take from now")
	f.StringVar(&e.until, "until", "", "over, or expected to be over, at `TIME`")
	f.BoolVar(&e.autoEnd, "auto-end", false, "a deployment ends by itself at --for or --until")
	f.BoolVar(&e.noEnd, "no-end", false, "no end and no expected end: until somebody ends it")
	f.BoolVar(&e.enable, "enable", false, "let a disabled window count again")
	f.BoolVar(&e.disable, "disable", false, "keep the window, without effect")
	f.BoolVar(&e.emergency, "emergency", false, "nobody planned this: monitors are told (--emergency=false takes it back)")
	e.actor = actorFlag(cmd)
	writing(cmd)

	return a.finish(cmd, func(cmd *cobra.Command, args []string) error {
		if err := e.check(cmd); err != nil {
			return err
		}
		v, err := a.view(cmd)
		if err != nil {
			return err
		}
		return a.onWritable(cmd, func(ctx context.Context, st core.Store) error {
			o, err := a.editOptions(ctx, cmd, st, args[0], e, v.loc)
			if err != nil {
				return err
			}
			res, err := core.Edit(ctx, st, args[0], o)
			if err != nil {
				return err
			}
			return a.changed(ctx, cmd, v, st, res, "changed")
		})
	})
}

// edits are the flags of edit.
type edits struct {
	reason, start, until                       string
	howLong                                    durationFlag
	autoEnd, noEnd, enable, disable, emergency bool
	actor                                      *string
}

func (e edits) check(cmd *cobra.Command) error {
	f := cmd.Flags()
	ends := count(e.howLong != 0, e.until != "", e.noEnd)
	switch {
	case ends > 1:
		return usagef("--for, --until and --no-end: say one of them")
	case e.autoEnd && (ends == 0 || e.noEnd):
		return usagef("--auto-end: at what time? Say --for or --until")
	case e.enable && e.disable:
		return usagef("--enable and --disable: say one of them")
	case ends == 0 && e.start == "" && !e.enable && !e.disable && !f.Changed("reason") && !f.Changed("emergency"):
		return usagef("nothing to change: say --reason, --start, --for, --until, --no-end, --enable, --disable or --emergency")
	}
	return nil
}

// editOptions reads the period, because what --for and --until mean depends on its kind.
func (a *app) editOptions(ctx context.Context, cmd *cobra.Command, st core.Store, id string, e edits, loc *time.Location) (core.EditOptions, error) {
	read, err := st.Load(ctx, core.Mark{})
	if err != nil {
		return core.EditOptions{}, err
	}
	p, ok := read.Document.Find(id)
	if !ok {
		return core.EditOptions{}, fmt.Errorf("%q: %w", id, core.ErrNotFound)
	}
	if p.Kind == core.Window && e.autoEnd {
		return core.EditOptions{}, usagef("--auto-end: %s is a window, which ends by itself", id)
	}
	o := core.EditOptions{
		Actor: orDefaultActor(*e.actor), Origin: origin(), Version: p.Version,
		Reason: given(cmd, "reason", &e.reason), Emergency: given(cmd, "emergency", &e.emergency),
	}
	if e.enable || e.disable {
		o.Enabled = &e.enable
	}
	start, err := a.instantFlag(ctx, st, "--start", e.start, loc)
	if err != nil {
		return o, err
	}
	from := read.Time
	if !start.IsZero() {
		o.Start, from = &start, start
	} else if p.Kind == core.Window {
		from = p.Start
	}
	until, err := a.endAfter(ctx, st, laterOf(from, read.Time), e.until, loc)
	if err != nil {
		return o, err
	}
	if e.howLong != 0 {
		until = from.Add(e.howLong.duration())
	}
	if e.noEnd || !until.IsZero() {
		o.End, o.ExpectedEnd = &until, &time.Time{}
		if p.Kind == core.Deployment && !e.autoEnd {
			o.End, o.ExpectedEnd = &time.Time{}, &until
		}
	}
	return o, nil
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (a *app) cancelCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:               "cancel ID [flags]",
		Short:             "Remove a window that is still to come",
		Long:              "Remove a window that is still to come, is disabled, or is over. What is in force is ended, with `end`.",
		Example:           a.examples("cancel kfm2xq"),
		Args:              a.args(1, 1),
		ValidArgsFunction: a.completeIDs(func(status string) bool { return status != wire.InForce }),
	}
	actor := actorFlag(cmd)
	writing(cmd)
	return a.finish(cmd, func(cmd *cobra.Command, args []string) error {
		v, err := a.view(cmd)
		if err != nil {
			return err
		}
		return a.onWritable(cmd, func(ctx context.Context, st core.Store) error {
			res, err := core.Cancel(ctx, st, args[0], core.CancelOptions{Actor: orDefaultActor(*actor), Origin: origin()})
			if errors.Is(err, core.ErrInForce) {
				return fmt.Errorf("%w: %s", err, a.command(cmd, "end", args[0]))
			}
			if err != nil {
				return err
			}
			return a.changed(ctx, cmd, v, st, res, "cancelled")
		})
	})
}

// changed reports a period that was planned, changed or cancelled.
func (a *app) changed(ctx context.Context, cmd *cobra.Command, v view, st core.Store, res core.Result, word string) error {
	s := stateOf(ctx, st, res)
	return a.report(cmd, v, s, written{period: &res.Period, first: func() {
		v.period(cmd.OutOrStdout(), word, res.Period, s.Time)
		if word == "planned" && res.Period.InForce(s.Time) {
			fmt.Fprintf(cmd.OutOrStdout(), label, "", v.warning("its start has passed: it is in force now"))
		}
	}})
}

func count(facts ...bool) int {
	n := 0
	for _, f := range facts {
		if f {
			n++
		}
	}
	return n
}
