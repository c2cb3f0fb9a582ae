package core

import (
	"context"
	"sync"
	"time"
)

// call is one call of a function of the application, and the context that the function gets: the
// request's, with a deadline. Only a function that looks at Done costs a timer.
type call struct {
	context.Context //nolint:containedctx // it is a context

	deadline   time.Time
	prev, next *call // of its watch, which guards them and late
	late       bool

	mu     sync.Mutex
	timed  context.Context //nolint:containedctx // nil until it is needed
	cancel context.CancelFunc
}

// Deadline is the earlier one of the request's and the call's.
func (c *call) Deadline() (time.Time, bool) {
	if d, ok := c.Context.Deadline(); ok && d.Before(c.deadline) {
		return d, true
	}
	return c.deadline, true
}

// Done is closed at the deadline, and when the request's context is done.
func (c *call) Done() <-chan struct{} { return c.timer().Done() }

// Err says why Done is closed.
func (c *call) Err() error {
	if err := c.Context.Err(); err != nil || time.Now().Before(c.deadline) {
		return err
	}
	return c.timer().Err()
}

// Value looks in the timer, if there is one, because package context finds there by a key of its
// own what to cancel.
func (c *call) Value(key any) any {
	c.mu.Lock()
	ctx := c.timed
	c.mu.Unlock()
	if ctx == nil {
		ctx = c.Context
	}
	return ctx.Value(key)
}

func (c *call) timer() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timed == nil {
		c.timed, c.cancel = context.WithDeadline(c.Context, c.deadline)
	}
	return c.timed
}

// release ends the timer when the function has returned.
func (c *call) release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancel != nil {
		c.cancel()
	}
}
