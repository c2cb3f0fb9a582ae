package pgstore

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-downtime/downtime/internal/wakes"
	"github.com/go-downtime/downtime/store"
)

// pace holds the times of the listening connection.
type pace struct {
	connect    time.Duration // deadline of a new connection
	heartbeat  time.Duration // between two heartbeats
	answer     time.Duration // deadline of a heartbeat, of the self-test, and of the notification of a write
	backoffMin time.Duration // upper limit of the first pause after a failure; it doubles
	backoffMax time.Duration // upper limit of every pause
	settled    time.Duration // a session that was healthy for so long resets the backoff
	retest     time.Duration // mean pause after a self-test that failed
	pollPushed time.Duration // poll interval while notifications arrive
}

var defaultPace = pace{
	connect: 5 * time.Second, heartbeat: 5 * time.Second, answer: 2 * time.Second,
	backoffMin: 100 * time.Millisecond, backoffMax: 5 * time.Second, settled: time.Minute,
	retest: time.Minute, pollPushed: 15 * time.Second,
}

// push is the state of the listening connection, as other goroutines need it.
type push struct {
	missed    atomic.Int64
	found     atomic.Pointer[found] // by the last poll that found a change; nil after the session took it
	pollAlone time.Duration         // poll interval while notifications may not arrive
	pace      *pace
	wakes     wakes.Set

	mu      sync.Mutex
	begun   bool
	closed  bool
	healthy bool
	note    string
}

// found is a change that a poll found, and when this read began.
type found struct {
	token store.Token
	began time.Time
}

// Subscribe calls wake after each notification of a write, after each new connection, and
// when the connection is lost. The first call opens the listening connection of this store,
// which stays until Close. The server does not need to answer.
func (s *Store) Subscribe(wake func()) (cancel func()) {
	p := &s.push
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.begun && !p.closed {
		p.begun, p.note = true, "connecting"
		s.following.Go(s.follow)
	}
	return p.wakes.Subscribe(wake)
}

// Hints reports whether notifications are observed to arrive. The note describes the
// listening connection.
func (s *Store) Hints() (ok bool, note string) {
	p := &s.push
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.healthy, p.note
}

// poll is the poll interval at present.
func (p *push) poll() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.healthy {
		return max(p.pace.pollPushed, p.pollAlone)
	}
	return p.pollAlone
}

// MissedPushes counts the writes that a poll found and no notification announced.
func (s *Store) MissedPushes() int64 { return s.push.missed.Load() }

// set changes the state. When notifications may no longer arrive, it wakes all subscribers:
// they read now, and poll from now on.
func (p *push) set(healthy bool, note string) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return
	}
	lost := p.healthy && !healthy
	p.healthy, p.note = healthy, note
	p.mu.Unlock()
	if lost {
		p.wakes.Wake()
	}
}

func (p *push) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed, p.healthy, p.note = true, false, "closed"
	p.wakes.Clear()
}
