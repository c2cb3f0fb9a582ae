package redisstore

import "time"

// Hurry divides the times of a store without subscriber by 100, and the deadlines of
// answers by 10.
func (s *Store) Hurry() {
	p := &s.hints.Pace
	p.Connect /= 10
	p.Heartbeat /= 100
	p.Answer /= 10
	p.BackoffMax /= 100
	p.BackoffMin /= 100
}

// Heartbeat is the time between two PINGs.
func (s *Store) Heartbeat() time.Duration { return s.hints.Pace.Heartbeat }

// Missed is how many writes polls found that no message had announced.
func (s *Store) Missed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.missed
}
