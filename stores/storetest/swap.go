package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/go-downtime/downtime/core"
)

func unchanged(t reporter, e *env) {
	st, first := e.written(t, window("a"))
	for range 3 {
		state, err := st.Load(e.ctx, first.Mark)
		if !errors.Is(err, core.ErrUnchanged) {
			t.Fatalf("Load of what the caller has: error %v, want ErrUnchanged", err)
		}
		if state.Document != nil || state.Mark != first.Mark || state.Time.IsZero() {
			t.Fatalf("beside ErrUnchanged: %+v, want the same mark and a time only", state)
		}
	}
	e.load(t, st, core.Mark{}) // a zero have is never unchanged

	e.commit(t, st, first.Mark, after(first.Document))
	second := e.load(t, st, first.Mark)
	if second.Mark == first.Mark || second.Document.Revision != 2 {
		t.Fatalf("after a write: mark %+v of revision %d, want those of revision 2", second.Mark, second.Document.Revision)
	}
	// Whatever else differs is not the same either: this may be a restored backup.
	for name, have := range variations(second.Mark) {
		state, err := st.Load(e.ctx, have)
		if err != nil || state.Document == nil {
			t.Fatalf("Load with %s: error %v, want the document", name, err)
		}
	}
}

// variations are marks that are not m.
func variations(m core.Mark) map[string]core.Mark {
	store, lower, higher, write := m, m, m, m
	store.StoreID = "another"
	lower.Revision--
	higher.Revision++
	write.WriteID = "another"
	return map[string]core.Mark{
		"another store_id": store, "a lower revision": lower, "a higher revision": higher, "another write_id": write,
	}
}

func clock(t reporter, e *env) {
	st, first := e.written(t)
	if y := first.Time.Year(); y < 2000 || y > 9998 {
		t.Fatalf("Time is %v, want the store's clock", first.Time)
	}
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for last := first.Time; !last.After(first.Time); {
		select {
		case <-again.C:
		case <-e.ctx.Done():
			t.Fatalf("Time stands still at %v", last)
		}
		// Not under e.ctx, so that its end is reported as what it means.
		state, err := st.Load(context.WithoutCancel(e.ctx), first.Mark)
		if !errors.Is(err, core.ErrUnchanged) {
			t.Fatalf("Load: error %v, want ErrUnchanged", err)
		}
		if state.Time.Before(last) {
			t.Fatalf("Time went back from %v to %v", last, state.Time)
		}
		last = state.Time
	}
}

func staleBase(t reporter, e *env) {
	st, first := e.written(t, window("a"))
	e.commit(t, st, first.Mark, after(first.Document, window("b")))
	second := e.load(t, st, core.Mark{})
	requireConflict(t, st.Commit(e.ctx, first.Mark, after(first.Document, window("c")), core.Entry{}), "Commit over the write before the last")
	for name, base := range variations(second.Mark) {
		requireConflict(t, st.Commit(e.ctx, base, after(second.Document, window("d")), core.Entry{}), "Commit over "+name)
	}
	requireSame(t, second.Document, e.load(t, st, core.Mark{}).Document)
	e.commit(t, st, second.Mark, after(second.Document)) // none of that stands in the way
}

func zeroBase(t reporter, e *env) {
	st, first := e.written(t, window("a"))
	requireConflict(t, st.Commit(e.ctx, core.Mark{}, document(2), core.Entry{}), "Commit with a zero base over a document")
	requireSame(t, first.Document, e.load(t, st, core.Mark{}).Document)
}

func baseOfNothing(t reporter, e *env) {
	_, other := e.written(t, window("a"))
	st := e.open()
	if err := st.Commit(e.ctx, other.Mark, after(other.Document), core.Entry{}); err == nil {
		t.Fatalf("Commit over a document that is missing: no error, want ErrConflict or ErrLost")
	} else if !errors.Is(err, core.ErrConflict) && !errors.Is(err, core.ErrLost) {
		t.Fatalf("Commit over a document that is missing: %v, want ErrConflict or ErrLost", err)
	}
	if state, err := st.Load(e.ctx, core.Mark{}); err == nil && state.Document != nil {
		t.Fatalf("a refused Commit has written revision %d", state.Document.Revision)
	}
}

func ended(t reporter, e *env) {
	st, first := e.written(t, window("a"))
	ctx, cancel := context.WithCancel(e.ctx)
	cancel()
	began := time.Now()
	if _, err := st.Load(ctx, core.Mark{}); !errors.Is(err, context.Canceled) {
		t.Fatalf("Load under a cancelled context: error %v, want context.Canceled", err)
	}
	if err := st.Commit(ctx, first.Mark, after(first.Document), core.Entry{}); !errors.Is(err, context.Canceled) {
		t.Fatalf("Commit under a cancelled context: error %v, want context.Canceled", err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Fatalf("Load and Commit under a cancelled context took %v, want them to return at once", took)
	}
	requireSame(t, first.Document, e.load(t, st, core.Mark{}).Document)
}

func twoHandles(t reporter, e *env) {
	if e.second == nil {
		t.Skip("Options.Second is nil: there can be no second handle")
	}
	st, first := e.written(t, window("a"))
	other := e.second(st)
	requireSame(t, first.Document, e.load(t, other, core.Mark{}).Document)
	for i := range 10 {
		state := e.load(t, st, core.Mark{})
		next := after(state.Document, window(number(i)))
		e.commit(t, st, state.Mark, next)
		requireSame(t, next, e.load(t, other, state.Mark).Document)
		st, other = other, st
	}
}
