package redisstore

import "time"

// Hurry divides the times of a store without subscriber by 100, and the deadlines of
// answers by 10.
func (s *Store) Hurry() {
	s.pace.connect /= 10
	s.pace.heartbeat /= 100
	s.pace.answer /= 10
	s.pace.backoffMax /= 100
	s.pace.backoffMin /= 100
}

// Heartbeat is the time between two PINGs.
func (s *Store) Heartbeat() time.Duration { return s.pace.heartbeat }

// Missed is how many writes polls found that no message had announced.
func (s *Store) Missed() int {
	s.hints.mu.Lock()
	defer s.hints.mu.Unlock()
	return s.hints.missed
}
