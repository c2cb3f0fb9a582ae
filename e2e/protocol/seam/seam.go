// Package seam holds the delays and the switches of faults that the overlay of package protocol
// compiles into the gate, the operator and the store in memory. No other code imports it.
package seam

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

var (
	mu      sync.Mutex
	random  *rand.Rand
	fault   string
	longest time.Duration
)

// Begin sets the seed of the delays, their limit, and the fault that is on: "" means none.
func Begin(seed uint64, on string, limit time.Duration) {
	mu.Lock()
	defer mu.Unlock()
	random, fault, longest = rand.New(rand.NewPCG(seed, 1)), on, limit //nolint:gosec // a schedule, not a secret
}

// Is reports whether this fault is on.
func Is(name string) bool {
	mu.Lock()
	defer mu.Unlock()
	return fault == name
}

// Point delays the caller in one call of three.
func Point() {
	mu.Lock()
	var pause time.Duration
	if random != nil && longest > 0 && random.IntN(3) == 0 {
		pause = time.Duration(random.Int64N(int64(longest)))
	}
	mu.Unlock()
	Sleep(pause)
}

// Sleep delays the caller, in a bubble of testing/synctest.
func Sleep(d time.Duration) {
	if d > 0 {
		time.Sleep(d) //nolint:forbidigo // the time is that of the bubble
	}
}

// Uint64 is the random seed of a gate.
func Uint64() uint64 {
	mu.Lock()
	defer mu.Unlock()
	if random == nil {
		return rand.Uint64() //nolint:gosec // a spread, not a secret
	}
	return random.Uint64()
}

// Mutex is a sync.Mutex whose holder may sleep in a bubble of testing/synctest: a goroutine that
// waits for it is durably blocked.
type Mutex struct {
	place atomic.Pointer[chan struct{}]
}

// Lock waits until no other goroutine holds the mutex.
func (m *Mutex) Lock() {
	place := m.place.Load()
	if place == nil {
		made := make(chan struct{}, 1)
		m.place.CompareAndSwap(nil, &made)
		place = m.place.Load()
	}
	*place <- struct{}{}
}

// Unlock frees the mutex.
func (m *Mutex) Unlock() { <-*m.place.Load() }
