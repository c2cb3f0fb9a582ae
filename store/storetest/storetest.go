// Package storetest is the conformance suite for a [store.Store]. Every store of this
// project passes it. Run it on a store of your own:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) store.Store {
//			return openOnAnEmptyDatabase(t) // closes it by t.Cleanup
//		}, storetest.Options{Second: …})
//	}
//
// It needs the testing package only.
package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/go-downtime/downtime/store"
)

// Options describe a store to the suite. The zero Options suit a shared store. A check that
// needs a nil function, or a capability that the store does not have, is skipped and says so.
type Options struct {
	// ProvesNeverWritten is true if a new store returns [store.ErrNeverWritten]. False
	// means that it must return [store.ErrLost].
	ProvesNeverWritten bool
	// Second opens another handle on the same data, as another process does. Checks with
	// several writers use both handles.
	Second func(t *testing.T, first store.Store) store.Store
	// ReadOnly opens another handle on the same data that must not write.
	ReadOnly func(t *testing.T, first store.Store) store.Store
	// Unconfirmed makes a store on data of its own that writes, but cannot confirm that a
	// write is as durable as Info says.
	Unconfirmed func(t *testing.T) store.Store
	// Secrets must not be in the errors and the Info of the store: passwords, keys.
	Secrets []string
	// Timeout limits each check, and the time until a hint arrives. Zero means 30 seconds.
	Timeout time.Duration

	// The functions below change the data without the store, as an operator, a fault or a
	// restored backup does.

	// Lose deletes the document, and nothing else.
	Lose func(t *testing.T, st store.Store)
	// Tamper changes the bytes of the document, and not the token that the store keeps
	// beside them. It stays nil for a store that computes the token from the bytes.
	Tamper func(t *testing.T, st store.Store)
	// LoseRows deletes all rows and tombstones.
	LoseRows func(t *testing.T, st store.Store)
	// BreakRow makes the row unreadable to the store.
	BreakRow func(t *testing.T, st store.Store, key string)
	// Age moves all stamps of rows and tombstones into the past, as if so much time had passed.
	Age func(t *testing.T, st store.Store, by time.Duration)
	// Freeze stops the server that holds the data, so that it answers nothing until thaw is
	// called.
	Freeze func(t *testing.T, st store.Store) (thaw func())
	// Kept reads a document that [store.Keeper] put aside. It stays nil for other stores.
	Kept func(t *testing.T, st store.Store, place string) []byte
}

// Run runs all checks, each as a subtest, one after the other. open makes a new store on
// data of its own, without a document, and closes it by t.Cleanup. Each check calls it at
// least once. Run also fails t for goroutines that outlive the cleanup.
func Run(t *testing.T, open func(t *testing.T) store.Store, o Options) {
	t.Helper()
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			c.run(t, newEnv(t, open, o))
		})
	}
	t.Run("leaves no goroutine running", func(t *testing.T) {
		checkLeaks(t, func(t *testing.T) {
			t.Helper()
			exercise(t, newEnv(t, open, o))
		})
	})
}

// reporter is the part of [testing.T] that checks use. It is an interface so that a test
// can see a check fail.
type reporter interface {
	Helper()
	Fatalf(format string, args ...any)
	Skip(args ...any)
}

// check is one promise of the interface.
type check struct {
	name string
	run  func(t reporter, e *env)
}

// checks are all checks except the one for leaks, which needs subtests.
var checks = slices.Concat(
	documentChecks, writeChecks, capabilityChecks, rowChecks, leaseChecks, tombstoneChecks, rowsetChecks, rowConcurrencyChecks,
)

// env is the environment of a check.
type env struct {
	ctx     context.Context //nolint:containedctx // it belongs to one check, which ends with it
	o       Options
	t       *testing.T // for the functions of o; a check fails by its reporter
	timeout time.Duration
	open    func() store.Store
}

func newEnv(t *testing.T, open func(t *testing.T) store.Store, o Options) *env {
	t.Helper()
	e := &env{o: o, t: t, timeout: o.Timeout, open: func() store.Store { return open(t) }}
	if e.timeout <= 0 {
		e.timeout = 30 * time.Second
	}
	ctx, cancel := context.WithTimeout(t.Context(), e.timeout)
	t.Cleanup(cancel)
	e.ctx = ctx
	return e
}

// handles are st, and a second handle on the same data where there can be one.
func (e *env) handles(st store.Store) []store.Store {
	if e.o.Second == nil {
		return []store.Store{st}
	}
	return []store.Store{st, e.o.Second(e.t, st)}
}

// need skips the check, and says why, unless it has what it needs.
func need(t reporter, has bool, why string) {
	t.Helper()
	if !has {
		t.Skip(why)
	}
}

// noDocument is the error of Get in a new store.
func (e *env) noDocument() error {
	if e.o.ProvesNeverWritten {
		return store.ErrNeverWritten
	}
	return store.ErrLost
}

// second skips the check unless there can be a second handle.
func (e *env) second(t reporter, st store.Store) store.Store {
	t.Helper()
	need(t, e.o.Second != nil, "Options.Second is nil: there is no second handle")
	return e.o.Second(e.t, st)
}

// get fails the check unless the store has a document that is not have.
func (e *env) get(t reporter, st store.Store, have store.Token) store.Blob {
	t.Helper()
	blob, err := st.Get(e.ctx, have)
	if err != nil {
		t.Fatalf("Get(%q): %v", have, err)
	}
	requireBlob(t, "Get", blob)
	return blob
}

// requireBlob fails t unless blob holds a document, its token and the time.
func requireBlob(t reporter, what string, blob store.Blob) {
	t.Helper()
	switch {
	case len(blob.Bytes) == 0:
		t.Fatalf("%s returned no bytes and no error, want the document", what)
	case blob.Token != store.TokenOf(blob.Bytes):
		t.Fatalf("%s returned the token %q, want %q: a token is TokenOf the bytes", what, blob.Token, store.TokenOf(blob.Bytes))
	case blob.Now.IsZero():
		t.Fatalf("%s returned no time, want the store's clock", what)
	}
}

// swap fails the check unless next could be written.
func (e *env) swap(t reporter, st store.Store, old store.Token, next []byte) {
	t.Helper()
	if err := st.Swap(e.ctx, old, next); err != nil {
		t.Fatalf("Swap of %s over %q: %v", excerpt(next), old, err)
	}
}

// written is a new store with this document, and its token.
func (e *env) written(t reporter, doc string) (store.Store, store.Token) {
	t.Helper()
	st := e.open()
	e.swap(t, st, "", []byte(doc))
	return st, store.TokenOf([]byte(doc))
}
