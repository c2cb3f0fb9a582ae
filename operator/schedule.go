package operator

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/go-downtime/downtime/period"
)

// WindowOptions says what [Operator.Schedule] plans.
type WindowOptions struct {
	// Holder is the holder of the window. "" means the Actor.
	Holder string
	// Start is when the window begins, or StartNow begins it with the write. One of them is
	// required. A Start that has passed is a fault, so that no mistyped date takes the site down.
	Start    time.Time
	StartNow bool
	// End, or Start plus EndAfter, is when the window is over. Without either, the window lasts
	// until an operator ends it.
	End      time.Time
	EndAfter time.Duration
	// ExpectedEnd, or Start plus ExpectedAfter, is the end that visitors are told. Without
	// either, visitors are told the end of the window.
	ExpectedEnd   time.Time
	ExpectedAfter time.Duration
	// Reason is shown to visitors. "" means none. ReasonLang is its language, a tag such as "de". ""
	// means not known. Reasons are the reasons in further languages, see [period.Period].
	Reason, ReasonLang string
	Reasons            map[string]string
	// Emergency marks downtime that was not planned long before.
	Emergency bool
	// Hold is that of [StartOptions]. Zero means none.
	Hold time.Duration
	// Disabled plans the window, but it has no effect until an operator enables it.
	Disabled bool
}

// Schedule adds a window. See [Operator.Start] for errors.
func (o Operator) Schedule(ctx context.Context, opts WindowOptions) (Result, error) {
	return o.write(ctx, &write{action: period.ActionSchedule, do: func(d *period.Document, now time.Time, res *Result) error {
		start := period.Canonical(opts.Start)
		switch {
		case opts.StartNow && !start.IsZero():
			return &period.FieldError{Field: "start", Value: start.Format(time.RFC3339), Problem: "want either an instant or now, not both"}
		case opts.StartNow:
			start = now
		case start.IsZero():
			return &period.FieldError{Field: "start", Problem: "is missing"}
		}
		last, promised := moment{"end", opts.End, opts.EndAfter}, moment{"expected_end", opts.ExpectedEnd, opts.ExpectedAfter}
		end, err := last.from(start)
		if err != nil {
			return err
		}
		expected, err := promised.from(start)
		if err != nil {
			return err
		}
		p := period.Period{
			ID: newID(d), Kind: period.Window, Start: start, End: end, ExpectedEnd: expected,
			Enabled: !opts.Disabled, Emergency: opts.Emergency,
			Reason: opts.Reason, ReasonLang: opts.ReasonLang, Reasons: period.NewReasons(opts.Reasons),
			Holder:  cmp.Or(opts.Holder, o.Actor),
			Version: 1, CreatedBy: o.Actor, CreatedAt: now,
		}
		held := setHold(&p, &opts.Hold)
		err = errors.Join(held, p.Validate())
		switch {
		case err != nil:
		case p.Start.Before(now) && p.Enabled:
			err = startPassed(p.Start, now) // also if the end has passed: a duration is not at fault
		case p.Finished(now):
			err = passed("end", p.End, now)
		}
		if err != nil {
			return afterFaults(err, last, promised)
		}
		d.Periods = append(d.Periods, p)
		res.Period = p
		return nil
	}})
}
