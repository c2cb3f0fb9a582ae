package core

import "sync/atomic"

// snapshot is the state that the request path reads. It is immutable except for its counters and
// warned. The follower replaces it as a whole.
type snapshot struct {
	owner any // see cellBlock; nil in Explain
	// closure is nil while the gate is open.
	closure *Closure
	// admitted counts the requests that an open snapshot admits, or that a closed one admits by a
	// predicate. A later snapshot that refuses more waits for them.
	admitted cells
	// exempt counts the requests that a closed snapshot admits by their path. They are counted
	// and reported, but no drain waits for them. Nil while open.
	exempt cells
	// closing is closed when an open gate closes. Consecutive closed snapshots share it.
	closing chan struct{}
	// warned is true once a fault in the request path was logged under this snapshot.
	warned atomic.Bool
}

func openSnapshot(owner any) *snapshot {
	return &snapshot{owner: owner, admitted: newCells(owner), closing: make(chan struct{})}
}

// closedSnapshot is the snapshot of a closure that follows old.
func closedSnapshot(closure *Closure, old *snapshot) *snapshot {
	return &snapshot{
		owner: old.owner, closure: closure, admitted: newCells(old.owner), exempt: newCells(old.owner),
		closing: old.closing,
	}
}

func (s *snapshot) open() bool { return s.closure == nil }

// retired is a replaced snapshot that may still have running requests.
type retired struct {
	*snapshot

	// waits is true if a drain waits for the requests that this snapshot admitted, because it
	// refused less than the next one.
	waits            bool
	admitted, exempt quiet
}

// retire returns old as a retired snapshot after next has replaced it.
func retire(old, next *snapshot) *retired {
	return &retired{
		snapshot: old, waits: old.refusesLess(next),
		admitted: quiet{cells: old.admitted}, exempt: quiet{cells: old.exempt},
	}
}

// refusesLess reports whether s admits a request that next does not. Closed snapshots differ only
// in whether a predicate lets requests pass.
func (s *snapshot) refusesLess(next *snapshot) bool {
	if s.open() || next.open() {
		return s.open() && !next.open()
	}
	return next.closure.alone && !s.closure.alone
}

// counters are the requests of all snapshots, and the streams of the gate.
type counters struct {
	inFlight, bypassed, exempt int64
	held                       int64            // these wait, and are not counted in
	streams                    map[string]int64 // by name; nil if there are none
	decided                    tally            // all requests since the start
}

// judged is the number of requests that were decided, and of those that wait.
func (c *counters) judged() int64 { return c.decided.sum() + c.held }

// tally counts decisions by outcome and by the cause of the closure; the zero Cause is an open gate.
type tally [Held + 1][CauseShutdown + 1]int64

// add adds the requests that were decided under s.
func (t *tally) add(s *snapshot) {
	passed, cause := Open, Cause(0)
	if !s.open() {
		passed, cause = Bypassed, s.closure.Cause
	}
	admitted, refused := s.admitted.judged()
	exempt, refusedToo := s.exempt.judged()
	t[passed][cause] += admitted
	t[Exempt][cause] += exempt
	t[Blocked][cause] += refused + refusedToo
}

func (t *tally) sum() int64 {
	var sum int64
	for _, byCause := range t {
		for _, n := range byCause {
			sum += n
		}
	}
	return sum
}

// table returns the counts that are not zero.
func (t *tally) table() map[Outcome]map[Cause]int64 {
	table := map[Outcome]map[Cause]int64{}
	for o, byCause := range t {
		for c, n := range byCause {
			if n == 0 {
				continue
			}
			if table[Outcome(o)] == nil {
				table[Outcome(o)] = map[Cause]int64{}
			}
			table[Outcome(o)][Cause(c)] = n
		}
	}
	return table
}

// add adds the requests of one snapshot.
func (c *counters) add(s *snapshot) {
	if s.open() {
		c.inFlight += s.admitted.running()
	} else {
		c.bypassed += s.admitted.running()
	}
	c.exempt += s.exempt.running()
	c.decided.add(s)
}
