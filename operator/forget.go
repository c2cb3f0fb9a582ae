package operator

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// noteForgotten begins the note on the tombstone of an instance that an operator forgot.
const noteForgotten = "forgotten"

// ForgetOptions names the instances that [Operator.Forget] forgets, by exactly one of ID and
// Silent.
type ForgetOptions struct {
	// ID is the id of one instance, or the first characters of it, if no other id begins so.
	ID string
	// Silent forgets all instances that have been silent for at least this time.
	Silent time.Duration
}

// Forget deletes the rows of silent instances that the operator knows to be dead, and leaves
// tombstones. It returns the forgotten instances. A barrier does not wait for them any more, and its
// result is [Presumed] for a day. If a forgotten instance lives, it registers again under another
// id. An instance that is dead for certain, or that has left, is not forgotten and not returned.
//
// Errors: [ErrLive] for the ID of an instance whose lease lasts; [ErrNoInstance] for an unknown ID;
// a *[period.FieldError] for an ID that several ids begin with; [ErrNoRows]; *[StoreError].
func (o Operator) Forget(ctx context.Context, opts ForgetOptions) ([]Instance, error) {
	j, err := o.Fleet(ctx)
	if err != nil {
		return nil, err
	}
	var forget []Instance
	if opts.ID == "" {
		forget = j.Which(func(i Instance) bool { return i.Silent() && !i.Lease.Add(max(opts.Silent, 0)).After(j.Time) })
	} else if forget, err = j.named(opts.ID); err != nil {
		return nil, err
	}
	note := noteForgotten
	if o.Actor != "" {
		note += " by " + o.Actor
	}
	rows := o.Store.(store.Rows) //nolint:forcetypeassert // Fleet has checked it
	for n, i := range forget {
		if err := rows.DeleteRow(ctx, i.ID, []byte(note)); err != nil {
			return forget[:n], storeError(err)
		}
	}
	return forget, nil
}

// named returns the silent instance with this id.
func (j Judgment) named(id string) ([]Instance, error) {
	found := j.Which(func(i Instance) bool { return i.ID == id })
	if len(found) == 0 {
		found = j.Which(func(i Instance) bool { return strings.HasPrefix(i.ID, id) })
	}
	switch {
	case len(found) == 0:
		return nil, fmt.Errorf("%q: %w", id, ErrNoInstance)
	case len(found) > 1:
		return nil, &period.FieldError{Field: "id", Value: id, Problem: fmt.Sprintf("%d ids begin so; give more characters", len(found))}
	}
	switch i := found[0]; {
	case i.Live() || i.Silent() && i.Lease.After(j.Time):
		return nil, fmt.Errorf("%q: %w", id, ErrLive)
	case !i.Silent():
		return nil, nil
	}
	return found, nil
}
