package core

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Transition is a change of a gate, for Config.OnTransition. The caller owns it, except the
// closures, which are shared and immutable.
type Transition struct {
	// Kind is one of these. Later versions may add kinds.
	//   - "closed": the gate refuses from now on
	//   - "opened": the gate serves from now on
	//   - "changed": the gate still refuses, and visitors see another kind, reason, beginning or expected end
	//   - "overdue": the gate still refuses, and the expected end has passed
	//   - "store-lost": the store could not be read, at the start or after a good read
	//   - "store-back": the store was read again
	Kind string
	// At is the instant of the change, by this machine's clock.
	At time.Time
	// Old and New are the state before and after the change. If several transitions come from one
	// event, for example "store-back" and "opened" from one read, they have the same Old and New.
	// The first Old of a gate is open, with StoreNeverRead or StoreNone, though New has not yet
	// returned and no request was served.
	Old, New Summary
	// Dropped is the number of transitions between the previous call and this one that were
	// dropped, because the calls took too long.
	Dropped int
}

// Summary is the state of a gate in a [Transition]. Its fields have the meaning of those in
// [Status].
type Summary struct {
	Closure                *Closure // nil: the gate is open
	Overdue                bool
	Override, OverrideFrom string
	Revision               int64
	Health                 StoreHealth
	Err                    error
	Regressed              bool
}

// summary returns the summary of s.
func (set *settings) summary(s *state) Summary {
	override, from, _ := set.overriding(s)
	return Summary{
		Closure: s.now.closure, Overdue: s.now.overdue, Override: override.String(), OverrideFrom: from,
		Revision: s.known.doc.Mark().Revision, Health: set.health(s), Err: s.known.err, Regressed: s.regressed(),
	}
}

// maxTransitions limits the transitions that wait while a call of OnTransition runs.
const maxTransitions = 64

// transitions calls OnTransition. A goroutine runs only while a transition waits. It holds no
// reference to the gate, so a call that never returns does not keep the gate alive.
type transitions struct {
	call func(Transition)
	log  *slog.Logger

	mu      sync.Mutex
	waiting []Transition
	dropped int // before the first of waiting
	running bool
}

// add queues transitions and does not block. If the queue is full, it drops the oldest one that
// waits, so that the last call always has the present state.
func (q *transitions) add(changes ...Transition) (dropped bool) {
	if len(changes) == 0 {
		return false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	first := q.dropped == 0
	for _, t := range changes {
		if len(q.waiting) == maxTransitions {
			q.waiting = append(q.waiting[:0], q.waiting[1:]...)
			q.dropped++
		}
		q.waiting = append(q.waiting, t)
	}
	if !q.running {
		q.running = true
		go q.run()
	}
	return first && q.dropped > 0
}

// run calls until no transition waits. If a call ends the goroutine, by runtime.Goexit, another one
// goes on.
func (q *transitions) run() {
	finished := false
	defer func() {
		if !finished {
			go q.run()
		}
	}()
	for {
		t, ok := q.next()
		if !ok {
			finished = true
			return
		}
		q.report(t)
	}
}

// next returns the oldest transition that waits. If there is none, the goroutine ends.
func (q *transitions) next() (t Transition, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		q.waiting, q.running = nil, false
		return t, false
	}
	t = q.waiting[0]
	t.Dropped, q.dropped = q.dropped, 0
	q.waiting = q.waiting[1:]
	return t, true
}

func (q *transitions) report(t Transition) {
	defer func() {
		if p := recover(); p != nil {
			q.log.LogAttrs(context.Background(), slog.LevelError, "OnTransition panicked", slog.String("kind", t.Kind), panicAttr(p))
		}
	}()
	q.call(t)
}
