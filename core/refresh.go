package core

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"
	"weak"
)

// timers are everything that wakes a gate. Their callbacks hold it weakly, so that a gate
// that nobody uses any more is collected, and its timers run out.
type timers struct {
	poll    *time.Timer // the next read of the store
	file    *time.Timer // the next read of the override file
	edge    *time.Timer // a period begins or ends, or the state becomes stale
	answers *time.Timer // Retry-After changes
	report  *time.Timer // the row of this instance is out of date
	quiet   *time.Timer // another look at the retired snapshots
}

// arm sets *t to call f after d, in place of what it was set to.
func (g *Gate) arm(t **time.Timer, d time.Duration, f func(*Gate)) {
	if *t != nil {
		(*t).Stop()
		*t = nil
	}
	if g.state.stopped || d < 0 {
		return
	}
	w := weak.Make(g)
	*t = time.AfterFunc(d, func() {
		if g := w.Value(); g != nil {
			f(g)
		}
	})
}

// begin makes the first conclusion: subscribe, then read, then serve.
func (g *Gate) begin() {
	g.state.begun = time.Now()
	g.register()
	if g.set.file != "" {
		g.checkFile()
	}
	if g.set.store == nil {
		g.locked(func(now time.Time) { g.settle(now) })
		return
	}
	if s, ok := g.set.store.(Subscriber); ok {
		w := weak.Make(g)
		cancel := s.Subscribe(func() {
			if g := w.Value(); g != nil {
				g.wake()
			}
		})
		g.locked(func(time.Time) { g.state.unsubscribe = cancel })
		runtime.AddCleanup(g, func(cancel func()) { cancel() }, cancel)
	}
	g.poll()
}

// locked runs f under mu, and then writes the log lines that it queued.
func (g *Gate) locked(f func(now time.Time)) {
	g.change(f)
	g.logs.flush(&g.mu)
}

// change runs f under mu, and sees to it that the fleet hears of what has changed. The
// caller flushes the log lines once it holds nothing.
func (g *Gate) change(f func(now time.Time)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f(time.Now())
	g.armReport()
}

// wake answers a store's hint by one read, however many hints come while it waits.
func (g *Gate) wake() {
	if g.woken.CompareAndSwap(false, true) {
		go g.poll()
	}
}

// poll reads the store, and comes back, whatever became of it.
func (g *Gate) poll() {
	_ = g.read(context.Background()) // the state and the log have the error
	g.woken.Store(false)
	g.change(func(time.Time) { g.arm(&g.state.timers.poll, g.nextPoll(), (*Gate).poll) })
	g.logs.flush(&g.mu)
}

// ErrShutdown: the gate was shut down, and reads its store no more.
var ErrShutdown = errors.New("the gate was shut down")

// Refresh reads the store now, instead of at the next poll, and returns once the gate
// honours what it found. The error is the read's, and the gate then keeps what it had, or
// [ErrShutdown]. It waits for a read that is under way, and for no longer than ctx and 2 s.
func (g *Gate) Refresh(ctx context.Context) error {
	if g.set.store == nil {
		return nil
	}
	defer g.logs.flush(&g.mu) // when the place in reading is free again
	return g.read(ctx)
}

// read is Refresh, but for the log lines, which the caller flushes.
func (g *Gate) read(ctx context.Context) error {
	caller := ctx
	ctx, cancel := context.WithTimeout(caller, readTimeout)
	defer cancel()
	select {
	case g.reading <- struct{}{}:
		defer func() { <-g.reading }()
	case <-ctx.Done():
		return fmt.Errorf("read %s: waiting for the read before: %w", g.set.description, context.Cause(ctx))
	}
	g.woken.Store(false)
	for {
		var have Mark
		var row *Instance
		var stopped bool
		g.change(func(now time.Time) { have, row, stopped = g.state.seen, g.rowDue(now), g.state.stopped })
		if stopped {
			return ErrShutdown
		}
		r := g.load(ctx, have, row)
		if caller.Err() != nil && r.err != nil && !errors.Is(r.err, ErrUnchanged) {
			return fmt.Errorf("read %s: %w", g.set.description, r.err) // the caller gave up: no word about the store
		}
		var err error
		g.change(func(now time.Time) {
			err = g.adopt(r.state, r.err, r.asked, r.answered)
			g.noteReport(r, now)
			g.settle(now)
			g.arm(&g.state.timers.poll, g.nextPoll(), (*Gate).poll)
		})
		switch {
		case err != nil:
			return fmt.Errorf("read %s: %w", g.set.description, err)
		case !r.late:
			return nil
		}
		// What came late is better than nothing, but it was asked before this call.
	}
}

// pace is the time between two polls, before it is spread or hurried.
func (g *Gate) pace() time.Duration {
	if g.set.pacer != nil {
		return max(g.set.pacer.PollInterval(), time.Millisecond)
	}
	return g.set.poll
}

// patience is how long nothing may be heard of the reads themselves, before the store
// counts as lost: whatever it is that keeps them from coming back.
func (g *Gate) patience() time.Duration {
	return max(3*g.pace()+2*readTimeout, g.set.maxStale)
}

