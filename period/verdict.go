package period

import (
	"slices"
	"time"
)

// Verdict says whether the site is down at one instant, and why.
type Verdict struct {
	// Down is true if at least one period is in force.
	Down bool
	// Governing is the period in force that promises the latest end. An unknown end counts as
	// later than every known end. Among periods with the same end, the one that began last
	// governs. Visitors see its reason.
	Governing Period
	// Emergency is true if a period in force is an emergency.
	Emergency bool
	// Suspended is true if a period in force suspends bypasses.
	Suspended bool
	// Hold is the shortest hold of the periods in force. Zero means that one of them refuses
	// requests at once.
	Hold time.Duration
	// Since and Until delimit the stretch of downtime around the instant: the union of
	// overlapping and adjoining periods. Since is its start. Until is its promised end; zero
	// means that a period in it has no promised end. Until has passed if the period with the
	// latest promised end is overdue.
	Since, Until time.Time
	// Next is the next instant at which the verdict may differ. Zero means that it does not
	// change.
	Next time.Time
}

// Overdue reports whether the site is still down at t although the promised end has passed.
func (v Verdict) Overdue(t time.Time) bool {
	return v.Down && !v.Until.IsZero() && !t.Before(v.Until)
}

// At returns the verdict of the periods on the instant t. It is a pure function of its arguments,
// so a lost timer or a suspended machine makes a caller wrong only until its next call. It takes
// O(n log n) time.
func At(periods []Period, t time.Time) Verdict {
	var v Verdict
	var spans []span
	for i := range periods {
		p := &periods[i]
		if !p.Enabled {
			continue
		}
		v.Next = earliestAfter(t, v.Next, p.End, p.ExpectedEnd)
		if p.Kind == Window {
			v.Next = earliestAfter(t, v.Next, p.Start)
		}
		s := spanOf(p, t)
		if p.InForce(t) {
			if !v.Down || s.governs(spanOf(&v.Governing, t), p, &v.Governing) {
				v.Governing = *p
			}
			v.Suspended = v.Suspended || p.Bypass == Suspended
			if !v.Down || p.Hold() < v.Hold {
				v.Hold = p.Hold()
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

// earliestAfter returns the earliest instant after t among best and the candidates. A zero best
// means that there is none yet.
func earliestAfter(t, best time.Time, candidates ...time.Time) time.Time {
	for _, c := range candidates {
		if c.After(t) && (best.IsZero() || c.Before(best)) {
			best = c
		}
	}
	return best
}

// span is a period as seen from an instant: its start, its end and its promised end. A zero
// end is unknown.
type span struct {
	start, end, promised time.Time
}

func spanOf(p *Period, t time.Time) span {
	s := span{start: p.Start, end: p.End, promised: p.PromisedEnd()}
	if p.Kind == Deployment && p.InForce(t) && s.start.After(t) {
		s.start = t // it is in force since its write, even if the clock of the writer was ahead
	}
	if !p.DownSince.IsZero() && p.DownSince.Before(s.start) && !s.start.After(t) {
		s.start = p.DownSince
	}
	if !p.End.IsZero() && (p.Overdue(t) || s.promised.After(p.End)) {
		s.promised = p.End // the promised end has passed, or is later than the end
	}
	return s
}

// governs reports whether p, with span s, governs instead of q, with span other.
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

// union returns start and promised end of the stretch of downtime around t. At least one
// span covers t.
func union(spans []span, t time.Time) (since, until time.Time) {
	slices.SortFunc(spans, func(a, b span) int { return a.start.Compare(b.start) })
	var ended time.Time // the latest end of the spans that have begun
	unknown := false
	for _, s := range spans {
		begun, open := !s.start.After(t), s.end.IsZero()
		if begun && s.start.After(ended) {
			since = s.start // after a gap
		}
		switch {
		case begun && open:
			ended = t // and no gap follows
		case begun && s.end.After(ended):
			ended = s.end
		}
		covers := begun && (open || s.end.After(t))
		adjoins := !begun && !until.IsZero() && !s.start.After(until)
		switch {
		case !covers && !adjoins:
		case s.promised.IsZero():
			unknown = true
		case s.promised.After(until):
			until = s.promised
		}
	}
	if unknown {
		until = time.Time{}
	}
	return since, until
}
