package core

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The drain protocol, checked exhaustively: every interleaving of one request with a follower
// that closes, opens and closes the gate, on the gate's own snapshots, cells and quiet. The
// request's steps are those of Enter and Leave, one memory access each.
//
// There are two invariants. While the follower reports the gate as drained, no admitted request
// runs. After the last request has ended, the gate is drained eventually.

// protocol is the order of steps. Each mutant differs from the zero protocol in one point,
// and the check must find a counterexample for it.
type protocol struct {
	noSecondLook      bool // Enter counts, and does not look again
	looksBeforeCount  bool // Enter looks at the snapshot, and then counts
	leavesElsewhere   bool // Leave counts the request out at another cell
	scansBeforeSwap   bool // the follower looks at the cells before it replaces the snapshot
	onlyLastSnapshot  bool // the follower waits for the newest of the replaced snapshots only
	drainedOnAdoption bool // drained as soon as the closing is installed
}

// world is one run of the model.
type world struct {
	p        protocol
	current  *snapshot
	retired  []*quiet
	drained  bool
	running  bool // the request was admitted and has not left
	restarts int
	trace    []string
}

func twoCells() cells { return make(cells, 2) }

func open2() *snapshot { return &snapshot{admitted: twoCells(), closing: make(chan struct{})} }

// step is one atomic step. It returns the next step; nil at the end.
type step func() step

func (w *world) say(format string, args ...any) {
	w.trace = append(w.trace, fmt.Sprintf(format, args...))
}

// request is Enter, the handler and Leave.
func (w *world) request() step {
	s := w.current
	w.say("request loads snapshot")
	if s.closure != nil {
		w.say("request is refused")
		return nil
	}
	c := &s.admitted[1]
	count := func(next step) step {
		return func() step {
			w.say("request counts itself in")
			c.entered.Add(1)
			return next
		}
	}
	leave := func() step {
		w.running = false
		w.say("request ends")
		return func() step {
			if w.p.leavesElsewhere {
				c = &w.current.admitted[0]
			}
			c.left.Add(1)
			w.say("request counts itself out")
			return nil
		}
	}
	serve := func() step {
		w.running = true
		w.say("request is admitted")
		return leave
	}
	look := func(admitted step) step {
		return func() step {
			if w.current == s {
				return admitted()
			}
			w.say("request finds another snapshot")
			return func() step {
				c.left.Add(1)
				if w.restarts++; w.restarts > 2 {
					return nil
				}
				return w.request
			}
		}
	}
	switch {
	case w.p.noSecondLook:
		return count(serve)
	case w.p.looksBeforeCount:
		return func() step {
			if w.current != s {
				return w.request
			}
			return count(serve)
		}
	}
	return count(look(serve))
}

// follower closes, opens and closes the gate, and looks at the cells until all are quiet.
func (w *world) follower() step {
	return w.swap(true, func() step {
		return w.swap(false, func() step {
			return w.swap(true, func() step { return w.wait(2) })
		})
	})
}

func (w *world) swap(closing bool, then step) step {
	return func() step {
		old := w.current
		var q *quiet
		if old.closure == nil {
			q = &quiet{cells: old.admitted}
			if w.p.onlyLastSnapshot {
				w.retired = nil
			}
			w.retired = append(w.retired, q)
		}
		if q != nil && w.p.scansBeforeSwap {
			q.look()
			w.say("follower looks before the swap")
			return func() step { return w.install(old, closing, then) }
		}
		return w.install(old, closing, then)
	}
}

func (w *world) install(old *snapshot, closing bool, then step) step {
	if closing {
		w.current = &snapshot{closure: &Closure{}, admitted: twoCells(), exempt: twoCells(), closing: old.closing}
		w.say("follower closes")
		if w.p.drainedOnAdoption {
			w.drained = true
		}
	} else {
		w.current, w.drained = open2(), false
		w.say("follower opens")
	}
	return then
}

// wait looks at one cell in each step, at most so many rounds.
func (w *world) wait(rounds int) step {
	if rounds == 0 {
		return nil
	}
	for _, q := range w.retired {
		if q.from < len(q.cells) {
			return func() step {
				c := &q.cells[q.from]
				left := c.left.Load()
				return func() step {
					if c.entered.Load() == left {
						q.from++
						return w.wait(rounds)
					}
					return w.wait(rounds - 1)
				}
			}
		}
	}
	w.drained = true
	w.say("follower says: drained")
	return nil
}

// explore runs every interleaving of two processes and counts them. It returns the shortest trace
// that breaks an invariant; nil if there is none.
func explore(p protocol) (worst []string, runs int) {
	// A schedule is a list of choices; replaying it from the start needs no undo.
	var visit func(schedule []int)
	visit = func(schedule []int) {
		w := &world{p: p, current: open2()}
		processes := []step{w.request, w.follower()}
		for _, i := range schedule {
			processes[i] = processes[i]()
			if w.drained && w.running {
				if worst == nil || len(w.trace) < len(worst) {
					worst = w.trace
				}
				return
			}
		}
		done := true
		for i, next := range processes {
			if next != nil {
				done = false
				visit(append(slices.Clone(schedule), i))
			}
		}
		if !done {
			return
		}
		runs++
		// After the request has ended, every replaced snapshot must become quiet.
		for _, q := range w.retired {
			if !q.look() && !w.running && worst == nil {
				worst = append(w.trace, "no request runs, and the gate is never drained")
			}
		}
	}
	visit(nil)
	return worst, runs
}

func TestDrainProtocolHoldsInEveryInterleaving(t *testing.T) {
	t.Parallel()
	trace, runs := explore(protocol{})
	require.Empty(t, trace, "counterexample:\n%s", strings.Join(trace, "\n"))
	require.Greater(t, runs, 1000)
	t.Logf("%d interleavings", runs)
}

func TestDrainProtocolCheckFindsEveryMutant(t *testing.T) {
	t.Parallel()
	for name, mutant := range map[string]protocol{
		"no second look in Enter":              {noSecondLook: true},
		"load, then count":                     {looksBeforeCount: true},
		"leave through another cell":           {leavesElsewhere: true},
		"cells read before the swap":           {scansBeforeSwap: true},
		"wait only for the last predecessor":   {onlyLastSnapshot: true},
		"drained on adoption instead of quiet": {drainedOnAdoption: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			trace, _ := explore(mutant)
			require.NotEmpty(t, trace, "the check does not see the fault")
			t.Logf("counterexample:\n%s", strings.Join(trace, "\n"))
		})
	}
}
