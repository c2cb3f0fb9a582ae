package redisstore

import (
	"fmt"
	"time"

	"github.com/go-downtime/downtime/store"
)

// pollAlone is the poll interval while hints may not arrive.
const pollAlone = time.Second

// read is the token that a poll found, and when the poll began: a session does not expect the
// token of an earlier poll.
type read struct {
	token store.Token
	began time.Time
}

// Subscribe calls wake after each write that a message announces, after each new connection,
// and when the connection fails. The first call makes one connection for all subscribers,
// which stays until Close. The server may be down at that time.
func (s *Store) Subscribe(wake func()) (cancel func()) {
	return s.hints.Subscribe(wake, func() {
		s.start(func() { s.hints.Keep(s.ctx, s.listen) })
	})
}

// Hints reports whether hints arrive. It returns false until a message to itself has come
// back, and for a minute after a poll found a write that no message had announced.
func (s *Store) Hints() (ok bool, note string) {
	ok, note = s.hints.Hints()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.missed > 0 {
		ok = ok && time.Since(s.lastMissed) >= s.hints.Pace.Settled
		note += fmt.Sprintf("; polls found %d writes that no message had announced", s.missed)
	}
	return ok, note
}

func (s *Store) miss() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.missed++
	s.lastMissed = time.Now()
}

// found tells the session which token a poll found. A busy session skips it: the next poll
// tells it again.
func (s *Store) found(r read) {
	select {
	case s.reads <- r:
	default:
	}
}
