// Package operator implements the operations of an operator: it starts, ends and plans downtime,
// reads the log and judges the fleet. The command, the operator's page and its API are built on
// it. A program of your own can use it too:
//
//	op := operator.Operator{Store: st, Actor: "deploy-bot", Origin: "job 4711"}
//	res, err := op.Start(ctx, operator.StartOptions{Reason: new("Moving the database")})
//	…
//	res, err = op.End(ctx, operator.EndOptions{Holder: "deploy-bot"})
//
// Every change is one compare-and-swap on the document in the store, and is confirmed by reading
// it back. Two operators never overwrite each other: one of them repeats its change on the
// other's document, or gets an error that wraps [store.ErrConflict].
//
// The package never talks to a gate. Operators and gates communicate only through the store.
package operator

import (
	"context"
	"time"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// Operator is a person or a job that works on one store. It is a plain value. Its methods
// are safe for concurrent use, by goroutines and by processes.
//
// Each method documents its errors. All methods also return *[StoreError] for a fault of the
// store itself, and a joined *[period.FieldError] for each fault of the options.
type Operator struct {
	// Store holds the state. The caller closes it.
	Store store.Store
	// Actor names the person or the job, and Origin the place that it works from: "ann", "command
	// on web1". The log shows both. At most [period.MaxNameLen] bytes each. "" means unknown.
	Actor, Origin string
	// Force writes a document although a live instance reports that it cannot read it.
	Force bool
}

// Result describes the change that a method made, and the state after it.
type Result struct {
	// Period is the period that the method began, changed or removed. Its values are those in
	// After, or those in Before if After no longer holds it. Zero for End, Init and Reconcile.
	Period period.Period
	// Ended are the periods that End ended. Nil for other methods.
	Ended []period.Period
	// Before is the document before the write, and After the one that was read back. Nil
	// means that nothing was ever written. They are equal if nothing was written now.
	Before, After *period.Document
	// Time is the store's clock at the last read.
	Time time.Time
	// Kept is where the store keeps an unreadable document that this write replaced. "" if
	// there was none.
	Kept string

	written period.Mark // of the write; After can be of a later one
	read    time.Time   // of Before
	rows    []store.Row // listed with Before
}

// Barrier returns what [Operator.Wait] needs to wait for this write.
func (r Result) Barrier() Barrier {
	return Barrier{Period: r.Period, Mark: r.written, Read: r.read, Confirmed: r.Time, Seen: r.rows}
}

// State returns the state after the write, without its Token.
func (r Result) State() State { return State{Document: r.After, Time: r.Time} }

// InForce returns the periods that refuse requests after the write; empty, never nil.
func (r Result) InForce() []period.Period { return r.After.InForce(r.Time) }

// Read reads the document. If nothing was ever written, the State has no Document, and there
// is no error.
//
// Errors: [store.ErrLost], [ErrUnreadable], *[StoreError]. With the first two errors State.Time
// is valid.
func (o Operator) Read(ctx context.Context) (State, error) {
	if o.Store == nil {
		return State{}, errNilStore
	}
	blob, err := o.Store.Get(ctx, "")
	return stateOf(blob, err)
}

// Log returns the last writes, the newest first, at most limit of them. A limit of 0 or less
// means all, at most [period.MaxEntries]. If there are none, Log returns an empty, non-nil slice.
// If some entries cannot be read, Log returns the others and an error that names the unreadable
// ones. Other errors: see [Operator.Read].
func (o Operator) Log(ctx context.Context, limit int) ([]period.Entry, error) {
	s, err := o.Read(ctx)
	if err != nil || s.Document == nil {
		return []period.Entry{}, err
	}
	entries, err := s.Document.Log.Entries()
	if limit > 0 && limit < len(entries) {
		entries = entries[:limit]
	}
	return entries, err
}
