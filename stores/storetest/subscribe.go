package storetest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/go-downtime/downtime/core"
)

func wakes(t reporter, e *env) {
	st, _ := e.written(t)
	sub, ok := st.(core.Subscriber)
	if !ok {
		t.Skip("the store is no core.Subscriber")
	}
	woken := make(chan struct{}, 1)
	cancel := sub.Subscribe(func() { notify(woken) })
	defer cancel()
	for _, writer := range e.handles(st) {
		e.wakeBy(t, writer, woken)
	}

	var late atomic.Int64
	cancelOther := sub.Subscribe(func() { late.Add(1) })
	cancelOther()
	cancelOther()
	e.wakeBy(t, st, woken)
	before := late.Load() // one may have been under way
	for range 3 {
		e.wakeBy(t, st, woken)
	}
	if n := late.Load() - before; n > 0 {
		t.Fatalf("%d calls of wake after cancel, want none", n)
	}
	cancel()
}

// wakeBy writes until the subscriber is woken: a hint may be lost, but not always.
func (e *env) wakeBy(t reporter, writer core.Store, woken chan struct{}) {
	t.Helper()
	drain(woken)
	// The time for a wake may end in the middle of a write, which is not what failed then.
	waiting := e.ctx
	ctx, cancel := context.WithTimeout(context.WithoutCancel(waiting), 2*e.timeout)
	defer cancel()
	writing := *e
	writing.ctx = ctx
	e = &writing
	for {
		state := e.load(t, writer, core.Mark{})
		e.commit(t, writer, state.Mark, after(state.Document))
		select {
		case <-woken:
			return
		case <-time.After(e.timeout / 10):
		case <-waiting.Done():
			t.Fatalf("no wake after the writes of %v", e.timeout)
		}
	}
}

func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func drain(c chan struct{}) {
	select {
	case <-c:
	default:
	}
}

// exercise does a little of everything, for the sake of what it may leave behind.
func exercise(t reporter, e *env) {
	t.Helper()
	st, first := e.written(t, window("a"))
	for _, handle := range e.handles(st) {
		if sub, ok := handle.(core.Subscriber); ok {
			defer sub.Subscribe(func() {})()
		}
		if _, err := handle.Load(e.ctx, first.Mark); err != nil && !errors.Is(err, core.ErrUnchanged) {
			t.Fatalf("Load: %v", err)
		}
	}
	e.commit(t, st, first.Mark, after(first.Document))
}
