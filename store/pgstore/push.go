package pgstore

import (
	"time"

	"github.com/go-downtime/downtime/store"
)

// found is a change that a poll found, and when this read began.
type found struct {
	token store.Token
	began time.Time
}

// Subscribe calls wake after each notification of a write, after each new connection, and
// when the connection is lost. The first call opens the listening connection of this store,
// which stays until Close. The server does not need to answer.
func (s *Store) Subscribe(wake func()) (cancel func()) {
	return s.hints.Subscribe(wake, func() {
		s.following.Go(func() { s.hints.Keep(s.ctx, s.session) })
	})
}

// Hints reports whether notifications are observed to arrive. The note describes the
// listening connection.
func (s *Store) Hints() (ok bool, note string) { return s.hints.Hints() }

// MissedPushes counts the writes that a poll found and no notification announced.
func (s *Store) MissedPushes() int64 { return s.missed.Load() }
