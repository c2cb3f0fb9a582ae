package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-downtime/downtime/store"
)

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

// must fails the check, and says why, unless it is ok.
func must(t reporter, ok bool, format string, args ...any) {
	t.Helper()
	if !ok {
		t.Fatalf(format, args...)
	}
}

// noDocument is the error of Get in a new store.
func (e *env) noDocument() error {
	if e.o.ProvesNeverWritten {
		return store.ErrNeverWritten
	}
	return store.ErrLost
}

// isNoDocument reports whether err says that there is no document.
func isNoDocument(err error) bool {
	return errors.Is(err, store.ErrLost) || errors.Is(err, store.ErrNeverWritten)
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
	must(t, err == nil, "Get(%q): %v", have, err)
	requireBlob(t, "Get", blob)
	return blob
}

// requireBlob fails t unless blob holds a document, its token and the time.
func requireBlob(t reporter, what string, blob store.Blob) {
	t.Helper()
	must(t, len(blob.Bytes) > 0, "%s returned no bytes and no error, want the document", what)
	want := store.TokenOf(blob.Bytes)
	must(t, blob.Token == want,
		"%s returned the token %q, want %q: a token is TokenOf the bytes", what, blob.Token, want)
	must(t, !blob.Now.IsZero(), "%s returned no time, want the store's clock", what)
}

// swap fails the check unless next could be written.
func (e *env) swap(t reporter, st store.Store, old store.Token, next []byte) {
	t.Helper()
	err := st.Swap(e.ctx, old, next)
	must(t, err == nil, "Swap of %s over %q: %v", excerpt(next), old, err)
}

// written is a new store with this document, and its token.
func (e *env) written(t reporter, doc string) (store.Store, store.Token) {
	t.Helper()
	st := e.open()
	e.swap(t, st, "", []byte(doc))
	return st, store.TokenOf([]byte(doc))
}

// imprecision is how much two readings of one clock may differ: a store may keep
// milliseconds.
const imprecision = 2 * time.Millisecond

// isBetween allows for the imprecision of both ends.
func isBetween(at, earliest, latest time.Time) bool {
	return !at.Before(earliest.Add(-imprecision)) && !at.After(latest.Add(imprecision))
}
