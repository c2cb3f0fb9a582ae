package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-downtime/downtime/store"
)

// writeChecks are about Swap.
var writeChecks = []check{
	{"refuses a stale token", stale},
	{"takes an empty token only where there is no document", emptyToken},
	{"refuses a token where there is no document", tokenOfNothing},
	{"repeats a Swap", repeated},
	{"keeps no reference to documents", stable},
	{"obeys an ended context", ended},
	{"shows one handle's writes to the other", twoHandles},
	{"lets one of several first writes win", firstWrites},
	{"loses no update of concurrent writers", concurrentWriters},
	{"does not write where it is read-only", readOnly},
	{"reports a write that is not confirmed", unconfirmed},
}

func stale(t reporter, e *env) {
	st, a := e.written(t, "a")
	e.swap(t, st, a, []byte("b"))
	b := store.TokenOf([]byte("b"))
	for what, old := range map[string]store.Token{
		"the token before": a, "a longer token": b + "0", "a shorter token": b[:len(b)-1], "a token in capitals": capitals(b),
	} {
		requireErr(t, "Swap over "+what, st.Swap(e.ctx, old, []byte("c")), store.ErrConflict)
		e.requireDocument(t, st, []byte("b"))
	}
	e.swap(t, st, b, []byte("c")) // the refused ones are not in the way
}

func emptyToken(t reporter, e *env) {
	st, _ := e.written(t, "a")
	requireErr(t, "Swap with an empty token over a document", st.Swap(e.ctx, "", []byte("b")), store.ErrConflict)
	e.requireDocument(t, st, []byte("a"))
}

func tokenOfNothing(t reporter, e *env) {
	st := e.open()
	requireErr(t, "Swap over a document that is not there", st.Swap(e.ctx, store.TokenOf([]byte("a")), []byte("b")), store.ErrConflict)
	blob, err := st.Get(e.ctx, "")
	must(t, err != nil, "a refused Swap wrote %s", excerpt(blob.Bytes))
}

// repeated is the case of a caller that got no answer to its first attempt.
func repeated(t reporter, e *env) {
	st := e.open()
	for _, step := range []struct{ old, next string }{{"", "a"}, {"a", "b"}} {
		var old store.Token
		if step.old != "" {
			old = store.TokenOf([]byte(step.old))
		}
		next := []byte(step.next)
		token := store.TokenOf(next)
		e.swap(t, st, old, next)
		for _, handle := range e.handles(st) {
			e.swap(t, handle, old, next)   // by the same process, or by another attempt
			e.swap(t, handle, token, next) // a change of nothing
			e.swap(t, handle, "", next)
			_, err := handle.Get(e.ctx, token)
			requireErr(t, "Get after the same Swap", err, store.ErrUnchanged)
		}
	}
	handles := e.handles(st)
	allTogether(t, "the same Swap by several at once", writers, func(i int) error {
		return handles[i%len(handles)].Swap(e.ctx, store.TokenOf([]byte("b")), []byte("c"))
	})
	requireErr(t, "Swap of earlier bytes over an earlier token", st.Swap(e.ctx, store.TokenOf([]byte("a")), []byte("b")), store.ErrConflict)
	e.requireDocument(t, st, []byte("c"))
}

func stable(t reporter, e *env) {
	st := e.open()
	given := []byte("given")
	e.swap(t, st, "", given)
	copy(given, "other")
	blob := e.get(t, st, "")
	requireBytes(t, "Get after the caller changed its slice", []byte("given"), blob.Bytes)
	e.swap(t, st, blob.Token, []byte("later"))
	e.get(t, st, "")
	requireBytes(t, "an earlier result of Get", []byte("given"), blob.Bytes)
}

func ended(t reporter, e *env) {
	st, a := e.written(t, "a")
	ctx, cancel := context.WithCancel(e.ctx)
	cancel()
	began := time.Now()
	_, err := st.Get(ctx, "")
	requireErr(t, "Get under a canceled context", err, context.Canceled)
	requireErr(t, "Swap under a canceled context", st.Swap(ctx, a, []byte("b")), context.Canceled)
	took := time.Since(began)
	must(t, took <= 2*time.Second, "Get and Swap under a canceled context took %v, want them to return at once", took)
	e.requireDocument(t, st, []byte("a"))
}

func twoHandles(t reporter, e *env) {
	st, old := e.written(t, "first")
	other := e.second(t, st)
	e.requireDocument(t, other, []byte("first"))
	for i := range 10 {
		next := fmt.Appendf(nil, "document %d", i)
		e.swap(t, st, old, next)
		blob := e.get(t, other, old)
		requireBytes(t, "Get by the other handle", next, blob.Bytes)
		st, other, old = other, st, blob.Token
	}
}

const (
	writers         = 6
	writesPerWriter = 8
)

func firstWrites(t reporter, e *env) {
	st := e.open()
	handles := e.handles(st)
	errs := together(writers, func(i int) error {
		return handles[i%len(handles)].Swap(e.ctx, "", fmt.Appendf(nil, "document %d", i))
	})
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner >= 0:
			t.Fatalf("two first writes succeeded, want one, and conflicts for the others")
		case err == nil:
			winner = i
		default:
			requireErr(t, "a first write that came too late", err, store.ErrConflict)
		}
	}
	must(t, winner >= 0, "no first write succeeded: %v", errors.Join(errs...))
	e.requireDocument(t, st, fmt.Appendf(nil, "document %d", winner))
}

