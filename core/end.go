package core

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// EndOptions says what [End] ends, by exactly one of ID, All and Holder. None of them, or
// more than one, is a [*FieldError], and nothing is ended.
type EndOptions struct {
	// ID is one period that is in force, whosever it is.
	ID string
	// Version is the version of it that the caller has seen: another one is an error that
	// wraps [ErrConflict]. Zero means any. Only beside ID.
	Version int64
	// All means everything that is in force. Where the document is gone ([ErrLost], which
	// refuses every other write), it writes a fresh, empty one.
	All bool
	// Revision is that of the document that the caller has seen: another one is an error
	// that wraps [ErrConflict], so that nothing is ended that was begun since. Nil means any.
	// Only beside All.
	Revision *int64
	// Holder means the deployments in force of this holder.
	Holder string
	// Actor is who does it, for the log. "" means Holder, and where that is "" too, that
	// nobody is named.
	Actor string
	// Origin is from where, for the log. "" means that it is not said.
	Origin string
}

// End ends what the options name, by removing it from the document, and tells what holds
// the site down after that (Result.InForce).
//
// Errors: [ErrNothingToEnd] if nothing of it is in force (also wrapping [ErrNotFound] for
// an unknown ID), [ErrNotInForce] for the ID of a window that is still to come or
// disabled; the Result then tells the state all the same, and nothing was written.
// [ErrConflict] beside Version or Revision, [*FieldError], those of the [Store], [ErrUnconfirmed]. Safe
// for concurrent use.
func End(ctx context.Context, st Store, o EndOptions) (Result, error) {
	var ended []Period
	var anew change
	if o.fault() == nil && o.All {
		anew = func(d *Document, _ time.Time) error {
			ended = []Period{}
			return sameRevision(d, o.Revision)
		}
	}
	entry := &Entry{Action: ActionEnd, Actor: cmp.Or(o.Actor, o.Holder), Origin: o.Origin}
	res, err := operate(ctx, st, entry, func(d *Document, now time.Time) (err error) {
		ended, err = end(d, now, o)
		return err
	}, anew)
	if err != nil {
		return res, err
	}
	res.Ended = ended
	return res, nil
}

func end(d *Document, now time.Time, o EndOptions) ([]Period, error) {
	if err := o.fault(); err != nil {
		return nil, err
	}
	var ours func(p Period) bool
	switch {
	case o.ID != "":
		if err := endable(d, now, o.ID, o.Version); err != nil {
			return nil, err
		}
		ours = func(p Period) bool { return p.ID == o.ID }
	case o.All:
		if err := sameRevision(d, o.Revision); err != nil {
			return nil, err
		}
		ours = func(Period) bool { return true }
	default:
		ours = func(p Period) bool { return p.Kind == Deployment && p.Holder == o.Holder }
	}
	ended := []Period{}
	d.Periods = slices.DeleteFunc(d.Periods, func(p Period) bool {
		if !p.InForce(now) || !ours(p) {
			return false
		}
		ended = append(ended, p)
		return true
	})
	if len(ended) == 0 {
		return nil, ErrNothingToEnd
	}
	return ended, nil
}

// fault is what is wrong about the options themselves; nil if nothing is.
func (o EndOptions) fault() error {
	const one = "want one of id, all and holder, not more"
	switch {
	case o.ID != "" && (o.All || o.Holder != ""):
		return &FieldError{Field: "id", Value: o.ID, Problem: one}
	case o.All && o.Holder != "":
		return &FieldError{Field: "holder", Value: o.Holder, Problem: one}
	case o.ID == "" && !o.All && strings.TrimSpace(o.Holder) == "":
		return &FieldError{Field: "holder", Value: o.Holder, Problem: "is missing; say whose deployment to end, or an id, or all"}
	case o.ID == "" && o.Version != 0:
		return &FieldError{Field: "version", Value: o.Version, Problem: "is that of one period; give its id"}
	case !o.All && o.Revision != nil:
		return &FieldError{Field: "revision", Value: *o.Revision, Problem: "is for ending all; give the version beside an id"}
	}
	return nil
}

// endable says why the period cannot be ended; nil if it can.
func endable(d *Document, now time.Time, id string, version int64) error {
	i, err := index(d, id)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNothingToEnd, err)
	}
	if err := sameVersion(d.Periods[i], version); err != nil {
		return err
	}
	switch p := d.Periods[i]; {
	case p.InForce(now):
		return nil
	case p.Finished(now):
		return fmt.Errorf("%w: %q was over at %s", ErrNothingToEnd, id, p.End.Format(time.RFC3339))
	case !p.Enabled:
		return fmt.Errorf("%q is disabled and %w; cancel it, or leave it", id, ErrNotInForce)
	default:
		return fmt.Errorf("%q begins at %s and %w yet; cancel it instead", id, p.Start.Format(time.RFC3339), ErrNotInForce)
	}
}
