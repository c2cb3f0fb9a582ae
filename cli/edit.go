package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
)

// edits are the flags of edit.
type edits struct {
	reason                                     reasonFlags
	start, until                               string
	howLong                                    durationFlag
	hold                                       holdFlag
	autoEnd, noEnd, enable, disable, emergency bool
}

func (a *app) editCommand() *cobra.Command {
	var e edits
	cmd := a.newCommand("edit", "edit ID [flags]", a.args(1, 1))
	cmd.ValidArgsFunction = a.completeIDs(func(status string) bool { return status != wire.Finished })
	f := cmd.Flags()
	e.reason.flags(f, "`TEXT` for visitors; '' for none in any language")
	f.StringVar(&e.start, "start", "", "the window begins at `TIME`, or now")
	f.Var(&e.howLong, "for", "how long it lasts, or is expected to take from now")
	f.StringVar(&e.until, "until", "", "over, or expected to be over, at `TIME`")
	f.BoolVar(&e.autoEnd, "auto-end", false, "a deployment ends by itself at --for or --until")
	f.BoolVar(&e.noEnd, "no-end", false, "no end and no expected end: until an operator ends it")
	f.Var(&e.hold, "hold", "let new requests wait for up to this time instead of failing: 20s; 0 ends it")
	f.BoolVar(&e.enable, "enable", false, "a disabled window has effect again")
	f.BoolVar(&e.disable, "disable", false, "keep the window, without effect")
	f.BoolVar(&e.emergency, "emergency", false, "it was not planned: monitors are told (--emergency=false takes it back)")
	writing(cmd)

	return a.finish(cmd, func(cmd *cobra.Command, args []string) error {
		if err := e.check(cmd); err != nil {
			return err
		}
		return a.onStore(cmd, func(ctx context.Context, s session) error {
			o, err := s.editOptions(ctx, args[0], e)
			if err != nil {
				return err
			}
			res, err := s.op.Edit(ctx, args[0], o)
			return s.changed(ctx, "changed", res, err)
		})
	})
}

func (e edits) check(cmd *cobra.Command) error {
	f := cmd.Flags()
	ends := count(e.howLong != 0, e.until != "", e.noEnd)
	switch {
	case ends > 1:
		return usagef("--for, --until and --no-end: give only one of them")
	case e.autoEnd && (ends == 0 || e.noEnd):
		return usagef("--auto-end: at what time? Give --for or --until")
	case e.enable && e.disable:
		return usagef("--enable and --disable: give only one of them")
	case ends == 0 && e.start == "" && !e.enable && !e.disable && !e.reason.given(cmd) && !f.Changed("emergency") && !f.Changed("hold"):
		return usagef("nothing to change: give --reason, --reason-in, --start, --for, --until, --no-end, --hold, --enable, --disable or --emergency")
	}
	return nil
}

// editOptions reads the period, because the meaning of --for and --until depends on its
// kind.
func (s session) editOptions(ctx context.Context, id string, e edits) (operator.EditOptions, error) {
	found, err := s.read(ctx)
	if err != nil {
		return operator.EditOptions{}, err
	}
	p, ok := found.Document.Find(id)
	if !ok {
		return operator.EditOptions{}, fmt.Errorf("%q: %w", id, operator.ErrNotFound)
	}
	if p.Kind == period.Window && e.autoEnd {
		return operator.EditOptions{}, usagef("--auto-end: %s is a window, which ends by itself", id)
	}
	o := operator.EditOptions{
		IfVersion: &p.Version, Reason: given(s.cmd, "reason", &e.reason.text), Emergency: given(s.cmd, "emergency", &e.emergency),
		ReasonLang: given(s.cmd, "reason-lang", &e.reason.language), Reasons: e.reason.others,
		Hold: given(s.cmd, "hold", (*time.Duration)(&e.hold.durationFlag)),
	}
	if e.enable || e.disable {
		o.Enabled = &e.enable
	}
	start, err := s.start(ctx, e.start)
	if err != nil {
		return o, err
	}
	from := found.Time
	if e.start == now {
		o.StartNow = true
	} else if !start.IsZero() {
		o.Start, from = &start, start
	} else if p.Kind == period.Window {
		from = p.Start
	}
	after := from
	if found.Time.After(after) {
		after = found.Time
	}
	until, err := s.instant(ctx, "--until", e.until, after)
	if err != nil {
		return o, err
	}
	if e.howLong != 0 {
		until = from.Add(e.howLong.duration())
	}
	if e.noEnd || !until.IsZero() {
		o.End, o.ExpectedEnd = &until, &time.Time{}
		if p.Kind == period.Deployment && !e.autoEnd {
			o.End, o.ExpectedEnd = o.ExpectedEnd, o.End
		}
	}
	return o, nil
}
