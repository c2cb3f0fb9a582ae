package core

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Gate decides for each request whether the application is down. Make one with [New];
// it is safe for concurrent use. It parks no goroutine, so a Gate that nobody shuts down
// is collected like any other value.
type Gate struct {
	current atomic.Pointer[snapshot]
	passing cells // exempt and bypassed requests under a closed snapshot
	set     *settings

	reading chan struct{}   // one place: a read of the store is under way
	pending chan loadResult // of whoever has that place: a Load that outlived its deadline
	woken   atomic.Bool     // a wake-up that no read has answered yet

	mu    sync.Mutex
	state state // what is known; guarded by mu
	logs  logQueue
}

// New makes a Gate from a Config. The error holds every fault of cfg, joined, each with
// its field and value. New reads the store once, for at most 2 s, and never fails because
// of it: what happens until the store answers is Config.FirstStart.
func New(cfg Config) (*Gate, error) {
	set, err := cfg.resolve()
	if err != nil {
		return nil, err
	}
	return newGate(set), nil
}

func newGate(set *settings) *Gate {
	g := &Gate{set: set, passing: newCells(), reading: make(chan struct{}, 1), logs: logQueue{log: set.log}}
	g.current.Store(openSnapshot()) // nobody has the gate yet: nothing is admitted by it
	g.begin()
	return g
}

// Enter counts a request in and returns true if the gate is open; the caller then defers
// the ticket's Leave and serves. It returns false, and counts nothing, if the gate is
// closed; the caller then asks [Gate.Admit]. A nil r is fine: a worker that has no request
// counts itself the same way.
func (g *Gate) Enter(r *http.Request) (Ticket, bool) {
	for {
		s := g.current.Load()
		if !s.open() {
			return Ticket{}, false
		}
		if c := s.cells.of(r); g.enter(s, c) {
			return Ticket{cell: c}, true
		}
	}
}

// Admit decides about a request that Enter did not let in, and calls Config.OnDecision.
// ctx is what predicates see: the request's context, or an adapter's over it. If the
// decision passes, the ticket counts the request in, as Enter's does, and a bypassed
// request has had its answer marked on w as one that no cache may keep. Else the ticket is
// empty, and the caller answers, with [Gate.Respond] or in its own way.
func (g *Gate) Admit(ctx context.Context, w http.ResponseWriter, r *http.Request) (Ticket, Decision) {
	s := g.current.Load()
	if s.open() { // it has opened in between
		if ticket, ok := g.Enter(r); ok {
			return ticket, Decision{}
		}
		return g.Admit(ctx, w, r)
	}
	d := g.decide(ctx, s, r)
	g.report(ctx, s, r, d)
	switch d.Outcome {
	case Bypassed:
		h := w.Header()
		h["Cache-Control"], h["Cdn-Cache-Control"] = privateNoStore, noStore
	case Blocked:
		return Ticket{}, d
	}
	c := g.passing.of(r)
	c.n.Add(1)
	return Ticket{cell: c}, d
}

// Prepared header values are shared by all responses: capacity equals length, so that a
// later Add makes a copy.
var (
	privateNoStore = []string{"private, no-store"}
	noStore        = []string{"no-store"}
)

// Decide says what would happen to r now. It neither counts nor waits nor calls
// Config.OnDecision: for whoever only asks.
func (g *Gate) Decide(ctx context.Context, r *http.Request) Decision {
	return g.decide(ctx, g.current.Load(), r)
}

// decide is the order of the rules: state first, then exempt paths, then predicates.
func (g *Gate) decide(ctx context.Context, s *snapshot, r *http.Request) Decision {
	if s.open() {
		return Decision{Outcome: Open}
	}
	d := Decision{Outcome: Blocked, Closure: s.closure}
	if r == nil || r.URL == nil {
		return d
	}
	if rule, ok := g.set.exempt.match(r.URL); ok {
		d.Outcome, d.Rule = Exempt, rule
		return d
	}
	for i := range g.set.bypass {
		p := &g.set.bypass[i]
		yes, panicked := p.allows(ctx, r)
		if panicked != nil {
			g.warnOnce(s, "predicate panicked, and does not bypass", slog.String("predicate", p.Name()), panicAttr(panicked))
		}
		if yes {
			d.Outcome, d.Rule = Bypassed, p.Name()
			return d
		}
	}
	return d
}

// report calls the hook, which must not be able to let a request through by panicking.
func (g *Gate) report(ctx context.Context, s *snapshot, r *http.Request, d Decision) {
	if g.set.onDecision == nil {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			g.warnOnce(s, "OnDecision panicked", panicAttr(p))
		}
	}()
	g.set.onDecision(ctx, r, d)
}

// panicAttr says what kind of panic it was. A value of the application's own may hold what
// the request holds, a session say, and is not for the log.
func panicAttr(value any) slog.Attr {
	if fault, ok := value.(runtime.Error); ok {
		return slog.String("panic", fault.Error())
	}
	return slog.String("panic", fmt.Sprintf("%T", value))
}

// warnOnce logs at most one line under each snapshot: a fault in the request's way comes
// with every request.
func (g *Gate) warnOnce(s *snapshot, msg string, attrs ...slog.Attr) {
	if s.warned.CompareAndSwap(false, true) {
		g.set.log.LogAttrs(context.Background(), slog.LevelError, msg, attrs...)
	}
}

// Respond writes the refusal that d stands for: status, headers, and a body in the
// format and language that r asks for. Only for a d that does not pass.
func (g *Gate) Respond(w http.ResponseWriter, r *http.Request, d Decision) {
	g.answersFor(d).write(w, r)
}

// answersFor returns what was prepared for d, or prepares it for one that the caller made.
func (g *Gate) answersFor(d Decision) *answers {
	if d.Closure != nil && d.Closure.answers != nil {
		return d.Closure.answers
	}
	closure := d.Closure
	if closure == nil {
		closure = &Closure{Cause: CauseOverride, Emergency: true}
	}
	a := newAnswers(&g.set.answer, closure, time.Now())
	a.tick(time.Now())
	return a
}

// Closing returns a channel that is closed when the gate closes, and is closed already
// if it is. Streams and long polls watch it; ask again after it fired.
func (g *Gate) Closing() <-chan struct{} {
	return g.current.Load().closing
}

// Shutdown ends what the gate does in the background. Call it after the server's own
// Shutdown. It turns nobody away: it waits until no counted request runs, or ctx ends,
// which is the error. Then it removes this instance's row from the store, and keeps the
// state it had. Shutdown is idempotent, and does not close the store.
func (g *Gate) Shutdown(ctx context.Context) error {
	defer g.leave(ctx)
	defer g.stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		running := g.running()
		if running == 0 {
			return nil
		}
		pause.Reset(wait)
		select {
		case <-ctx.Done():
			return fmt.Errorf("downtime: shutdown: %d counted requests still run: %w", running, context.Cause(ctx))
		case <-pause.C:
		}
	}
}

// running is the number of counted requests, under whatever snapshot they came.
func (g *Gate) running() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inFlight() + g.passing.total()
}

// inFlight counts the requests let in by open snapshots. The caller holds mu.
func (g *Gate) inFlight() int64 {
	sum := g.current.Load().cells.total()
	for _, q := range g.state.retired {
		sum += q.cells.total()
	}
	return sum
}
