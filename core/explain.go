package core

import (
	"net/http"
	"time"
)

// Explain says what a gate made of cfg would decide about r at the instant at, if its
// store held doc (nil: nothing was ever written), by the same code that decides about
// requests. It reads neither cfg.Store nor the override file; Down and DOWNTIME count.
// Predicates see r's context. The error is cfg's.
func Explain(cfg Config, doc *Document, at time.Time, r *http.Request) (Decision, error) {
	set, err := cfg.resolve()
	if err != nil {
		return Decision{}, err
	}
	g := &Gate{set: set}
	g.state.doc, g.state.rejudge, g.state.begun = doc, true, at
	k := known{hasStore: true, read: true, verdict: g.verdict}
	k.override, k.overrideFrom, k.overrideSince = g.override()
	s := openSnapshot()
	if c := conclude(k, at).closure; c != nil {
		s = &snapshot{closure: c, answers: newAnswers(&set.answer, c, at)}
		s.answers.tick(at)
		c.answers = s.answers
	}
	return g.decide(r.Context(), s, r), nil
}
