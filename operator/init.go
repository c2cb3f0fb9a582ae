package operator

import (
	"cmp"
	"context"
	"time"

	"github.com/go-downtime/downtime/period"
)

// InitOptions says how [Operator.Init] writes the first document.
type InitOptions struct {
	// Name names the application for operators, and Environment its environment, such as "staging".
	// "" means none, or unchanged.
	Name, Environment string
	// Replace makes the document replace a lost one: a gate that keeps the state of the lost
	// document adopts this empty one, and opens. Otherwise such a gate keeps its state until an
	// operator reconciles the store.
	Replace bool
}

// Init writes the first, empty document. A gate on a shared store refuses requests until it is
// there. Init replaces an unreadable document only with Replace, and only if the store can put
// the old document aside ([Result].Kept).
//
// If there is a document already, Init sets only its Name and Environment.
//
// Errors: [ErrInitialized], with the state in the Result, if there is a document and the options change
// neither name; nothing was written. Those of [Operator.Start].
func (o Operator) Init(ctx context.Context, opts InitOptions) (Result, error) {
	empty := func(d *period.Document, _ time.Time, _ *Result) error {
		name, environment := cmp.Or(opts.Name, d.Name), cmp.Or(opts.Environment, d.Environment)
		if d.Format != 0 && name == d.Name && environment == d.Environment {
			return ErrInitialized
		}
		d.Name, d.Environment = name, environment
		return nil
	}
	w := &write{action: period.ActionInit, do: empty, anew: empty, replace: opts.Replace, onlyLost: !opts.Replace}
	return o.write(ctx, w)
}
