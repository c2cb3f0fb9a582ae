package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// WindowOptions says what [Schedule] plans.
type WindowOptions struct {
	// Actor is who does it. "" means that nobody is named.
	Actor string
	// Origin is from where, for the log. "" means that it is not said.
	Origin string
	// Holder is whose window it is. "" means Actor.
	Holder string
	// Start is when it begins. An instant that has passed begins it at once, as long as
	// its end is still ahead. Zero is an error.
	Start time.Time
	// For and End say when it is over: For counts from Start. Not both. Both zero means:
	// begun by the clock, ended by somebody.
	For time.Duration
	End time.Time
	// ExpectedEnd is what visitors are told instead of the end. Zero means the end.
	ExpectedEnd time.Time
	// Reason is shown to visitors. "" means none.
	Reason string
	// Emergency marks downtime that nobody planned long before.
	Emergency bool
	// Disabled plans it without effect, until it is enabled.
	Disabled bool
}

// Schedule adds a window. See [Start] for errors and concurrency.
func Schedule(ctx context.Context, st Store, o WindowOptions) (Result, error) {
	var planned Period
	entry := &Entry{Action: ActionSchedule, Actor: o.Actor, Origin: o.Origin}
	res, err := operate(ctx, st, entry, func(d *Document, now time.Time) (err error) {
		planned, err = schedule(d, now, o)
		return err
	}, nil)
	if err != nil {
		return res, err
	}
	res.Period = planned
	return res, nil
}

func schedule(d *Document, now time.Time, o WindowOptions) (Period, error) {
	start := canonical(o.Start)
	if start.IsZero() {
		return Period{}, &FieldError{Field: "start", Problem: "is missing"}
	}
	end, err := endOf(start, o.For, o.End, "end")
	if err != nil {
		return Period{}, err
	}
	if o.Holder == "" {
		o.Holder = o.Actor
	}
	p := Period{
		ID: newID(d), Kind: Window, Start: start, End: end, ExpectedEnd: canonical(o.ExpectedEnd),
		Enabled: !o.Disabled, Emergency: o.Emergency, Reason: o.Reason, Holder: o.Holder,
		Version: 1, CreatedBy: o.Actor, CreatedAt: now,
	}
	err = p.Validate()
	if err == nil && p.Finished(now) {
		err = passed("end", p.End, now)
	}
	if err != nil {
		return Period{}, ofDuration(err, o.For, "end")
	}
	d.Periods = append(d.Periods, p)
	return p, nil
}

// EditOptions says what [Edit] changes. What is nil stays as it is.
type EditOptions struct {
	// Actor is who does it. "" means that nobody is named.
	Actor string
	// Origin is from where, for the log. "" means that it is not said.
	Origin string
	// Version is the version that the caller has seen: another one is an error that
	// wraps [ErrConflict]. Zero means any.
	Version int64
	// Reason, Start, End, ExpectedEnd, Enabled and Emergency are those of [Period]; a
	// pointer to the zero Time takes an end or an expected end away.
	Reason      *string
	Start       *time.Time
	End         *time.Time
	ExpectedEnd *time.Time
	Enabled     *bool
	Emergency   *bool
}

// Edit changes the period with this id: a window, or a deployment, whose start is when it
// was begun and stays, and which is ended rather than disabled. An end cannot be moved
// into the past; that is what [End] is for.
//
// Errors: [ErrNotFound], [ErrConflict] beside Version, and those of [Start].
func Edit(ctx context.Context, st Store, id string, o EditOptions) (Result, error) {
	var edited Period
	entry := &Entry{Action: ActionEdit, Actor: o.Actor, Origin: o.Origin}
	res, err := operate(ctx, st, entry, func(d *Document, now time.Time) (err error) {
		edited, err = edit(d, now, id, o)
		return err
	}, nil)
	if err != nil {
		return res, err
	}
	res.Period = edited
	return res, nil
}

func edit(d *Document, now time.Time, id string, o EditOptions) (Period, error) {
	i, err := index(d, id)
	if err != nil {
		return Period{}, err
	}
	p := &d.Periods[i]
	if err := sameVersion(*p, o.Version); err != nil {
		return Period{}, err
	}
	var errs []error
	if p.Kind == Deployment && o.Start != nil {
		errs = append(errs, &FieldError{Field: "start", Value: o.Start.UTC().Format(time.RFC3339), Problem: "is when the deployment was begun, which cannot be changed"})
	}
	if p.Kind == Deployment && o.Enabled != nil && !*o.Enabled {
		errs = append(errs, &FieldError{Field: "enabled", Value: false, Problem: "cannot be said of a deployment; end it"})
	}
	for field, t := range map[string]*time.Time{"end": o.End, "expected_end": o.ExpectedEnd} {
		if t != nil && !t.IsZero() && !t.After(now) {
			errs = append(errs, passed(field, canonical(*t), now))
		}
	}
	set(&p.Reason, o.Reason)
	set(&p.Enabled, o.Enabled)
	set(&p.Emergency, o.Emergency)
	setInstant(&p.Start, o.Start)
	setInstant(&p.End, o.End)
	setInstant(&p.ExpectedEnd, o.ExpectedEnd)
	p.Version++
	p.UpdatedBy, p.UpdatedAt = o.Actor, now
	errs = append(errs, p.Validate())
	return *p, errors.Join(errs...)
}

// CancelOptions guards [Cancel], and says who it is.
type CancelOptions struct {
	// Actor is who does it, for the log. "" means that nobody is named.
	Actor string
	// Origin is from where, for the log. "" means that it is not said.
	Origin string
	// Version is the version that the caller has seen: another one is an error that
	// wraps [ErrConflict]. Zero means any.
	Version int64
}

// Cancel removes a period that refuses nothing now: a window that is still to come, is
// disabled, or is over.
//
// Errors: [ErrNotFound], [ErrInForce] (End ends it), [ErrConflict] beside Version, those
// of the [Store], [ErrUnconfirmed].
func Cancel(ctx context.Context, st Store, id string, o CancelOptions) (Result, error) {
	var gone Period
	entry := &Entry{Action: ActionCancel, Actor: o.Actor, Origin: o.Origin}
	res, err := operate(ctx, st, entry, func(d *Document, now time.Time) error {
		i, err := index(d, id)
		if err != nil {
			return err
		}
		gone = d.Periods[i]
		if err := sameVersion(gone, o.Version); err != nil {
			return err
		}
		if gone.InForce(now) {
			return fmt.Errorf("%q %w: end it instead", id, ErrInForce)
		}
		d.Periods = slices.Delete(d.Periods, i, i+1)
		return nil
	}, nil)
	if err != nil {
		return res, err
	}
	res.Period = gone
	return res, nil
}

func sameVersion(p Period, seen int64) error {
	if seen != 0 && seen != p.Version {
		return fmt.Errorf("%q has version %d now, not %d: %w", p.ID, p.Version, seen, ErrConflict)
	}
	return nil
}

// sameRevision is about the document that d is being made of: d has the next revision.
func sameRevision(d *Document, seen *int64) error {
	if seen != nil && *seen != d.Revision-1 {
		return fmt.Errorf("the document has revision %d now, not %d: %w", d.Revision-1, *seen, ErrConflict)
	}
	return nil
}

func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

func setInstant(field, value *time.Time) {
	if value != nil {
		*field = canonical(*value)
	}
}
