package operator

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/go-downtime/downtime/period"
)

// CancelOptions guards [Operator.Cancel].
type CancelOptions struct {
	// IfVersion is the version that the caller has seen. Another version is an error that
	// wraps [store.ErrConflict]. Nil means any.
	IfVersion *int64
}

// Cancel removes a period that refuses no request now: a window that is upcoming, disabled or
// over.
//
// Errors: [ErrNotFound], [ErrInForce] (End ends it), [store.ErrConflict] beside IfVersion,
// those of [Operator.Start].
func (o Operator) Cancel(ctx context.Context, id string, opts CancelOptions) (Result, error) {
	return o.write(ctx, &write{action: period.ActionCancel, do: func(d *period.Document, now time.Time, res *Result) error {
		i, err := index(d, id)
		if err != nil {
			return err
		}
		res.Period = d.Periods[i]
		if err := sameVersion(res.Period, opts.IfVersion); err != nil {
			return err
		}
		if res.Period.InForce(now) {
			return fmt.Errorf("%q: %w; end it instead", id, ErrInForce)
		}
		d.Periods = slices.Delete(d.Periods, i, i+1)
		return nil
	}})
}
