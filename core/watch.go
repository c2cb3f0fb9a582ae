package core

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

const (
	defaultPredicateTimeout = time.Second
	// maxLate is how many calls of one function may run beyond their deadline. The function is
	// then not called until one of them returns.
	maxLate = 16
	// logPause is the time between two log lines about one function.
	logPause = 10 * time.Minute
)

// asker holds the settings of a gate that its predicates use.
type asker struct {
	timeout time.Duration // of one call
	log     *slog.Logger
}

// watch tracks the running calls of one function of the application. A call stays on the
// goroutine of its request, because gin and echo reuse their contexts after the request. watch
// has no timer and no goroutine: the next call, or Status, finds the late calls.
type watch struct {
	name      string
	framework string      // whose own context the function reads; "" for none
	mistyped  atomic.Bool // the log named a value of another type

	mu     sync.Mutex
	ring   call      // the list of running calls, the earliest deadline first; its head is not a call
	logged time.Time // when the log named the function; zero if it never did
}

func newWatch(name string) *watch {
	w := &watch{name: name}
	w.ring.next, w.ring.prev = &w.ring, &w.ring
	return w
}

// ask returns the result of f. It returns false if f takes longer than a.timeout, and if too many
// earlier calls are late. If a is nil, f has no time limit.
func (w *watch) ask(ctx context.Context, a *asker, f func(ctx context.Context) bool) bool {
	if a == nil {
		return f(ctx)
	}
	c := &call{Context: ctx, deadline: time.Now().Add(a.timeout)}
	if !w.begin(c, a) {
		return false
	}
	defer w.end(c)
	return f(c) && time.Now().Before(c.deadline)
}

// begin adds c to the running calls, unless too many calls are late.
func (w *watch) begin(c *call, a *asker) bool {
	w.mu.Lock()
	now := c.deadline.Add(-a.timeout)
	if w.late(now, maxLate) < maxLate {
		// Two gates may share a predicate and have different timeouts.
		c.next = &w.ring
		for c.next.prev != &w.ring && c.deadline.Before(c.next.prev.deadline) {
			c.next = c.next.prev
		}
		c.prev = c.next.prev
		c.prev.next, c.next.prev = c, c
		w.mu.Unlock()
		return true
	}
	log := w.logged.IsZero() || now.Sub(w.logged) >= logPause
	if log {
		w.logged = now
	}
	w.mu.Unlock()
	if log {
		a.log.LogAttrs(context.Background(), slog.LevelError, "predicate hangs, so it is not asked and does not bypass",
			slog.String("predicate", w.name), slog.Int("late_calls", maxLate), slog.Duration("timeout", a.timeout))
	}
	return false
}

// late returns how many calls are late, and counts up to most.
func (w *watch) late(now time.Time, most int) (n int) {
	for c := w.ring.next; n < most && c != &w.ring && !now.Before(c.deadline); c = c.next {
		n++
	}
	return n
}

// end removes c from the running calls and releases its timer.
func (w *watch) end(c *call) {
	w.mu.Lock()
	c.prev.next, c.next.prev = c.next, c.prev
	c.prev, c.next = nil, nil
	w.mu.Unlock()
	c.release()
}

// lateCalls returns how many calls are late now.
func (w *watch) lateCalls() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.late(time.Now(), math.MaxInt)
}
