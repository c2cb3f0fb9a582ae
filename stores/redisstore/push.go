package redisstore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-downtime/downtime/core"
)

// pace are the times that the subscription keeps.
type pace struct {
	connect    time.Duration // until the server has confirmed a subscription
	heartbeat  time.Duration // between two PINGs
	answer     time.Duration // until a PONG, a message to oneself, or a message about a write must have come
	backoffMin time.Duration // the first pause before another attempt is less than this
	backoffMax time.Duration // and the longest less than this
	settled    time.Duration // of health, after which the next trouble is a first one again
	pollPushed time.Duration // the poll while messages arrive
	pollAlone  time.Duration // and while they may not
}

var defaultPace = pace{
	connect: 5 * time.Second, heartbeat: 5 * time.Second, answer: 2 * time.Second,
	backoffMin: 100 * time.Millisecond, backoffMax: 5 * time.Second, settled: time.Minute,
	pollPushed: 15 * time.Second, pollAlone: time.Second,
}

// push is what a store knows about its subscription.
type push struct {
	reads  chan core.Mark // what a poll has found new
	missed atomic.Int64

	mu         sync.Mutex
	begun      bool
	wakes      map[*func()]func()
	healthy    bool
	note       string
	lastMissed time.Time // zero: never
}

func (p *push) init() {
	p.reads = make(chan core.Mark, 1)
	p.wakes = map[*func()]func(){}
	p.note = "nobody has subscribed"
}

// Subscribe calls wake after each write that a message tells of, after each new connection,
// and when the connection is in trouble. The first call makes one connection for all
// subscribers, which stays until Close; no server needs to be there.
func (s *Store) Subscribe(wake func()) (cancel func()) {
	p := &s.push
	p.mu.Lock()
	defer p.mu.Unlock()
	key := &wake
	p.wakes[key] = wake
	if !p.begun && s.start(s.listen) {
		p.begun, p.note = true, "connecting"
	}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.wakes, key)
	}
}

// PollInterval is 15 seconds while messages are sure to arrive, else one second: also for a
// minute after a poll has found a write that no message had told of.
func (s *Store) PollInterval() time.Duration {
	p := &s.push
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.healthy && !p.missedSince(s.pace.settled) {
		return s.pace.pollPushed
	}
	return s.pace.pollAlone
}

// PushState reports whether messages about writes are sure to arrive, for now, and says in
// words how the subscription is.
func (s *Store) PushState() (healthy bool, note string) {
	p := &s.push
	p.mu.Lock()
	defer p.mu.Unlock()
	note = p.note
	if p.missedSince(s.pace.settled) {
		note += "; a write was found by a poll before a message told of it"
	}
	return p.healthy, note
}

// MissedPushes counts the writes that a poll has found, and no message had told of.
func (s *Store) MissedPushes() int64 { return s.push.missed.Load() }

// missedSince: mu is held.
func (p *push) missedSince(ago time.Duration) bool {
	return !p.lastMissed.IsZero() && time.Since(p.lastMissed) < ago
}

// set notes how the subscription is, and wakes everybody if they may have missed something,
// or must poll at another pace.
func (p *push) set(healthy bool, note string) {
	p.mu.Lock()
	wake := healthy || p.healthy
	p.healthy, p.note = healthy, note
	p.mu.Unlock()
	if wake {
		p.wakeAll()
	}
}

func (p *push) wakeAll() {
	p.mu.Lock()
	wakes := make([]func(), 0, len(p.wakes))
	for _, wake := range p.wakes {
		wakes = append(wakes, wake)
	}
	p.mu.Unlock()
	for _, wake := range wakes {
		wake()
	}
}

func (p *push) miss() {
	p.missed.Add(1)
	p.mu.Lock()
	p.lastMissed = time.Now()
	p.mu.Unlock()
}

// found tells the subscription what a read has found new. If it is busy, the next will do.
func (s *Store) found(m core.Mark) {
	select {
	case s.push.reads <- m:
	default:
	}
}

// listen keeps a subscription until Close.
func (s *Store) listen() {
	limit := s.pace.backoffMin
	for {
		healthy, err := s.session(s.ctx)
		s.lookAround(err)
		s.push.set(false, fmt.Sprintf("no messages: %v", err))
		if healthy >= s.pace.settled {
			limit = s.pace.backoffMin
		}
		// Full jitter: a fleet that lost its server must not come back all at once.
		if !sleep(s.ctx, rand.N(limit)) { //nolint:gosec // a spread, not a secret
			s.push.set(false, "closed")
			return
		}
		limit = min(2*limit, s.pace.backoffMax)
	}
}

// sleep returns false if ctx ends before d has passed.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
