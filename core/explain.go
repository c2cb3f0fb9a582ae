package core

import (
	"net/http"
	"time"

	"github.com/go-downtime/downtime/period"
)

// Explain returns the decision of a gate of this Config about r at the instant at, if its
// store held doc. A nil doc means that nothing was ever written. The code is the same that decides about requests.
// Explain reads neither cfg.Store nor the override file. Down and the environment variable
// DOWNTIME count. Predicates see the context of r. The error is that of cfg.
func Explain(cfg Config, doc *period.Document, at time.Time, r *http.Request) (Decision, error) {
	set, err := cfg.resolve()
	if err != nil {
		return Decision{}, err
	}
	s := state{begun: at}
	s.known.doc = doc
	f := facts{hasStore: true, served: true, begun: at, verdict: s.verdict}
	f.override, f.overrideFrom, f.overrideSince = set.overriding(&s)
	snap := openSnapshot()
	if c := conclude(f, at).closure; c != nil {
		c.answers = set.answer.Prepare(c.facts(), at, nil)
		snap = closedSnapshot(c, c.answers, snap)
	}
	g := &Gate{set: set}
	d, _ := g.decide(r.Context(), snap, r)
	return d, nil
}
