package core

import (
	"context"
	"sync"
	"time"
)

// call is one call of a function of the application. It is also the context that the function
// gets: the request's context with a deadline. It starts a timer only if the function uses Done,
// or Err after the deadline.
type call struct {
	context.Context //nolint:containedctx // it is a context

	deadline   time.Time
	prev, next *call // in the ring of its watch, whose mutex guards them

	mu     sync.Mutex
	timed  context.Context //nolint:containedctx // nil until it is needed
	cancel context.CancelFunc
}

// Deadline returns the earlier one of the request's deadline and the call's deadline.
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

// Value asks the timer's context if there is one. Package context searches by a private key for
// the context that cancels a derived one.
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

// release stops the timer after the function has returned.
func (c *call) release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancel != nil {
		c.cancel()
	}
}
