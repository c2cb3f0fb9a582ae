package redisstore

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-downtime/downtime/internal/wakes"
	"github.com/go-downtime/downtime/store"
)

// pace are the times that the subscription keeps.
type pace struct {
	connect    time.Duration // deadline of the server's answer to SUBSCRIBE
	heartbeat  time.Duration // between two PINGs
	answer     time.Duration // deadline of a PONG, of the message to itself, and of the message about a write that a poll found
	backoffMin time.Duration // limit of the first pause before another attempt
	backoffMax time.Duration // limit of the longest pause
	settled    time.Duration // healthy for this time, a connection starts the backoff anew and forgets a missed hint
	pollHinted time.Duration // poll interval while hints arrive
	pollAlone  time.Duration // poll interval else
}

var defaultPace = pace{
	connect: 5 * time.Second, heartbeat: 5 * time.Second, answer: 2 * time.Second,
	backoffMin: 100 * time.Millisecond, backoffMax: 5 * time.Second, settled: time.Minute,
	pollHinted: 15 * time.Second, pollAlone: time.Second,
}

// hints is the state of a store's subscription.
type hints struct {
	reads   chan read    // tokens that polls found
	session atomic.Int64 // number of the last session that has read its first token
	wakes   wakes.Set

	mu         sync.Mutex
	begun      bool
	healthy    bool
	note       string
	missed     int       // writes that a poll found and no message announced
	lastMissed time.Time // zero: never
}

// read is the token that a poll found. The session is the one at the start of the poll, because a
// later session does not expect the token.
type read struct {
	token   store.Token
	session int64
}

// Subscribe calls wake after each write that a message announces, after each new connection,
// and when the connection fails. The first call makes one connection for all subscribers,
// which stays until Close. The server may be down at that time.
func (s *Store) Subscribe(wake func()) (cancel func()) {
	h := &s.hints
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.begun && s.start(s.listen) {
		h.begun, h.note = true, "connecting"
	}
	return h.wakes.Subscribe(wake)
}

// Hints reports whether hints arrive. It returns false until a message to itself has come
// back, and for a minute after a poll found a write that no message had announced.
func (s *Store) Hints() (ok bool, note string) {
	h := &s.hints
	h.mu.Lock()
	defer h.mu.Unlock()
	ok, note = h.healthy, h.note
	if h.missed > 0 {
		ok = ok && time.Since(h.lastMissed) >= s.pace.settled
		note += fmt.Sprintf("; polls found %d writes that no message had announced", h.missed)
	}
	return ok, note
}

// set notes the state of the subscription. It wakes all subscribers if they may have missed
// a hint, or must poll at another interval.
func (h *hints) set(healthy bool, note string) {
	h.mu.Lock()
	wake := healthy || h.healthy
	h.healthy, h.note = healthy, note
	h.mu.Unlock()
	if wake {
		h.wakes.Wake()
	}
}

func (h *hints) miss() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.missed++
	h.lastMissed = time.Now()
}

// found tells the session which token a poll found. A busy session skips it: the next poll
// tells it again.
func (h *hints) found(r read) {
	select {
	case h.reads <- r:
	default:
	}
}

// listen keeps a subscription until Close.
func (s *Store) listen() {
	limit := s.pace.backoffMin
	for {
		healthy, err := s.listenOnce(s.ctx)
		s.lookAround(err)
		s.hints.set(false, fmt.Sprintf("no messages: %v", err))
		if healthy >= s.pace.settled {
			limit = s.pace.backoffMin
		}
		select {
		// Full jitter: instances that lost their server do not come back at the same time.
		case <-time.After(rand.N(limit)): //nolint:gosec // a spread, not a secret
		case <-s.ctx.Done():
			s.hints.set(false, "closed")
			return
		}
		limit = min(2*limit, s.pace.backoffMax)
	}
}
