package pgstore

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// pace are the times that the listening connection keeps.
type pace struct {
	connect    time.Duration // until the server listens
	heartbeat  time.Duration // between two demands for an answer of the session
	answer     time.Duration // until an answer, a notification to oneself, or one of a write must have come
	backoffMin time.Duration // the first pause before another attempt is less than this
	backoffMax time.Duration // and the longest less than this
	settled    time.Duration // of health, after which the next trouble is a first one again
	retest     time.Duration // until the next attempt where nothing is delivered
	pollPushed time.Duration // the poll while notifications arrive
}

var defaultPace = pace{
	connect: 5 * time.Second, heartbeat: 5 * time.Second, answer: 2 * time.Second,
	backoffMin: 100 * time.Millisecond, backoffMax: 5 * time.Second, settled: time.Minute,
	retest: time.Minute, pollPushed: 15 * time.Second,
}

// push is what a store knows about its notifications.
type push struct {
	missed    atomic.Int64
	found     atomic.Pointer[written] // by a poll, and not yet looked at by the session
	pollAlone time.Duration           // the poll while notifications may not arrive
	pace      *pace

	mu      sync.Mutex
	begun   bool
	closed  bool
	wakes   map[*func()]func()
	healthy bool
	note    string
}

func (p *push) init(pollAlone time.Duration, pace *pace) {
	p.wakes = map[*func()]func(){}
	p.pollAlone, p.pace = pollAlone, pace
	p.note = "nobody has subscribed"
}

// Subscribe calls wake after each write that a notification tells of, after each new
// connection, and when one is lost. The first call begins the one listening connection of
// this store, which stays until Close; no server needs to be there.
func (s *Store) Subscribe(wake func()) (cancel func()) {
	p := &s.push
	p.mu.Lock()
	defer p.mu.Unlock()
	key := &wake
	p.wakes[key] = wake
	if !p.begun && !p.closed {
		p.begun, p.note = true, "connecting"
		s.following.Go(s.follow)
	}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.wakes, key)
	}
}

// PollInterval is 15 seconds while notifications are seen to arrive, else Poll of the
// Options.
func (s *Store) PollInterval() time.Duration {
	p := &s.push
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.healthy {
		return max(p.pace.pollPushed, p.pollAlone)
	}
	return p.pollAlone
}

// PushState reports whether notifications are seen to arrive, and says in words how the
// listening connection is.
func (s *Store) PushState() (healthy bool, note string) {
	p := &s.push
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.healthy, p.note
}

// MissedPushes counts the writes that were found by reading, and whose notification did
// not come.
func (s *Store) MissedPushes() int64 { return s.push.missed.Load() }

// set notes how the connection is. When notifications stop being sure to arrive, everybody
// is woken: to look now, and to poll from now on.
func (p *push) set(healthy bool, note string) {
	p.mu.Lock()
	lost := p.healthy && !healthy
	p.healthy, p.note = healthy, note
	p.mu.Unlock()
	if lost {
		p.wake()
	}
}

// wake calls all subscribers, without the lock, so that they may cancel.
func (p *push) wake() {
	p.mu.Lock()
	wakes := slices.Collect(maps.Values(p.wakes))
	p.mu.Unlock()
	for _, wake := range wakes {
		wake()
	}
}

func (p *push) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed, p.healthy, p.note = true, false, "closed"
	clear(p.wakes)
}
