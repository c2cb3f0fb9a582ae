package core

import (
	"net/http"
	"time"

	"github.com/go-downtime/downtime/period"
)

// Explain returns the decision that a gate with this Config would make about r at the instant at,
// if its store held doc. A nil doc means that no document was ever written. A gate uses the same
// code. Explain applies Down. It does not read cfg.Store, the override file or the environment
// variable of OverrideEnv. These belong to the process of a gate, and the caller can run elsewhere.
// Explain assumes that the gate closed at Closure.Since: until the hold of the period has ended, the
// outcome is Held. Predicates get the context of r. The error is that of [Config.Validate], without
// the fault of that variable.
func Explain(cfg Config, doc *period.Document, at time.Time, r *http.Request) (Decision, error) {
	set, err := cfg.resolveIn(func(string) string { return "" })
	if err != nil {
		return Decision{}, err
	}
	s := state{begun: at}
	s.known.doc = doc
	f := facts{hasStore: true, served: true, begun: at, verdict: s.verdict(at), holds: set.MaxHeld > 0, closedAt: s.verdict(at).Since}
	f.override, f.overrideFrom, f.overrideSince = set.overriding(&s)
	snap := openSnapshot(nil)
	if c := conclude(f, at).closure; c != nil {
		c.answers = set.answer.Prepare(c.facts(), at, nil)
		snap = closedSnapshot(c, snap)
	}
	g := &Gate{set: set}
	d, _ := g.decide(r.Context, snap, r)
	return d, nil
}
