// Package wakes has what a store that gives hints and its readers need: the subscribers, the connection
// on which the hints come, and the wait for a hint.
package wakes

import (
	"maps"
	"slices"
	"sync"
)

// Set is the subscribers of one store. The zero Set is empty. It is safe for concurrent use.
type Set struct {
	mu    sync.Mutex
	wakes map[*func()]struct{}
}

// Subscribe adds wake until cancel is called, as a store.Hinter does. cancel is idempotent and does
// not wait for a call that runs.
func (s *Set) Subscribe(wake func()) (cancel func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wakes == nil {
		s.wakes = map[*func()]struct{}{}
	}
	s.wakes[&wake] = struct{}{}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.wakes, &wake)
	}
}

// Wake calls all subscribers on this goroutine. It holds no lock, so they may cancel.
func (s *Set) Wake() {
	s.mu.Lock()
	wakes := slices.Collect(maps.Keys(s.wakes))
	s.mu.Unlock()
	for _, wake := range wakes {
		(*wake)()
	}
}

// Clear removes all subscribers.
func (s *Set) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.wakes)
}
