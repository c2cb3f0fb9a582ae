package core

import (
	"context"
	"log/slog"
	"net/http"
)

// enter counts a request in at c. It returns true if s is still the current snapshot after
// counting. Otherwise it counts the request out again. This second look makes a drain sound: it
// finds a request that read s, slept, and counted itself in after the swap.
func (g *Gate) enter(s *snapshot, c *cell) bool {
	c.entered.Add(1)
	if g.current.Load() == s {
		return true
	}
	c.left.Add(1)
	return false
}

// Enter counts a request in and returns true if the gate is open. The caller then defers the
// ticket's Leave and serves. If the gate is closed, Enter counts nothing and returns false, and
// the caller asks [Gate.Admit]. r may be nil: a worker without a request counts itself the same
// way.
//
// Enter removes an upgrade to HTTP/2 from r, and does not admit the opening of an HTTP/2
// connection, which [Gate.Respond] answers by 505. See [Gate.Handler].
func (g *Gate) Enter(r *http.Request) (Ticket, bool) {
	if r != nil && r.Method == preface || !g.current.Load().open() {
		return Ticket{}, false
	}
	carries := false
	if r != nil {
		// An upgrade to HTTP/2 needs three headers: Connection, Upgrade and HTTP2-Settings. A
		// WebSocket needs four. Counting the headers is cheaper than looking them up.
		carries = len(r.Header) > 2 && upgrades(r) || g.set.CarryTickets
	}
	for {
		s := g.current.Load()
		if !s.open() {
			return Ticket{}, false
		}
		if c := s.admitted.of(r); g.enter(s, c) {
			if carries {
				return g.shared(c), true
			}
			return Ticket{cell: c}, true
		}
	}
}

// Admit decides about a request that Enter did not admit, and calls Config.OnDecision. ctx returns the
// context for predicates and for OnDecision: that of the request (r.Context), or an adapter's overlay of
// it. Admit calls ctx only if it needs the context, so most refusals make no overlay. If the decision passes,
// the ticket counts the request in, as Enter's ticket does. For a bypassed request, Admit also
// sets headers on w that forbid caches to keep the answer. If the decision does not pass, the
// ticket is empty. The caller then answers, with [Gate.Respond] or in its own way.
//
// If a period holds requests, Admit waits: see [Held]. It calls Config.OnDecision when the request
// begins to wait, and again if it is then refused, or passes by a predicate. The decision that
// Admit returns is never Held.
//
// Admit may change r. It removes an upgrade to HTTP/2, as Enter does. It also removes a key in
// the query that let r pass; see [APIKeyQuery].
func (g *Gate) Admit(ctx func() context.Context, w http.ResponseWriter, r *http.Request) (Ticket, Decision) {
	ticket, d := g.admit(ctx, w, r)
	if d.Outcome == Held {
		return g.hold(ctx, w, r, d)
	}
	return ticket, d
}

// admit is Admit without the wait.
func (g *Gate) admit(ctx func() context.Context, w http.ResponseWriter, r *http.Request) (Ticket, Decision) {
	if r != nil && r.Method == preface {
		return Ticket{}, Decision{Closure: unknownClosure}
	}
	for {
		s := g.current.Load()
		if s.open() { // the gate has opened since
			if ticket, ok := g.Enter(r); ok {
				return ticket, Decision{Outcome: Open}
			}
			continue
		}
		d, by := g.decide(ctx, s, r)
		c := s.exempt.of(r)
		switch d.Outcome {
		case Held:
			return Ticket{}, d
		case Blocked:
			c.refused.Add(1)
			g.report(ctx, s, r, d)
			return Ticket{}, d
		case Bypassed:
			c = s.admitted.of(r)
		}
		if !g.enter(s, c) {
			continue // the snapshot was replaced: decide anew
		}
		if d.Outcome == Bypassed {
			h := w.Header()
			h["Cache-Control"], h["Cdn-Cache-Control"] = privateNoStore, noStore
			if by.hide != nil && by.hide(r) {
				h["Referrer-Policy"] = noReferrer
			}
		}
		g.report(ctx, s, r, d)
		if r != nil && (upgrades(r) || g.set.CarryTickets) {
			return g.shared(c), d
		}
		return Ticket{cell: c}, d
	}
}

// All responses share these header values. Their capacity equals their length, so that Add
// makes a copy.
var (
	privateNoStore = []string{"private, no-store"}
	noStore        = []string{"no-store"}
	noReferrer     = []string{"no-referrer"}
)

// Decide returns the current decision about r. It does not count the request, does not wait, and
// does not call Config.OnDecision. Use it to ask without serving the request.
func (g *Gate) Decide(ctx context.Context, r *http.Request) Decision {
	d, _ := g.decide(func() context.Context { return ctx }, g.current.Load(), r)
	return d
}

// decide applies the rules in their order: state, exempt paths, predicates, hold. A CONNECT tunnel
// leads to a host and not to a path, so no path exempts it. by is the predicate that lets r pass;
// nil if there is none.
func (g *Gate) decide(ctx func() context.Context, s *snapshot, r *http.Request) (d Decision, by *Predicate) {
	if s.open() {
		return Decision{Outcome: Open}, nil
	}
	d = Decision{Outcome: Blocked, Closure: s.closure}
	if r == nil || r.URL == nil || r.Method == preface {
		return d, nil
	}
	if rule, ok := g.set.exempt.Match(r.URL); ok && !tunnel(r) && g.routed(ctx, s, r.URL, rule) {
		d.Outcome, d.Rule = Exempt, rule
		return d, nil
	}
	if s.closure.Cause == CauseShutdown {
		return d, nil // the row is about to say that this instance has left
	}
	if p, rule := g.bypass(ctx, s, r); p != nil {
		d.Outcome, d.Rule = Bypassed, rule
		return d, p
	}
	if !s.closure.HoldUntil.IsZero() {
		d.Outcome = Held
	}
	return d, nil
}

// bypass returns the first predicate that lets r pass, and the rule of the decision; nil if none does.
func (g *Gate) bypass(ctx func() context.Context, s *snapshot, r *http.Request) (by *Predicate, rule string) {
	if s.closure.alone || len(g.set.Bypass) == 0 {
		return nil, ""
	}
	asked := ctx()
	for i := range g.set.Bypass {
		p := &g.set.Bypass[i]
		yes, panicked := p.allows(asked, r, g.set.asker)
		if panicked != nil {
			g.set.warnOnce(s, "predicate panicked, and does not bypass", slog.String("predicate", p.Name()), panicAttr(panicked))
		}
		if !yes {
			continue
		}
		if key := p.key(r); key != "" {
			return p, p.Name() + ": " + key
		}
		return p, p.Name()
	}
	return nil, ""
}

// report calls Config.OnDecision. It recovers and logs a panic, so that a panic does not change
// the decision.
func (g *Gate) report(ctx func() context.Context, s *snapshot, r *http.Request, d Decision) {
	if g.set.OnDecision == nil {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			g.set.warnOnce(s, "OnDecision panicked", panicAttr(p))
		}
	}()
	g.set.OnDecision(ctx(), r, d)
}

// warnOnce logs at most one line for each snapshot. A fault in the request path can occur with
// every request and would flood the log.
func (set *settings) warnOnce(s *snapshot, msg string, attrs ...slog.Attr) {
	if s.warned.CompareAndSwap(false, true) {
		set.log.LogAttrs(context.Background(), slog.LevelError, msg, attrs...)
	}
}
