package core

import (
	"context"
	"log/slog"
	"sync"
)

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

// run makes the next call, and goes on with the one after it on another goroutine. A call can
// therefore also end its goroutine, by runtime.Goexit.
func (q *transitions) run() {
	t, ok := q.next()
	if !ok {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			q.log.LogAttrs(context.Background(), slog.LevelError, "OnTransition panicked", slog.String("kind", t.Kind), panicAttr(p))
		}
		go q.run()
	}()
	q.call(t)
}

// next returns the oldest transition that waits. If there is none, no call follows.
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
