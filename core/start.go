package core

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
)

// StartOptions says what [Start] begins. On a second Start by the same holder, what is
// left at its zero value stays as it is.
type StartOptions struct {
	// Holder is whose deployment it is, 1 to MaxNameLen bytes: a second Start by the same
	// holder changes it, an End without an ID ends it.
	Holder string
	// Actor is who does it. "" means Holder.
	Actor string
	// Origin is from where, for the log. "" means that it is not said.
	Origin string
	// Revision is that of the document that the caller has seen, 0 if nothing was written
	// then: another one is an error that wraps [ErrConflict]. Nil means any.
	Revision *int64
	// Reason is shown to visitors. Nil means none, or unchanged.
	Reason *string
	// For and Until say when it is *expected* to be over: For counts from the store's
	// time now. Not both. They replace what was said about the end before, also an
	// automatic one. Both zero means unknown, or unchanged.
	For   time.Duration
	Until time.Time
	// AutoEnd makes For or Until the end itself: the site then comes back without
	// anybody's doing. It demands one of them.
	AutoEnd bool
	// Emergency marks downtime that nobody planned. Nil means false, or unchanged.
	Emergency *bool
}

// Start takes the site down from now on, until [End], or until the time that AutoEnd
// spelled out. If the holder has a deployment in force already, that one is changed,
// without a gap; two concurrent Starts by one holder make one deployment.
//
// It returns when the write is confirmed by reading it back. It does not wait for any
// instance. Errors: [*FieldError] (joined), [ErrConflict] beside Revision, those of the
// [Store], [ErrUnconfirmed]. It is safe for concurrent use, by goroutines and processes.
func Start(ctx context.Context, st Store, o StartOptions) (Result, error) {
	var begun Period
	entry := &Entry{Actor: cmp.Or(o.Actor, o.Holder), Origin: o.Origin}
	res, err := operate(ctx, st, entry, func(d *Document, now time.Time) (err error) {
		begun, err = start(d, now, o)
		entry.Action = ActionStart
		if begun.Version > 1 {
			entry.Action = ActionChange
		}
		return err
	}, nil)
	if err != nil {
		return res, err
	}
	res.Period = begun
	return res, nil
}

func start(d *Document, now time.Time, o StartOptions) (Period, error) {
	if strings.TrimSpace(o.Holder) == "" {
		return Period{}, &FieldError{Field: "holder", Value: o.Holder, Problem: "is missing; say whose deployment it is"}
	}
	if err := sameRevision(d, o.Revision); err != nil {
		return Period{}, err
	}
	if o.Actor == "" {
		o.Actor = o.Holder
	}
	end, err := endOf(now, o.For, o.Until, "until")
	switch {
	case err != nil:
		return Period{}, err
	case end.IsZero() && o.AutoEnd:
		return Period{}, &FieldError{Field: "auto_end", Value: true, Problem: "wants a duration or an instant to end at"}
	case !end.IsZero() && !end.After(now):
		return Period{}, passed("until", end, now)
	}

	i := slices.IndexFunc(d.Periods, func(p Period) bool {
		return p.Kind == Deployment && p.Holder == o.Holder && p.InForce(now)
	})
	if i < 0 {
		i = len(d.Periods)
		d.Periods = append(d.Periods, Period{
			ID: newID(d), Kind: Deployment, Start: now, Enabled: true, Holder: o.Holder,
			CreatedBy: o.Actor, CreatedAt: now,
		})
	} else {
		d.Periods[i].UpdatedBy, d.Periods[i].UpdatedAt = o.Actor, now
	}
	p := &d.Periods[i]
	p.Version++
	if o.Reason != nil {
		p.Reason = *o.Reason
	}
	if o.Emergency != nil {
		p.Emergency = *o.Emergency
	}
	if !end.IsZero() {
		p.End, p.ExpectedEnd = time.Time{}, end
		if o.AutoEnd {
			p.End, p.ExpectedEnd = end, time.Time{}
		}
	}
	return *p, ofDuration(p.Validate(), o.For, "end", "expected_end")
}
