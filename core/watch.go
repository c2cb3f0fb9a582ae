package core

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	defaultPredicateTimeout = time.Second
	// maxLate is how many calls of one function may run beyond their deadline. The function is
	// then not called until one of them returns.
	maxLate = 16
)

// asker is a gate as its predicates see it.
type asker struct {
	timeout time.Duration // of one call
	log     *slog.Logger
}

// watch knows the running calls of one function of the application. A call stays on the
// goroutine of its request, because gin and echo reuse what it sees. There is no timer and no
// goroutine for it: the next call, or Status, finds those that are late.
type watch struct {
	name string

	mu     sync.Mutex
	ring   call  // of the running calls, the oldest first; not a call itself
	onTime *call // the oldest one that was not found late; &ring for none
	late   int
	logged bool // since late was 0
}

func newWatch(name string) *watch {
	w := &watch{name: name}
	w.ring.next, w.ring.prev, w.onTime = &w.ring, &w.ring, &w.ring
	return w
}

// ask returns what f returns within a.timeout, and false if it takes longer, or if too many
// calls do.
func (w *watch) ask(ctx context.Context, a *asker, f func(ctx context.Context) bool) bool {
	c := &call{Context: ctx, deadline: time.Now().Add(a.timeout)}
	if !w.begin(c, a) {
		return false
	}
	defer w.end(c)
	return f(c) && time.Now().Before(c.deadline)
}

// begin counts c in, unless too many calls are late.
func (w *watch) begin(c *call, a *asker) bool {
	w.mu.Lock()
	w.look(c.deadline.Add(-a.timeout))
	if w.late < maxLate {
		c.prev, c.next = w.ring.prev, &w.ring
		c.prev.next, w.ring.prev = c, c
		if w.onTime == &w.ring {
			w.onTime = c
		}
		w.mu.Unlock()
		return true
	}
	logged := w.logged
	w.logged = true
	w.mu.Unlock()
	if !logged {
		a.log.LogAttrs(context.Background(), slog.LevelError, "predicate hangs, so it is not asked and does not bypass",
			slog.String("predicate", w.name), slog.Int("late_calls", maxLate), slog.Duration("timeout", a.timeout))
	}
	return false
}

// look finds the calls that are late.
func (w *watch) look(now time.Time) (late int) {
	for w.onTime != &w.ring && !now.Before(w.onTime.deadline) {
		w.onTime.late = true
		w.late++
		w.onTime = w.onTime.next
	}
	return w.late
}

// end counts c out, and releases its timer.
func (w *watch) end(c *call) {
	w.mu.Lock()
	if c.late {
		w.late--
		w.logged = w.logged && w.late > 0
	}
	if w.onTime == c {
		w.onTime = c.next
	}
	c.prev.next, c.next.prev = c.next, c.prev
	c.prev, c.next = nil, nil
	w.mu.Unlock()
	c.release()
}

// lateCalls is how many calls are late now.
func (w *watch) lateCalls() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.look(time.Now())
}
