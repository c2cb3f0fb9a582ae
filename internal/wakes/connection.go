package wakes

import (
	"cmp"
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// Pace are the times of a connection on which hints come.
type Pace struct {
	Connect    time.Duration // deadline of a new connection
	Heartbeat  time.Duration // between two heartbeats
	Answer     time.Duration // deadline of a heartbeat, of the self-test, and of the hint of a write that a poll found
	BackoffMin time.Duration // upper limit of the first pause after a failure; it doubles
	BackoffMax time.Duration // upper limit of every pause
	Settled    time.Duration // a connection that was healthy for so long resets the backoff
	PollHinted time.Duration // poll interval while hints arrive
}

// DefaultPace is the pace of the stores.
var DefaultPace = Pace{
	Connect: 5 * time.Second, Heartbeat: 5 * time.Second, Answer: 2 * time.Second,
	BackoffMin: 100 * time.Millisecond, BackoffMax: 5 * time.Second, Settled: time.Minute,
	PollHinted: 15 * time.Second,
}

// backoff is exponential with full jitter, so that a fleet does not connect all at once.
func (p *Pace) backoff(troubles int) time.Duration {
	limit := min(p.BackoffMin<<min(troubles, 10), p.BackoffMax)
	return rand.N(limit) //nolint:gosec // it spreads load, and is no secret
}

// Connection is the state of a connection on which a store gets hints, and its subscribers. The first
// subscriber opens the connection, which is replaced after each failure until Close. Pace must be
// set; it must not change after the first Subscribe. It is safe for concurrent use.
type Connection struct {
	Set

	Pace Pace

	mu      sync.Mutex
	begun   bool
	closed  bool
	healthy bool
	note    string
}

// Subscribe adds wake to the Set. The first call also calls keep, which begins to keep the
// connection and does not block.
func (c *Connection) Subscribe(wake, keep func()) (cancel func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.begun && !c.closed {
		c.begun, c.note = true, "connecting"
		keep()
	}
	return c.Set.Subscribe(wake)
}

// Hints reports whether hints arrive, and describes the connection, as a store.Hinter does.
func (c *Connection) Hints() (ok bool, note string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.healthy, cmp.Or(c.note, "no subscriber")
}

// Report changes the state. When hints may no longer arrive, it wakes all subscribers: they read
// now, and poll from now on.
func (c *Connection) Report(healthy bool, note string) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	lost := c.healthy && !healthy
	c.healthy, c.note = healthy, note
	c.mu.Unlock()
	if lost {
		c.Wake()
	}
}

// Keep calls session again and again until ctx ends. A session connects, and returns when its
// connection fails: for how long it was healthy, why it failed, and the pause before the next one.
// Zero means a random pause that grows with each failure.
func (c *Connection) Keep(ctx context.Context, session func() (healthy, pause time.Duration, err error)) {
	for trouble := 0; ; trouble++ {
		healthy, pause, err := session()
		if ctx.Err() != nil {
			return
		}
		c.Report(false, err.Error())
		if healthy >= c.Pace.Settled {
			trouble = 0
		}
		select {
		case <-time.After(cmp.Or(pause, c.Pace.backoff(trouble))):
		case <-ctx.Done():
			return
		}
	}
}

// Close removes all subscribers. Later reports have no effect.
func (c *Connection) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed, c.healthy, c.note = true, false, "closed"
	c.Clear()
}