// Polls come quicker for a moment while somebody may be waiting for this gate: while
// requests that it let in before still run, and shortly before an edge.
const (
	hurriedPoll = time.Second
	edgeNear    = 30 * time.Second
)

// nextPoll spreads the polls of a fleet, unless the store or the Config sets the pace.
func (g *Gate) nextPoll() time.Duration {
	s := &g.state
	poll := g.pace()
	next := s.judged.Next.Add(-s.offset)
	if g.set.fleet != nil && (len(s.retired) > 0 || (!s.judged.Next.IsZero() && time.Until(next) < edgeNear)) {
		poll = min(poll, hurriedPoll)
	}
	if g.set.jitter || g.set.fleet != nil {
		spread := poll / 5
		poll += rand.N(2*spread+1) - spread //nolint:gosec // a spread, not a secret
	}
	return poll
}

type loadResult struct {
	state           State
	err             error
	asked, answered time.Time
	late            bool      // of a read that an earlier call gave up on
	row             *Instance // that was to be reported; nil: none
	rowErr          error     // what came of it
}

// load reports the row, if there is one to report, and reads the store, on a goroutine of
// its own, so that one that ignores its deadline holds up nobody; its late answer is what
// the next call returns. The caller has the one place in reading.
func (g *Gate) load(ctx context.Context, have Mark, row *Instance) loadResult {
	late := func() loadResult {
		return loadResult{err: fmt.Errorf("no answer: %w", context.Cause(ctx)), asked: time.Now(), answered: time.Now()}
	}
	if g.pending != nil {
		select {
		case r := <-g.pending:
			g.pending = nil
			if r.err == nil {
				r.late, r.state.Time = true, time.Time{} // no word about the clocks after so long
				return r
			}
		case <-ctx.Done():
			return late()
		}
	}
	answer := make(chan loadResult, 1)
	store, fleet := g.set.store, g.set.fleet
	go func() {
		r := loadResult{asked: time.Now(), row: row}
		defer func() {
			if p := recover(); p != nil {
				r.state, r.err = State{}, fmt.Errorf("store panicked: %v", p)
			}
			r.answered = time.Now()
			answer <- r
		}()
		if row != nil {
			var mark Mark
			if mark, r.state.Time, r.rowErr = fleet.Report(ctx, *row, LeaseTime); r.rowErr == nil && mark != (Mark{}) && mark == have {
				r.state.Mark, r.err = mark, ErrUnchanged
				return
			}
		}
		r.state, r.err = store.Load(ctx, have)
	}()
	g.pending = answer
	select {
	case r := <-g.pending:
		g.pending = nil
		return r
	case <-ctx.Done():
		return late()
	}
}

// checkFile reads the override file, outside of the lock, and comes back in a second.
func (g *Gate) checkFile() {
	o, err := readOverrideFile(g.set.file)
	g.locked(func(now time.Time) {
		s := &g.state
		g.noteFile(err)
		s.fileRead = s.fileRead || err == nil
		if err == nil && o != s.fileOverride {
			s.fileOverride, s.fileSince = o, now
		}
		if g.set.store == nil || s.read || s.lost { // not before the store was asked for the first time
			g.settle(now)
		}
		g.arm(&s.timers.file, overridePoll, (*Gate).checkFile)
	})
}

// armEdge sets the timer for the next instant at which something changes by itself. It
// rings no later than in a minute, so that a clock that was set is noticed.
func (g *Gate) armEdge(next, now time.Time) {
	if next.IsZero() {
		g.arm(&g.state.timers.edge, -1, nil)
		return
	}
	g.arm(&g.state.timers.edge, min(max(next.Round(0).Sub(now.Round(0)), 0), time.Minute), func(g *Gate) {
		g.locked(g.settle)
	})
}

// armAnswers prepares the answers for now, and comes back when they change.
func (g *Gate) armAnswers(now time.Time) {
	a := g.current.Load().answers
	if a == nil {
		g.arm(&g.state.timers.answers, -1, nil)
		return
	}
	next := a.tick(now.Add(g.state.offset))
	if next.IsZero() {
		g.arm(&g.state.timers.answers, -1, nil)
		return
	}
	g.arm(&g.state.timers.answers, max(next.Sub(now.Add(g.state.offset)), 0), func(g *Gate) {
		g.locked(g.armAnswers)
	})
}

// armQuiet looks again soon, then less and less often.
func (g *Gate) armQuiet() {
	s := &g.state
	s.quietWait = min(max(2*s.quietWait, time.Millisecond), 50*time.Millisecond)
	g.arm(&s.timers.quiet, s.quietWait, func(g *Gate) {
		g.locked(func(now time.Time) { g.retire(nil, now) })
	})
}

// stop ends what the gate does in the background.
func (g *Gate) stop() {
	g.locked(func(time.Time) {
		s := &g.state
		s.stopped = true
		for _, t := range []*time.Timer{s.timers.poll, s.timers.file, s.timers.edge, s.timers.answers, s.timers.quiet, s.timers.report} {
			if t != nil {
				t.Stop()
			}
		}
		if s.unsubscribe != nil {
			s.unsubscribe()
			s.unsubscribe = nil
		}
	})
}
