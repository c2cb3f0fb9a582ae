package core

import (
	"cmp"
	"log/slog"
	"slices"
	"time"

	"github.com/go-downtime/downtime/period"
)

// step is the logic of the follower: a pure function of the state, an event and the input. It
// decides which snapshot is current. It also decides when to read the store, write the row and
// read the override file. The caller does what the output says and calls step again at
// output.wake.
func (set *settings) step(s state, event any, in input) (state, output) {
	var out output
	was := set.summary(&s)
	switch e := event.(type) {
	case hint:
		s.read.owed = true
	case want:
		s.read.owed, s.read.due = true, in.now
	case waited:
		s.waited = true
	case readDone:
		if !s.stopped {
			set.readDone(&s, e, in, &out)
		}
	case rowDone:
		if !s.stopped {
			set.rowDone(&s, e, in, &out)
		}
	case fileRead:
		set.fileRead(&s, e, in, &out)
	case leave:
		s.leaving = true
	case stop:
		s.leaving, s.stopped = true, true
	}
	if in.warning != s.known.warning {
		s.known.warning = in.warning
		out.log(slog.LevelWarn, "store warning", slog.String("store", set.description), slog.String("warning", cmp.Or(in.warning, "none")))
	}
	set.checkRead(&s, in, &out)
	set.settle(&s, in, &out)
	set.drain(&s, in, &out)
	set.schedule(&s, in, &out)
	if len(out.changes) > 0 {
		is := set.summary(&s)
		for i := range out.changes {
			t := &out.changes[i]
			t.At, t.Old, t.New = in.now, was, is
		}
	}
	return s, out
}

// settle updates the closure from the state.
func (set *settings) settle(s *state, in input, out *output) {
	if set.unsettled(s) {
		return
	}
	k := &s.known
	f := facts{
		hasStore: set.Store != nil, served: s.mayServe(in.now), firstStart: set.FirstStart, begun: s.begun, onLost: set.OnStoreLost,
		offset: k.offset, fileUnread: set.OverrideFile != "" && !s.file.read, stopped: s.stopped,
		holds: set.MaxHeld > 0 && !s.leaving, closedAt: in.now,
	}
	storeTime := s.proven(in.now.Add(k.offset))
	if f.verdict = s.verdict(storeTime); f.verdict.Down {
		for _, p := range s.inForce(storeTime) {
			f.inForce = append(f.inForce, p.ID)
		}
		slices.Sort(f.inForce)
		f.inForce = slices.Compact(f.inForce)
	}
	f.override, f.overrideFrom, f.overrideSince = set.overriding(s)
	if s.now.closure != nil {
		f.closedAt = s.now.closedAt
	}
	unheard := age(in.now, k.at, s.begun)
	if k.lost {
		if k.stale.IsZero() && unheard >= set.MaxStale {
			k.stale = in.now.Round(0)
		}
		f.staleSince, f.staleIn = k.stale, set.MaxStale-unheard
	}
	c := conclude(f, in.now)
	s.now.edge = earliest(in.now, c.next, s.provable(in.now))
	if f.override != s.now.override {
		out.log(slog.LevelWarn, "override", slog.String("value", cmp.Or(f.override.String(), "none")), slog.String("from", cmp.Or(f.overrideFrom, "none")))
		s.now.override = f.override
	}
	overdue := c.overdue && c.closure != nil
	if overdue && !s.now.overdue {
		out.transition(slog.LevelWarn, "overdue", slog.String("period", c.closure.Period), instantAttr("expected_end", c.closure.Until))
	}
	s.now.overdue = overdue
	s.now.keepSince(c.closure)
	if s.now.closure.same(c.closure) {
		return
	}
	was := s.now.closure
	s.now.closure, s.now.quiet, s.now.drained, out.install = c.closure, false, nil, true
	switch {
	case c.closure == nil:
		out.transition(slog.LevelInfo, "opened", append(s.markAttrs(), slog.Duration("after", in.now.Sub(s.now.closedAt)))...)
		s.now.logged = false
	case s.stopped:
	case was == nil:
		s.now.closedAt, s.now.pause = in.now, 0
		out.transition(slog.LevelInfo, "closed", append(s.markAttrs(), c.closure.attrs()...)...)
	case !was.looksLike(c.closure):
		out.transition(slog.LevelInfo, "changed", append(s.markAttrs(), c.closure.attrs()...)...)
	}
}

// keepSince makes Since of c the beginning of an override, or of a loss of the store, that ended
// while the gate was closed. The periods in force may have begun later.
func (n *concluded) keepSince(c *Closure) {
	was := n.closure
	switch {
	case c == nil:
		n.keptSince = time.Time{}
	case !n.keptSince.IsZero() && n.keptSince.Before(c.Since):
		c.Since = n.keptSince
	case was != nil && was.Cause == CauseStoreLost && was.Since.Before(c.Since):
		n.keptSince, c.Since = was.Since, was.Since
	case c.Cause == CauseOverride:
		n.keptSince = c.Since
	}
}

