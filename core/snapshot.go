package core

import "sync/atomic"

// snapshot is everything that a request needs to know, immutable but for its counters.
// The gate swaps it whole.
type snapshot struct {
	// closure is nil while the gate is open.
	closure *Closure
	// cells count the requests that an open snapshot lets in; nil in a closed one.
	cells cells
	// closing is closed when an open gate closes; consecutive open snapshots share it.
	closing chan struct{}
	// answers are the refusals of a closed snapshot, prepared.
	answers *answers
	// warned: a predicate or hook panicked under this snapshot, and it was logged.
	warned atomic.Bool
}

func openSnapshot() *snapshot {
	return &snapshot{cells: newCells(), closing: make(chan struct{})}
}

func (s *snapshot) open() bool { return s.closure == nil }

// enter counts r in at its cell, if s is still the current one after counting. The second
// look is what makes a drain sound: a request that read s, slept, and counted itself after
// the swap is found out here.
func (g *Gate) enter(s *snapshot, c *cell) bool {
	c.n.Add(1)
	if g.current.Load() == s {
		return true
	}
	c.n.Add(-1)
	return false
}
