package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-downtime/downtime/store"
)

// capabilityChecks are for stores that are a Hinter, a Preparer or a Keeper.
var capabilityChecks = []check{
	{"wakes its subscribers", wakes},
	{"cancels in a wake", cancelInWake},
	{"says whether hints arrive", hints},
	{"prepares what is prepared already", prepares},
	{"puts a document aside", keeps},
}

// hinter skips the check if st is none.
func hinter(t reporter, st store.Store) store.Hinter {
	t.Helper()
	h, ok := st.(store.Hinter)
	need(t, ok, "the store is no store.Hinter")
	return h
}

func wakes(t reporter, e *env) {
	st, _ := e.written(t, "a")
	h := hinter(t, st)
	woken, other := make(chan struct{}, 1), make(chan struct{}, 1)
	cancel := h.Subscribe(func() { notify(woken) })
	defer cancel()
	var late atomic.Int64
	cancelOther := h.Subscribe(func() { late.Add(1); notify(other) })
	for _, writer := range e.handles(st) {
		e.wakeBy(t, writer, woken)
		e.wakeBy(t, writer, other)
	}

	cancelOther()
	cancelOther()
	e.wakeBy(t, st, woken)
	before := late.Load() // a call may have been running
	for range 3 {
		e.wakeBy(t, st, woken)
	}
	n := late.Load() - before
	must(t, n == 0, "%d calls of wake after cancel, want none", n)
	cancel()
}

// cancelInWake cancels in the call of wake: cancel must not wait for that call.
func cancelInWake(t reporter, e *env) {
	st, _ := e.written(t, "a")
	h := hinter(t, st)
	var cancel atomic.Pointer[func()]
	canceled, wrote := make(chan struct{}, 1), make(chan error)
	c := h.Subscribe(func() {
		if c := cancel.Load(); c != nil {
			(*c)()
			notify(canceled)
		}
	})
	cancel.Store(&c)
	for {
		go func() { wrote <- addLine(e.ctx, st, rand.Text()) }()
		select {
		case err := <-wrote:
			must(t, err == nil, "Swap: %v", err)
		case <-time.After(e.timeout / 2):
			t.Fatalf("cancel waits for the call of wake that runs")
		}
		select {
		case <-canceled:
			return
		case <-time.After(e.timeout / 10): // a hint may be lost
		}
	}
}

// wakeBy writes until the subscriber is woken: one hint may be lost, but not all.
func (e *env) wakeBy(t reporter, writer store.Store, woken chan struct{}) {
	t.Helper()
	select {
	case <-woken: // of a write before
	default:
	}
	// The time for a hint may end in the middle of a write, which has not failed then.
	writing := *e
	ctx, cancel := context.WithTimeout(context.WithoutCancel(e.ctx), 2*e.timeout)
	defer cancel()
	writing.ctx = ctx
	for {
		blob := writing.get(t, writer, "")
		writing.swap(t, writer, blob.Token, []byte(rand.Text()))
		select {
		case <-woken:
			return
		case <-time.After(e.timeout / 10):
		case <-e.ctx.Done():
			select {
			case <-woken: // by the last write
				return
			case <-ctx.Done():
				t.Fatalf("no wake after the writes of %v", e.timeout)
			}
		}
	}
}

func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func hints(t reporter, e *env) {
	st, _ := e.written(t, "a")
	h := hinter(t, st)
	woken := make(chan struct{}, 1)
	defer h.Subscribe(func() { notify(woken) })()
	for {
		e.wakeBy(t, st, woken)
		ok, note := h.Hints()
		e.requirePublic(t, "Hints", note)
		if ok {
			return
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-e.ctx.Done():
			t.Fatalf("Hints says %q after %v in which hints arrived, want that they arrive", note, e.timeout)
		}
	}
}

func prepares(t reporter, e *env) {
	st := e.open()
	_, ok := st.(store.Preparer)
	need(t, ok, "the store is no store.Preparer")
	handles := e.handles(st)
	prepare := func() {
		t.Helper()
		allTogether(t, "Prepare by several at once", writers, func(i int) error {
			return handles[i%len(handles)].(store.Preparer).Prepare(e.ctx) //nolint:forcetypeassert // handles are of one kind
		})
	}
	prepare()
	e.swap(t, st, "", []byte("a"))
	_, hasRows := st.(store.Rows)
	if hasRows {
		e.put(t, st, "row", "bytes")
	}
	prepare()
	e.requireDocument(t, st, []byte("a"))
	if hasRows {
		e.requireKeys(t, st, "row")
	}
}

func keeps(t reporter, e *env) {
	st, a := e.written(t, "a")
	keeper, ok := st.(store.Keeper)
	need(t, ok, "the store is no store.Keeper")
	for range 2 { // of the same document, by another operator
		place, err := keeper.Keep(e.ctx, a)
		must(t, err == nil && strings.TrimSpace(place) != "", "Keep: place %q, error %v, want a place", place, err)
		e.requirePublic(t, "Keep", place)
		e.requireDocument(t, st, []byte("a"))
		e.requireKept(t, st, place, "a")
		defer e.requireKept(t, st, place, "a") // a later Keep does not replace it
	}
	e.swap(t, st, a, []byte("b"))
	_, err := keeper.Keep(e.ctx, a)
	requireErr(t, "Keep of a document that was replaced", err, store.ErrConflict)
	e.requireDocument(t, st, []byte("b"))
	_, err = keeper.Keep(e.ctx, store.TokenOf([]byte("b")))
	must(t, err == nil, "Keep of another document: %v", err)
}

// requireKept fails t unless want is in that place, if the suite can look there.
func (e *env) requireKept(t reporter, st store.Store, place, want string) {
	t.Helper()
	if e.o.Kept != nil {
		requireBytes(t, "what Keep put aside", []byte(want), e.o.Kept(e.t, st, place))
	}
}

// exercise calls every method once, so that the caller can look for goroutines that remain.
func exercise(t reporter, e *env) {
	t.Helper()
	st, token := e.written(t, "a")
	for i, handle := range e.handles(st) {
		if h, ok := handle.(store.Hinter); ok {
			defer h.Subscribe(func() {})()
		}
		_, err := handle.Get(e.ctx, token)
		must(t, errors.Is(err, store.ErrUnchanged), "Get: %v", err)
		if _, ok := handle.(store.Rows); ok {
			e.put(t, handle, fmt.Sprintf("i%d", i), "row")
			e.list(t, handle)
		}
	}
	e.swap(t, st, token, []byte("b"))
}
