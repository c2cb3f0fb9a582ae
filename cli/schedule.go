package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/operator"
)

func (a *app) scheduleCommand() *cobra.Command {
	var o struct {
		reason               reasonFlags
		start, until, holder string
		howLong              durationFlag
		hold                 holdFlag
		noEnd, emergency     bool
	}
	cmd := a.newCommand("schedule", "schedule --start TIME (--for DURATION | --until TIME) [flags]", a.args(0, 0))
	f := cmd.Flags()
	f.StringVar(&o.start, "start", "", "begins at `TIME`: 23:00, 'tomorrow 01:00', '2026-03-08 01:00', now")
	f.Var(&o.howLong, "for", "how long it lasts: 30m, 1h30m, 2d")
	f.StringVar(&o.until, "until", "", "over at `TIME`")
	f.BoolVar(&o.noEnd, "no-end", false, "the clock begins it, and an operator ends it")
	f.Var(&o.hold, "hold", "let new requests wait for up to this time from its start instead of failing: 20s")
	o.reason.flags(f, "`TEXT` for visitors")
	f.BoolVar(&o.emergency, "emergency", false, "it was not planned long before: monitors are told")
	f.StringVar(&o.holder, "holder", "", "it belongs to `NAME` (else the CI run's, else the actor's)")
	writing(cmd)

	return a.finish(cmd, func(cmd *cobra.Command, _ []string) error {
		if o.start == "" {
			return usagef("--start: when does it begin?")
		}
		if count(o.howLong != 0, o.until != "", o.noEnd) != 1 {
			return usagef("when does it end? Give one of --for, --until and --no-end")
		}
		return a.onStore(cmd, func(ctx context.Context, s session) error {
			start, err := s.start(ctx, o.start)
			if err != nil {
				return err
			}
			end, err := s.instant(ctx, "--until", o.until, start) // "--start 23:00 --until 01:00"
			if err != nil {
				return err
			}
			res, err := s.op.Schedule(ctx, operator.WindowOptions{
				Holder: s.holderOf(o.holder).name, Start: start, StartNow: o.start == now, End: end, EndAfter: o.howLong.duration(),
				Reason: o.reason.text, ReasonLang: o.reason.language, Reasons: o.reason.others, Emergency: o.emergency, Hold: o.hold.duration(),
			})
			return s.changed(ctx, "planned", res, err)
		})
	})
}

func (a *app) cancelCommand() *cobra.Command {
	cmd := a.newCommand("cancel", "cancel ID [flags]", a.args(1, 1))
	cmd.ValidArgsFunction = a.completeIDs(func(status string) bool { return status != wire.InForce })
	writing(cmd)
	return a.finishOnStore(cmd, func(ctx context.Context, s session, args []string) error {
		res, err := s.op.Cancel(ctx, args[0], operator.CancelOptions{})
		return s.changed(ctx, "canceled", res, err)
	})
}

// changed reports a period that was planned, changed or canceled.
func (s session) changed(ctx context.Context, word string, res operator.Result, err error) error {
	if err != nil {
		return err
	}
	return s.report(ctx, written{res: res, first: func() {
		s.period(s.out, word, res.Period, res.Time)
		s.outdated(res.Before, res.Period)
		if word == "planned" && res.Period.InForce(res.Time) {
			fmt.Fprintf(s.out, label, "", s.warning("it is in force now"))
		}
	}})
}