// verdict judges the periods at t, by the store's clock. It repeats the last verdict while no
// edge lies between. If there is a regressed document, the periods of both documents count.
func (s *state) verdict(t time.Time) period.Verdict {
	t = t.Round(0) // edges follow the wall clock, which may be set back
	c := &s.now
	if c.judgedAt.IsZero() || t.Before(c.judgedAt) || !c.verdict.Next.IsZero() && !t.Before(c.verdict.Next) {
		c.verdict, c.judgedAt = period.At(s.periods(), t), t
	}
	return c.verdict
}

// periods returns the periods of the adopted document and, if there is one, of the regressed one. The
// caller must not change them.
func (s *state) periods() []period.Period {
	switch k := &s.known; {
	case k.doc == nil:
		return nil
	case k.regress == nil:
		return k.doc.Periods
	default:
		return slices.Concat(k.doc.Periods, k.regress.Periods)
	}
}

// inForce returns the periods of both documents that are in force at t.
func (s *state) inForce(t time.Time) []period.Period {
	return append(s.known.doc.InForce(t), s.known.regress.InForce(t)...)
}

// nextStart returns when the next window of both documents begins after t; zero if none does.
func (s *state) nextStart(t time.Time) time.Time {
	var next time.Time
	for _, p := range s.periods() {
		if p.Enabled && p.Kind == period.Window {
			next = earliest(t, next, p.Start)
		}
	}
	return next
}

// proven returns the time by which the periods are judged when the store's clock is probably t. The
// error of the clock may have grown since the gate closed. If the gate refuses because of a period, it
// therefore treats the period as in force until its end has certainly passed. It treats a window as
// begun as long as the start may have passed. Otherwise a slow read could open a gate that has
// reported the period as drained.
func (s *state) proven(t time.Time) time.Time {
	for _, p := range s.refused() {
		if !p.End.IsZero() && !t.Before(p.End) && t.Add(-s.known.clockError).Before(p.End) {
			t = p.End.Add(-time.Microsecond)
		}
	}
	for _, p := range s.refused() {
		if p.Kind == period.Window && t.Before(p.Start) && !t.Add(s.known.clockError).Before(p.Start) {
			t = p.Start
		}
	}
	return t
}

// provable returns the next instant, by this machine's clock, at which the start or the end of a
// refused period has certainly passed; zero if there is none.
func (s *state) provable(now time.Time) time.Time {
	var next time.Time
	for _, p := range s.refused() {
		for _, edge := range []time.Time{p.Start, p.End} {
			if !edge.IsZero() {
				next = earliest(now, next, edge.Add(s.known.clockError-s.known.offset))
			}
		}
	}
	return next
}

// refused returns the periods because of which the installed snapshot refuses.
func (s *state) refused() []period.Period {
	if s.now.closure == nil || len(s.now.closure.periods) == 0 {
		return nil
	}
	var refused []period.Period
	for _, p := range s.periods() {
		if _, ok := slices.BinarySearch(s.now.closure.periods, p.ID); ok && p.Enabled { // they are sorted
			refused = append(refused, p)
		}
	}
	return refused
}

// begunBy returns the ids of the refused periods that have certainly begun at t, by the store's clock.
func (s *state) begunBy(t time.Time) []string {
	ids := s.now.closure.periods
	for _, p := range s.refused() {
		if p.Kind == period.Window && t.Add(-s.known.clockError).Before(p.Start) {
			ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == p.ID })
		}
	}
	return ids
}

// drain decides which periods are drained. A period that the installed snapshot refuses, and that has
// certainly begun, is drained when every replaced snapshot that refused less is quiet.
func (set *settings) drain(s *state, in input, out *output) {
	c := &s.now
	if in.idle {
		c.look, c.pause = time.Time{}, 0
	} else if !in.now.Before(c.look) {
		c.pause = min(max(2*c.pause, firstLook), lastLook)
		c.look = in.now.Add(c.pause)
	}
	if c.closure == nil || out.install || !in.quiet {
		return
	}
	c.quiet = true
	if c.drained = s.begunBy(in.now.Add(s.known.offset)); c.closure.Cause == CauseStarting || c.closure.Cause == CauseShutdown || s.known.regress != nil {
		c.drained = nil
	}
	if !c.logged && !s.stopped {
		c.logged = true
		out.log(slog.LevelInfo, "drained", append(s.markAttrs(), slog.Duration("after", in.now.Sub(c.closedAt)))...)
	}
}

// schedule starts the work that is due and sets the time of the next step.
func (set *settings) schedule(s *state, in input, out *output) {
	if s.stopped {
		if !in.idle {
			out.wake = s.now.look
		}
		return
	}
	wakes := []time.Time{s.now.look, earliest(in.now, s.now.edge, in.now.Add(clockCheck))}
	if set.OverrideFile != "" {
		if out.readFile = !s.file.busy && !in.now.Before(s.file.due); out.readFile {
			s.file.busy = true
		}
		if !s.file.busy {
			wakes = append(wakes, s.file.due)
		}
	}
	if set.Store != nil {
		wakes = append(wakes, set.scheduleRow(s, in, out), set.scheduleRead(s, in, out))
	}
	out.wake = earliest(time.Time{}, wakes...)
}

// markAttrs identify the write that caused a transition.
func (s *state) markAttrs() []slog.Attr {
	m := s.known.doc.Mark()
	return []slog.Attr{slog.Int64("revision", m.Revision), slog.String("write_id", m.WriteID)}
}
