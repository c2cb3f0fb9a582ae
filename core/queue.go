package core

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	releasePace    = 100 * time.Microsecond // added to the release for each held request
	longestRelease = 100 * time.Millisecond
)

// queue is the place in which requests wait while a closed snapshot holds them. It is over when
// another snapshot replaces this one: at the limit of the hold, and whenever the gate opens or the
// closure changes. Each request then enters anew.
type queue struct {
	over chan struct{}
	// release is the time over which the requests enter. It is written before over is closed.
	release time.Duration
}

// end lets n requests enter anew. If the gate has opened, it spreads them, so that they do not reach
// the handlers and their database at once.
func (q *queue) end(opened bool, n int64) {
	if opened {
		q.release = min(time.Duration(n)*releasePace, longestRelease)
	}
	close(q.over)
}

// wait returns true when it is the request's turn to enter anew. It returns false if ctx is done:
// the client has gone.
func (q *queue) wait(ctx context.Context) bool {
	select {
	case <-q.over:
	case <-ctx.Done():
		return false
	}
	if q.release > 0 {
		select {
		case <-time.After(rand.N(q.release)): //nolint:gosec // spreads load, keeps no secret
		case <-ctx.Done():
		}
	}
	return ctx.Err() == nil
}
