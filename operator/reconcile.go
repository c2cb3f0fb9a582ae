package operator

import (
	"context"
	"fmt"
	"time"

	"github.com/go-downtime/downtime/period"
)

// maxRaise limits how far Reconcile raises the revision at once. Revisions grow one by one, so no
// gate has seen a revision beyond this limit. A very high revision would use up the range.
const maxRaise = 1_000_000_000_000

// ReconcileOptions says which gates [Operator.Reconcile] is for.
type ReconcileOptions struct {
	// Above is the highest revision that a gate has seen. Zero means the document's own.
	Above int64
	// Replaces is the StoreID of another document that gates have seen, or
	// [period.AnyDocument]. "" means none.
	Replaces string
}

// Reconcile writes the document again with the same periods and tells gates to adopt it.
//
// After a failover or a restored backup, the store may hold an older revision or another document
// than a gate has seen. Such a gate is regressed: it refuses the requests that either document
// refuses. Later ordinary writes do not change that; Reconcile does. The new revision is above
// the document's own and above opts.Above. The write counts as a closing, because the restored
// document may refuse requests that a lost write had admitted.
//
// Check the content of the document first, because gates adopt it. Errors: [ErrNothingWritten],
// those of [Operator.Start].
func (o Operator) Reconcile(ctx context.Context, opts ReconcileOptions) (Result, error) {
	above := opts.Above
	if above < 0 || above >= period.MaxRevision {
		return Result{}, &period.FieldError{Field: "above", Value: above, Problem: "want a revision that a gate has named, from 1 up"}
	}
	return o.write(ctx, &write{action: period.ActionReconcile, do: func(d *period.Document, _ time.Time, _ *Result) error {
		if d.Format == 0 {
			return fmt.Errorf("%w: there is no document to reconcile", ErrNothingWritten)
		}
		if own := d.Revision - 1; above-own > maxRaise {
			problem := fmt.Sprintf("is more than %d above the document's revision %d; the range of revisions is limited, so begin a new document instead", int64(maxRaise), own)
			return &period.FieldError{Field: "above", Value: above, Problem: problem}
		}
		d.Reconciled = max(d.Revision-1, above)
		d.Revision = d.Reconciled + 1
		d.CloseRev = d.Revision
		if opts.Replaces != "" {
			d.Replaces = opts.Replaces
		}
		return nil
	}})
}
