package core

import (
	"context"
	"log/slog"
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
	ring   call  // the list of running calls, the oldest first; its head is not a call
	onTime *call // the oldest call that is not marked late; &ring if there is none
	late   int
	logged time.Time // when the log named the function; zero if it never did
}

func newWatch(name string) *watch {
	w := &watch{name: name}
	w.ring.next, w.ring.prev, w.onTime = &w.ring, &w.ring, &w.ring
	return w
}

// ask returns the result of f. It returns false if f takes longer than a.timeout, and if too many
// earlier calls are late.
func (w *watch) ask(ctx context.Context, a *asker, f func(ctx context.Context) bool) bool {
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
	w.look(c.deadline.Add(-a.timeout))
	if w.late < maxLate {
		// Two gates may share a predicate and have different timeouts.
		c.next = &w.ring
		for c.next != w.onTime && c.next.prev != &w.ring && c.deadline.Before(c.next.prev.deadline) {
			c.next = c.next.prev
		}
		c.prev = c.next.prev
		c.prev.next, c.next.prev = c, c
		if w.onTime == c.next {
			w.onTime = c
		}
		w.mu.Unlock()
		return true
	}
	now := c.deadline.Add(-a.timeout)
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

// look marks the late calls and returns their number.
func (w *watch) look(now time.Time) (late int) {
	for w.onTime != &w.ring && !now.Before(w.onTime.deadline) {
		w.onTime.late = true
		w.late++
		w.onTime = w.onTime.next
	}
	return w.late
}

// end removes c from the running calls and releases its timer.
func (w *watch) end(c *call) {
	w.mu.Lock()
	if c.late {
		w.late--
	}
	if w.onTime == c {
		w.onTime = c.next
	}
	c.prev.next, c.next.prev = c.next, c.prev
	c.prev, c.next = nil, nil
	w.mu.Unlock()
	c.release()
}

// lateCalls returns how many calls are late now.
func (w *watch) lateCalls() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.look(time.Now())
}
