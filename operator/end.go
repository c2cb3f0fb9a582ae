package operator

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-downtime/downtime/period"
)

// EndOptions says what [Operator.End] ends, by exactly one of ID, All and Holder. Otherwise
// it ends nothing and returns a fault.
type EndOptions struct {
	// ID is the id of one period in force, of any holder.
	ID string
	// IfVersion is the version of that period that the caller has seen. Another version is an
	// error that wraps [store.ErrConflict]. Nil means any. Only beside ID.
	IfVersion *int64
	// All ends every period that is in force. If the store has lost its document, or keeps an
	// unreadable one that it can put aside, All writes an empty document that replaces it.
	All bool
	// IfRevision is the revision of the document that the caller has seen. Another revision is an
	// error that wraps [store.ErrConflict], so that End ends no period that began later. Nil
	// means any. Only beside All.
	IfRevision *int64
	// Holder ends the deployments in force of this holder.
	Holder string
	// Job restricts Holder to the deployments of this job. If the job has none in force, End ends
	// the deployment of the holder's other jobs, provided that it is the only one; otherwise it
	// returns an error that wraps [ErrSeveral]. Nil means all jobs. Only beside Holder.
	Job *string
}

// End ends periods in force by removing them from the document. [Result.InForce] then returns
// the periods that still keep the site down. If the operator has no Actor, the log names the
// Holder.
//
// Errors: [ErrNothingToEnd] if no such period is in force; it also wraps [ErrNotFound] for an
// unknown ID. [ErrNotInForce] for the ID of a window that is upcoming or disabled. With either of
// these errors the Result holds the state. [ErrSeveral] with Job. [store.ErrConflict] with
// IfVersion and IfRevision; those of [Operator.Start].
func (o Operator) End(ctx context.Context, opts EndOptions) (Result, error) {
	o.Actor = cmp.Or(o.Actor, opts.Holder)
	w := &write{action: period.ActionEnd, replace: true, do: func(d *period.Document, now time.Time, res *Result) (err error) {
		res.Ended, err = end(d, now, opts)
		return err
	}}
	if opts.fault() == nil && opts.All {
		w.anew = func(d *period.Document, _ time.Time, res *Result) error {
			res.Ended = []period.Period{}
			return sameRevision(d, opts.IfRevision)
		}
	}
	return o.write(ctx, w)
}

func end(d *period.Document, now time.Time, opts EndOptions) ([]period.Period, error) {
	if err := opts.fault(); err != nil {
		return nil, err
	}
	ids := []string{opts.ID}
	var err error
	switch {
	case opts.ID != "":
		err = endable(d, now, opts.ID, opts.IfVersion)
	case opts.All:
		err = sameRevision(d, opts.IfRevision)
	default:
		ids, err = endableBy(d, now, opts)
	}
	if err != nil {
		return nil, err
	}
	ended := []period.Period{}
	d.Periods = slices.DeleteFunc(d.Periods, func(p period.Period) bool {
		if !p.InForce(now) || !opts.All && !slices.Contains(ids, p.ID) {
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

// endableBy returns the ids of the deployments in force that Holder and Job name.
func endableBy(d *period.Document, now time.Time, opts EndOptions) ([]string, error) {
	var all, own []string
	for _, p := range d.Periods {
		if p.Kind != period.Deployment || p.Holder != opts.Holder || !p.InForce(now) {
			continue
		}
		all = append(all, p.ID)
		if opts.Job == nil || p.Job == *opts.Job {
			own = append(own, p.ID)
		}
	}
	switch {
	case len(own) > 0:
		return own, nil
	case len(all) > 1:
		return nil, fmt.Errorf("%s has %d deployments in force, and this job began none of them: %w: %s", opts.Holder, len(all), ErrSeveral, strings.Join(all, ", "))
	}
	return all, nil
}

// fault returns the fault of the options; nil if there is none.
func (o EndOptions) fault() error {
	const one = "want one of id, all and holder, not more"
	switch {
	case o.ID != "" && (o.All || o.Holder != ""):
		return &period.FieldError{Field: "id", Value: o.ID, Problem: one}
	case o.All && o.Holder != "":
		return &period.FieldError{Field: "holder", Value: o.Holder, Problem: one}
	case o.ID == "" && !o.All && strings.TrimSpace(o.Holder) == "":
		return &period.FieldError{Field: "holder", Value: o.Holder, Problem: "is missing; say whose deployment to end, or an id, or all"}
	case o.Holder == "" && o.Job != nil:
		return &period.FieldError{Field: "job", Value: *o.Job, Problem: "is a part of a holder; give the holder too"}
	case o.ID == "" && o.IfVersion != nil:
		return &period.FieldError{Field: "version", Value: *o.IfVersion, Problem: "is that of one period; give its id"}
	case !o.All && o.IfRevision != nil:
		return &period.FieldError{Field: "revision", Value: *o.IfRevision, Problem: "is for ending all; give the version beside an id"}
	}
	return nil
}

// endable says why the period cannot be ended; nil if it can.
func endable(d *period.Document, now time.Time, id string, version *int64) error {
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
		return fmt.Errorf("%q is disabled: %w; cancel it, or leave it", id, ErrNotInForce)
	default:
		return fmt.Errorf("%q begins at %s: %w yet; cancel it instead", id, p.Start.Format(time.RFC3339), ErrNotInForce)
	}
}
