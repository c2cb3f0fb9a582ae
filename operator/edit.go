package operator

import (
	"context"
	"errors"
	"time"

	"github.com/go-downtime/downtime/period"
)

// EditOptions says what [Operator.Edit] changes. A nil field stays unchanged.
type EditOptions struct {
	// IfVersion is the version that the caller has seen. Another version is an error that
	// wraps [store.ErrConflict]. Nil means any.
	IfVersion *int64
	// These fields are those of [period.Period]. A pointer to the zero Time removes an end
	// or an expected end.
	Reason *string
	// ReasonLang and Reasons are those of [StartOptions].
	ReasonLang *string
	Reasons    map[string]string
	// Start is when the window begins, and StartNow begins it with the write. A start that has
	// passed is a fault if it would take the site down: if Start is one, or if Enabled is true
	// for a window whose start has passed.
	Start       *time.Time
	StartNow    bool
	End         *time.Time
	ExpectedEnd *time.Time
	Enabled     *bool
	Emergency   *bool
	// Hold is that of [StartOptions]. A pointer to 0 removes the hold.
	Hold *time.Duration
}

// Edit changes the period with this id. The start of a deployment is the time at which it began,
// and cannot change. A deployment cannot be disabled; end it instead. An end cannot be moved into
// the past: [Operator.End] ends a period.
//
// Errors: [ErrNotFound], [store.ErrConflict] beside IfVersion, those of [Operator.Start].
func (o Operator) Edit(ctx context.Context, id string, opts EditOptions) (Result, error) {
	return o.write(ctx, &write{action: period.ActionEdit, do: func(d *period.Document, now time.Time, res *Result) error {
		i, err := index(d, id)
		if err != nil {
			return err
		}
		p := &d.Periods[i]
		if err := sameVersion(*p, opts.IfVersion); err != nil {
			return err
		}
		var errs []error
		fault := func(field string, value any, problem string) {
			errs = append(errs, &period.FieldError{Field: field, Value: value, Problem: problem})
		}
		was, start := *p, opts.Start
		if opts.StartNow {
			if start != nil {
				fault("start", start.UTC().Format(time.RFC3339), "want either an instant or now, not both")
			} else if p.Kind == period.Window && p.InForce(now) {
				fault("start", p.Start.Format(time.RFC3339), "has passed: the window is in force")
			}
			start = &now
		}
		if p.Kind == period.Deployment && start != nil {
			fault("start", start.UTC().Format(time.RFC3339), "is when the deployment began, and cannot be changed")
		}
		if p.Kind == period.Deployment && opts.Enabled != nil && !*opts.Enabled {
			fault("enabled", false, "a deployment cannot be disabled; end it")
		}
		setReason(p, opts.Reason, opts.ReasonLang, opts.Reasons)
		set(&p.Enabled, opts.Enabled)
		set(&p.Emergency, opts.Emergency)
		errs = append(errs, setHold(p, opts.Hold))
		setInstant(&p.Start, start)
		if !p.Start.Equal(was.Start) {
			p.DownSince = time.Time{}
		}
		setInstant(&p.End, opts.End)
		setInstant(&p.ExpectedEnd, opts.ExpectedEnd)
		moved := p.Kind == period.Window && p.Enabled && !p.Start.Equal(was.Start)
		if p.Start.Before(now) && (moved || p.InForce(now) && !was.InForce(now)) {
			errs = append(errs, startPassed(p.Start, now)) // also if the end has passed: a duration is not at fault
		} else {
			for _, end := range []struct {
				field string
				t     *time.Time
			}{{"end", opts.End}, {"expected_end", opts.ExpectedEnd}} {
				if end.t != nil && !end.t.IsZero() && !end.t.After(now) {
					errs = append(errs, passed(end.field, period.Canonical(*end.t), now))
				}
			}
		}
		p.Version++
		p.UpdatedBy, p.UpdatedAt = o.Actor, now
		errs = append(errs, p.Validate())
		res.Period = *p
		return errors.Join(errs...)
	}})
}

// set sets the field, unless value is nil.
func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

// setInstant does the same for an instant, in canonical form.
func setInstant(field, value *time.Time) {
	if value != nil {
		*field = period.Canonical(*value)
	}
}