// together runs f(0) to f(n-1) at the same time, and returns their errors when all have ended.
func together(n int, f func(i int) error) []error {
	errs, begin := make([]error, n), make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-begin
			errs[i] = f(i)
		})
	}
	close(begin)
	wg.Wait()
	return errs
}

// allTogether fails t if one of them fails.
func allTogether(t reporter, what string, n int, f func(i int) error) {
	t.Helper()
	err := errors.Join(together(n, f)...)
	must(t, err == nil, "%s: %v", what, err)
}

// concurrentWriters adds a line with each write, so that a document that lost an update has
// too few lines.
func concurrentWriters(t reporter, e *env) {
	st, _ := e.written(t, "first\n")
	handles := e.handles(st)
	ctx, cancel := context.WithCancelCause(e.ctx)
	defer cancel(nil)
	done := make(chan struct{})
	var reading sync.WaitGroup
	for _, handle := range handles {
		reading.Go(func() {
			if err := watch(ctx, handle, done); err != nil {
				cancel(fmt.Errorf("reader: %w", err))
			}
		})
	}
	together(writers, func(i int) error {
		for j := range writesPerWriter {
			if err := addLine(ctx, handles[i%len(handles)], fmt.Sprintf("%d of %d\n", j, i)); err != nil {
				cancel(fmt.Errorf("writer: %w", err)) // ends the others
			}
		}
		return nil
	})
	close(done)
	reading.Wait()
	must(t, ctx.Err() == nil, "%v", context.Cause(ctx))
	for _, handle := range handles {
		n, want := lines(e.get(t, handle, "").Bytes), 1+writers*writesPerWriter
		must(t, n == want, "%d lines after %d confirmed writes of a line, want %d: updates were lost", n, want-1, want)
	}
}

// addLine is one update: read, change, swap, again after each conflict.
func addLine(ctx context.Context, st store.Store, line string) error {
	for {
		blob, err := st.Get(ctx, "")
		if err != nil {
			return err
		}
		next := append(append([]byte{}, blob.Bytes...), line...)
		if err := st.Swap(ctx, blob.Token, next); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
}

// watch reads until done. It fails if a document does not continue the previous one.
func watch(ctx context.Context, st store.Store, done <-chan struct{}) error {
	var last store.Blob
	return repeat(done, func() error {
		blob, err := st.Get(ctx, last.Token)
		switch {
		case errors.Is(err, store.ErrUnchanged):
			return nil
		case err != nil:
			return err
		case blob.Token != store.TokenOf(blob.Bytes):
			return fmt.Errorf("the token %q came with other bytes: %s", blob.Token, excerpt(blob.Bytes))
		case len(blob.Bytes) <= len(last.Bytes) || string(blob.Bytes[:len(last.Bytes)]) != string(last.Bytes):
			return fmt.Errorf("after %d lines came %d as something new", lines(last.Bytes), lines(blob.Bytes))
		case blob.Bytes[len(blob.Bytes)-1] != '\n':
			return fmt.Errorf("half of a write: %s", excerpt(blob.Bytes[len(last.Bytes):]))
		}
		last = blob
		return nil
	})
}

// repeat calls f until done is closed, or f fails.
func repeat(done <-chan struct{}, f func() error) error {
	for {
		select {
		case <-done:
			return nil
		default:
		}
		if err := f(); err != nil {
			return err
		}
	}
}

func readOnly(t reporter, e *env) {
	need(t, e.o.ReadOnly != nil, "Options.ReadOnly is nil: every handle may write")
	st, a := e.written(t, "a")
	reader := e.o.ReadOnly(e.t, st)
	e.requireDocument(t, reader, []byte("a"))
	requireErr(t, "Swap", reader.Swap(e.ctx, a, []byte("b")), store.ErrReadOnly)
	e.requireDocument(t, st, []byte("a"))
	if rows, ok := reader.(store.Rows); ok {
		_, _, err := rows.PutRow(e.ctx, "a", []byte("row"), time.Minute)
		must(t, err == nil || errors.Is(err, store.ErrReadOnly), "PutRow: error %v, want none or ErrReadOnly", err)
		_, err = rows.ListRows(e.ctx, "")
		must(t, err == nil, "ListRows: %v", err)
	}
}

func unconfirmed(t reporter, e *env) {
	need(t, e.o.Unconfirmed != nil, "Options.Unconfirmed is nil: every write is confirmed or fails")
	st := e.o.Unconfirmed(e.t)
	blob, err := st.Get(e.ctx, "")
	must(t, err == nil || isNoDocument(err), "Get: %v", err)
	// After the first attempt the document is there, but perhaps not durable.
	for range 2 {
		requireErr(t, "Swap", st.Swap(e.ctx, blob.Token, []byte("not confirmed")), store.ErrUnconfirmed)
		e.requireDocument(t, st, []byte("not confirmed"))
	}
}
