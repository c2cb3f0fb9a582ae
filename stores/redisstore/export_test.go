package redisstore

import "time"

// LogSize is how many entries a log has room for.
const LogSize = logSize

// Hurry makes a store that was not subscribed to yet keep its times in a hundredth of the
// time, but for those that wait for an answer: a tenth.
func (s *Store) Hurry() {
	s.pace.connect /= 10
	s.pace.heartbeat /= 100
	s.pace.answer /= 10
	s.pace.backoffMax /= 100
	s.pace.backoffMin /= 100
}

// Heartbeat is how often a store asks whether it is still connected.
func (s *Store) Heartbeat() time.Duration { return s.pace.heartbeat }
