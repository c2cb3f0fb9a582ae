package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/go-downtime/downtime/core"
)

const (
	writers         = 6
	writesPerWriter = 8
)

func firstWrites(t reporter, e *env) {
	st := e.open()
	handles := e.handles(st)
	errs := make([]error, writers)
	docs := make([]*core.Document, writers)
	begin := make(chan struct{})
	var wg sync.WaitGroup
	for i := range writers {
		docs[i] = document(1, window(number(i)))
		wg.Go(func() {
			<-begin
			errs[i] = handles[i%len(handles)].Commit(e.ctx, core.Mark{}, docs[i], core.Entry{})
		})
	}
	close(begin)
	wg.Wait()
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner >= 0:
			t.Fatalf("two first writes succeeded, want one and conflicts")
		case err == nil:
			winner = i
		default:
			requireConflict(t, err, "a first write that came too late")
		}
	}
	if winner < 0 {
		t.Fatalf("no first write succeeded: %v", errors.Join(errs...))
	}
	requireSame(t, docs[winner], e.load(t, st, core.Mark{}).Document)
}

// concurrentWriters adds one period with each write, so that a document shows by itself
// whether an update was lost: it has as many periods as revisions.
func concurrentWriters(t reporter, e *env) {
	st, _ := e.written(t, window("first"))
	handles := e.handles(st)
	ctx, cancel := context.WithCancelCause(e.ctx)
	defer cancel(nil)
	done := make(chan struct{})
	var writing, reading sync.WaitGroup
	for i := range writers {
		writing.Go(func() {
			for j := range writesPerWriter {
				if err := add(ctx, handles[i%len(handles)], number(i*writesPerWriter+j)); err != nil {
					cancel(fmt.Errorf("writer: %w", err))
				}
			}
		})
	}
	for _, handle := range handles {
		reading.Go(func() {
			if err := watch(ctx, handle, done); err != nil {
				cancel(fmt.Errorf("reader: %w", err))
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	if ctx.Err() != nil {
		t.Fatalf("%v", context.Cause(ctx))
	}
	for _, handle := range handles {
		d := e.load(t, handle, core.Mark{}).Document
		if want := int64(1 + writers*writesPerWriter); d.Revision != want || len(d.Periods) != int(want) {
			t.Fatalf("revision %d with %d periods, want %d of both: updates were lost", d.Revision, len(d.Periods), want)
		}
		for i := range writers * writesPerWriter {
			if _, ok := d.Find(number(i)); !ok {
				t.Fatalf("the update %s was confirmed, and is lost", number(i))
			}
		}
	}
}

// add is one update: load, change, commit, again after each conflict.
func add(ctx context.Context, st core.Store, id string) error {
	for {
		state, err := st.Load(ctx, core.Mark{})
		if err != nil {
			return err
		}
		if state.Document == nil {
			return errors.New("the document has vanished")
		}
		err = st.Commit(ctx, state.Mark, after(state.Document, window(id)), core.Entry{})
		if !errors.Is(err, core.ErrConflict) {
			return err
		}
	}
}

// watch reads until done, and fails if it sees a revision go back, another content under
// the same write, or a document that nobody has written.
func watch(ctx context.Context, st core.Store, done <-chan struct{}) error {
	var last core.State
	for {
		select {
		case <-done:
			return nil
		default:
		}
		state, err := st.Load(ctx, last.Mark)
		switch {
		case errors.Is(err, core.ErrUnchanged):
			continue
		case err != nil:
			return err
		case state.Document == nil:
			return errors.New("the document has vanished")
		}
		d := state.Document
		if d.Revision != int64(len(d.Periods)) {
			return fmt.Errorf("revision %d has %d periods, want %d: nobody has written this", d.Revision, len(d.Periods), d.Revision)
		}
		if last.Document != nil && d.Revision <= last.Document.Revision {
			return fmt.Errorf("after revision %d came revision %d as something new", last.Document.Revision, d.Revision)
		}
		last = state
	}
}

func concurrentStarts(t reporter, e *env) {
	st, _ := e.written(t)
	handles := e.handles(st)
	errs := make([]error, writers)
	begin := make(chan struct{})
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			<-begin
			_, errs[i] = core.Start(e.ctx, handles[i%len(handles)], core.StartOptions{Holder: "ci-job"})
		})
	}
	close(begin)
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatalf("core.Start: %v", err)
	}
	d := e.load(t, st, core.Mark{}).Document
	if len(d.Periods) != 1 || d.Revision != 1+writers {
		t.Fatalf("%d periods at revision %d after %d starts by one holder, want 1 at revision %d", len(d.Periods), d.Revision, writers, 1+writers)
	}
}
