package core

import (
	"slices"
	"time"
)

// Verdict is what a list of periods says about one instant.
type Verdict struct {
	// Down is true if at least one period is in force.
	Down bool
	// Governing is the period in force that promises the latest end (an unknown end is
	// later than any other); of several such the one begun last. Its reason is shown.
	Governing Period
	// Emergency is true if any period in force is marked so.
	Emergency bool
	// Since is the start, and Until the promised end, of the union of overlapping and
	// adjoining periods around the instant. Until is zero if a period in it promises no
	// end, and has passed if the one with the latest promise is overdue.
	Since, Until time.Time
	// Next is the next instant at which the verdict may differ; zero if there is none.
	Next time.Time
}

// Overdue reports whether the promised end has passed at t, and the site is still down.
func (v Verdict) Overdue(t time.Time) bool {
	return v.Down && !v.Until.IsZero() && !t.Before(v.Until)
}

// Judge is the timeline: a pure function of the periods and the instant. No clock, no
// timer and no history takes part, so a lost timer or a suspended machine cannot make it
// wrong for longer than until the next call. It takes O(n log n).
func Judge(periods []Period, t time.Time) Verdict {
	var v Verdict
	var spans []span
	for i := range periods {
		p := &periods[i]
		if !p.Enabled {
			continue
		}
		v.Next = earliestAfter(t, v.Next, edges(p)...)
		s := spanOf(p, t)
		if p.InForce(t) {
			if !v.Down || s.governs(spanOf(&v.Governing, t), p, &v.Governing) {
				v.Governing = *p
			}
			v.Down = true
			v.Emergency = v.Emergency || p.Emergency
		}
		spans = append(spans, s)
	}
	if v.Down {
		v.Since, v.Until = union(spans, t)
	}
	return v
}

// edges are the instants at which p changes what is said: it begins, ends, or becomes
// overdue.
func edges(p *Period) []time.Time {
	if p.Kind == Deployment {
		return []time.Time{p.End, p.ExpectedEnd}
	}
	return []time.Time{p.Start, p.End, p.ExpectedEnd}
}

func earliestAfter(t, best time.Time, candidates ...time.Time) time.Time {
	for _, c := range candidates {
		if c.After(t) && (best.IsZero() || c.Before(best)) {
			best = c
		}
	}
	return best
}

// span is a period as seen from an instant: where it begins, where it really ends and
// where it promises to. A zero instant at its end is unknown.
type span struct {
	start, end, promised time.Time
}

func spanOf(p *Period, t time.Time) span {
	s := span{start: p.Start, end: p.End, promised: p.PromisedEnd()}
	if p.Kind == Deployment && p.InForce(t) && s.start.After(t) {
		s.start = t // in force since its write, whatever the writer's clock said
	}
	if !p.End.IsZero() && (p.Overdue(t) || s.promised.After(p.End)) {
		s.promised = p.End // the promise is broken, or empty: the hard end is what is left
	}
	return s
}

// governs reports whether s, of p, holds the site down longer than other, of q.
func (s span) governs(other span, p, q *Period) bool {
	switch {
	case s.promised.IsZero() != other.promised.IsZero():
		return s.promised.IsZero()
	case !s.promised.Equal(other.promised):
		return s.promised.After(other.promised)
	case !p.Start.Equal(q.Start):
		return p.Start.After(q.Start)
	}
	return p.ID > q.ID
}

// union returns the stretch of downtime around t, which at least one span covers.
func union(spans []span, t time.Time) (since, until time.Time) {
	byStart := slices.SortedFunc(slices.Values(spans), func(a, b span) int { return a.start.Compare(b.start) })
	since, unknown := t, false
	for _, s := range byStart {
		covers := !s.start.After(t) && (s.end.IsZero() || s.end.After(t))
		adjoins := s.start.After(t) && !until.IsZero() && !s.start.After(until)
		if !covers && !adjoins {
			continue
		}
		if s.start.Before(since) {
			since = s.start
		}
		if s.promised.IsZero() {
			unknown = true
		} else if s.promised.After(until) {
			until = s.promised
		}
	}
	if unknown {
		until = time.Time{}
	}
	// Backwards: what ended exactly where, or after, the stretch began belongs to it.
	byEnd := slices.DeleteFunc(byStart, func(s span) bool { return s.end.IsZero() || s.end.After(t) })
	slices.SortFunc(byEnd, func(a, b span) int { return b.end.Compare(a.end) })
	for _, s := range byEnd {
		if !s.end.Before(since) && s.start.Before(since) {
			since = s.start
		}
	}
	return since, until
}
