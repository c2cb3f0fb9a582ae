package core

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// maxRaise is how far Reconcile goes at once. Revisions are counted one by one, so that
// nobody has seen one further up, and what is raised to the end can never be written again.
const maxRaise = 1_000_000_000_000

// errNothingWritten is refused by Reconcile: there is no document to raise.
var errNothingWritten = errors.New("nothing was ever written, so there is nothing to reconcile")

// ReconcileOptions says how far [Reconcile] goes, and who it is.
type ReconcileOptions struct {
	// Above is the highest revision that a gate has named. Zero means the document's own.
	Above int64
	// Actor is who does it, for the log. "" means that nobody is named.
	Actor string
	// Origin is from where, for the log. "" means that it is not said.
	Origin string
}

// Reconcile writes the document again as it is, with a revision above its own and above
// o.Above. After a failover or a restored backup, gates that have seen a later
// revision keep the more restrictive of the two states, whatever is written after, until
// this command says that they may take what the store holds; Status of such a gate names
// the revision that it has, and Above must reach it. It counts as a closing: what the lost
// writes had opened may be refused again.
//
// Look at the document first: what it holds is what holds afterwards. More than 10^12 above
// the document's own is refused: that no gate has seen, and it would use up the revisions.
// Errors: see [Start].
func Reconcile(ctx context.Context, st Store, o ReconcileOptions) (Result, error) {
	above := o.Above
	if above < 0 || above >= MaxRevision {
		return Result{}, &FieldError{Field: "above", Value: above, Problem: "want a revision that a gate has named, from 1 up"}
	}
	entry := &Entry{Action: ActionReconcile, Actor: o.Actor, Origin: o.Origin}
	return operate(ctx, st, entry, func(d *Document, _ time.Time) error {
		if d.Format == 0 {
			return errNothingWritten
		}
		if own := d.Revision - 1; above-own > maxRaise {
			return &FieldError{Field: "above", Value: above, Problem: fmt.Sprintf("is more than %d above the document's revision %d, and revisions come to an end; gates that have seen so high a one take another document: remove this one and begin anew", int64(maxRaise), own)}
		}
		d.Reconciled = max(d.Revision-1, above)
		d.Revision = d.Reconciled + 1
		d.CloseRev = d.Revision
		return nil
	}, nil)
}
