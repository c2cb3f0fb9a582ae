package core

import (
	"context"
	"errors"
	"time"
)

// ErrInitialised: the store has a document already.
var ErrInitialised = errors.New("the store is initialised already")

// InitOptions says who [Init] is, for the log.
type InitOptions struct {
	// Actor is who does it. "" means that nobody is named.
	Actor string
	// Origin is from where. "" means that it is not said.
	Origin string
}

// Init writes the first, empty document: what a shared store needs before its gates open,
// because to them nothing is nobody's word. Where there was a document that is gone
// ([ErrLost]), this writes a fresh one, with another store id, which every gate adopts: it
// then opens. Errors: [ErrInitialised], with the state in the Result, and nothing was
// written; those of [Start].
func Init(ctx context.Context, st Store, o InitOptions) (Result, error) {
	empty := func(d *Document, _ time.Time) error {
		if d.Format != 0 {
			return ErrInitialised
		}
		return nil
	}
	return operate(ctx, st, &Entry{Action: ActionInit, Actor: o.Actor, Origin: o.Origin}, empty, empty)
}
