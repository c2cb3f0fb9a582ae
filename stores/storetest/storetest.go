// Package storetest checks that a [core.Store] keeps what the interface promises. Every
// store of this project passes it; run it on your own:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) core.Store {
//			return openOnAnEmptyDatabase(t) // closes it by t.Cleanup
//		}, storetest.Options{Second: …})
//	}
//
// It needs nothing but the testing package.
package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/go-downtime/downtime/core"
)

// Options tell what a store is like. The zero Options suit one that may begin empty.
type Options struct {
	// MustBeInitialised is for a shared store, which cannot tell "never written" from
	// "flushed": Load of a new one must be an error then. Commit with a zero base writes
	// the first document all the same. False means that a new store is empty.
	MustBeInitialised bool
	// Second opens another handle on the same data as first, like the one of another
	// process. Checks with several writers then use both. Nil means that there can be none.
	Second func(t *testing.T, first core.Store) core.Store
	// Secrets must not stand in String: passwords, keys. Nil means none.
	Secrets []string
	// Timeout is how long any one check may take, and how long a wake-up may be on its
	// way. Zero means 30 seconds.
	Timeout time.Duration
}

// Run runs all checks, each as a subtest, one after the other. open makes a new store on
// data of its own, without a document, and closes it by t.Cleanup; it is called once or
// more for each check. Run fails t for what a store does wrong, and also for goroutines
// that outlive the cleanup.
func Run(t *testing.T, open func(t *testing.T) core.Store, o Options) {
	t.Helper()
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			c.run(t, newEnv(t, open, o))
		})
	}
	t.Run("leaves nothing running", func(t *testing.T) {
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

// checks are all but the one for leaks, which needs subtests.
var checks = slices.Concat([]check{
	{"a new store has no document", newStore},
	{"names itself, without secrets", name},
	{"gives back what was committed", roundTrip},
	{"gives back every character", characters},
	{"gives back microseconds", microseconds},
	{"gives back the largest period", largest},
	{"gives back 10,000 periods", many},
	{"tells the unchanged from the changed", unchanged},
	{"tells its time", clock},
	{"refuses a stale base", staleBase},
	{"takes a zero base only where nothing is", zeroBase},
	{"refuses a base where nothing is", baseOfNothing},
	{"refuses what cannot be read again", invalid},
	{"keeps a copy of what was committed", copies},
	{"never changes what was loaded", immutable},
	{"obeys an ended context", ended},
	{"lets one of several first writes win", firstWrites},
	{"loses no update of concurrent writers", concurrentWriters},
	{"makes one deployment of concurrent starts", concurrentStarts},
	{"shows one handle's writes to the other", twoHandles},
	{"wakes its subscribers", wakes},
}, logChecks, rowChecks)

// env is what a check has to work with.
type env struct {
	ctx     context.Context //nolint:containedctx // of one check, made and ended with it
	o       Options
	timeout time.Duration
	open    func() core.Store
	second  func(first core.Store) core.Store // nil: there can be none
}

func newEnv(t *testing.T, open func(t *testing.T) core.Store, o Options) *env {
	t.Helper()
	e := &env{o: o, timeout: o.Timeout, open: func() core.Store { return open(t) }}
	if e.timeout <= 0 {
		e.timeout = 30 * time.Second
	}
	if o.Second != nil {
		e.second = func(first core.Store) core.Store { return o.Second(t, first) }
	}
	ctx, cancel := context.WithTimeout(t.Context(), e.timeout)
	t.Cleanup(cancel)
	e.ctx = ctx
	return e
}

// handles is st, and a second handle on the same data where there can be one.
func (e *env) handles(st core.Store) []core.Store {
	if e.second == nil {
		return []core.Store{st}
	}
	return []core.Store{st, e.second(st)}
}

// load fails the check unless st has a document that is not unchanged.
func (e *env) load(t reporter, st core.Store, have core.Mark) core.State {
	t.Helper()
	state, err := st.Load(e.ctx, have)
	if err != nil {
		t.Fatalf("Load(%+v): %v", have, err)
	}
	if state.Document == nil {
		t.Fatalf("Load(%+v): no document and no error, want the document", have)
	}
	return state
}

// commit fails the check unless next could be written.
func (e *env) commit(t reporter, st core.Store, base core.Mark, next *core.Document) {
	t.Helper()
	if err := st.Commit(e.ctx, base, next, core.Entry{}); err != nil {
		t.Fatalf("Commit of revision %d over %+v: %v", next.Revision, base, err)
	}
}

// written is a new store with a first document, and the state of that.
func (e *env) written(t reporter, periods ...core.Period) (core.Store, core.State) {
	t.Helper()
	st := e.open()
	e.commit(t, st, core.Mark{}, document(1, periods...))
	return st, e.load(t, st, core.Mark{})
}
