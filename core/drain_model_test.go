// The model runs one process at a time: the race detector would only slow it down.

//go:build !race

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
// The request may share its ticket with a handler that a time-out middleware leaves running, as
// with Inside and Go, on the gate's own share. The handler joins at any time, also too late. The
// request may also be declared a stream. A closed gate may admit it by a predicate, with the steps of
// Admit, and a run then suspends bypasses.
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

	shared            bool // the admitted request leaves its handler running; no mutant
	joinsTooLate      bool // a handler joins a ticket that was counted out
	middlewareLeaves  bool // the middleware counts the request out, although its handler runs
	everyHolderLeaves bool // each holder counts the request out
	stream            bool // the request becomes a stream before it ends; no mutant
	streamLeavesTwice bool // a stream is counted out of the requests when it ends, too

	bypass       bool // a closed gate admits the request by a predicate, until a run suspends bypasses; no mutant
	onlyWhenOpen bool // the follower waits only for requests that an open snapshot admitted
}

// world is one run of the model.
type world struct {
	p        protocol
	current  *snapshot
	retired  []*quiet
	drained  bool
	running  int  // handlers that were admitted and have not ended
	spawned  step // the handler of a shared ticket, when it begins
	streams  int  // of the running ones, the streams
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
	if s.closure != nil && (!w.p.bypass || s.closure.alone) {
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
		w.running--
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
		w.running++
		w.say("request is admitted")
		if w.p.shared || w.p.stream {
			return w.share(c)
		}
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

// share is the rest of a request whose ticket is shared: its handler runs on by itself, and the
// middleware ends.
func (w *world) share(c *cell) step {
	f := &follower{}
	s := (&Gate{follower: f}).shared(c).share
	leave := func(middleware bool) {
		switch {
		case w.p.everyHolderLeaves, w.p.middlewareLeaves && middleware:
			c.left.Add(1)
		case w.p.middlewareLeaves:
		default:
			s.leave()
			if w.p.streamLeavesTwice {
				c.left.Add(1)
			}
		}
	}
	end := func(name string, middleware bool) step {
		return func() step {
			w.running--
			w.say("%s ends", name)
			return func() step {
				leave(middleware)
				w.say("%s leaves", name)
				return nil
			}
		}
	}
	if w.p.stream {
		return func() step {
			w.say("request becomes a stream, which no drain waits for")
			s.declare("s")
			w.streams++
			return func() step {
				w.running--
				w.streams--
				leave(true)
				w.say("stream ends")
				return nil
			}
		}
	}
	w.spawned = func() step {
		if w.p.joinsTooLate {
			s.holders++
		} else if !s.join() {
			w.say("handler finds that the request was counted out")
			return nil
		}
		w.running++
		w.say("handler runs")
		return end("handler", false)
	}
	return end("middleware", true)
}

// follower closes, opens and closes the gate, and looks at the cells until all are quiet. Beside
// three processes it closes the gate once.
func (w *world) follower() step {
	if w.p.shared || w.p.bypass {
		return w.swap(true, func() step { return w.wait(2) })
	}
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
		if old.refusesLess(&snapshot{closure: &Closure{alone: w.p.bypass}}) && closing && (old.open() || !w.p.onlyWhenOpen) {
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
		w.current = &snapshot{closure: &Closure{alone: w.p.bypass}, admitted: twoCells(), exempt: twoCells(), closing: old.closing}
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

// explore runs every interleaving of the processes and counts them. It returns the shortest trace
// that breaks an invariant; nil if there is none.
func explore(p protocol) (worst []string, runs int) {
	// A schedule is a list of choices; replaying it from the start needs no undo.
	var visit func(schedule []int)
	visit = func(schedule []int) {
		w := &world{p: p, current: open2()}
		if p.bypass {
			w.current.closure = &Closure{}
		}
		processes := []step{w.request, w.follower(), nil}
		for _, i := range schedule {
			processes[i] = processes[i]()
			if w.spawned != nil {
				processes[2], w.spawned = w.spawned, nil
			}
			if w.drained && w.running > w.streams {
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
			if !q.look() && w.running == 0 && worst == nil {
				worst = append(w.trace, "no request runs, and the gate is never drained")
			}
		}
	}
	visit(nil)
	return worst, runs
}

func TestDrainProtocolHoldsInEveryInterleaving(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]protocol{"a request": {}, "a shared ticket": {shared: true}, "a stream": {stream: true}, "a bypassed request": {bypass: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			trace, runs := explore(p)
			require.Empty(t, trace, "counterexample:\n%s", strings.Join(trace, "\n"))
			require.Greater(t, runs, 400)
			t.Logf("%d interleavings", runs)
		})
	}
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
		"a handler joins too late":             {shared: true, joinsTooLate: true},
		"the middleware counts a request out":  {shared: true, middlewareLeaves: true},
		"every holder counts the request out":  {shared: true, everyHolderLeaves: true},
		"a stream is counted out twice":        {stream: true, streamLeavesTwice: true},
		"no second look in Admit":              {bypass: true, noSecondLook: true},
		"run does not wait for bypassed ones":  {bypass: true, onlyWhenOpen: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			trace, _ := explore(mutant)
			require.NotEmpty(t, trace, "the check does not see the fault")
			t.Logf("counterexample:\n%s", strings.Join(trace, "\n"))
		})
	}
}
