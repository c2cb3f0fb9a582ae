package events

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/go-downtime/downtime/period"
)

// staged is an event with its stage: if all events until its stage were told, so was it.
type staged struct {
	Event

	at time.Time
}

// Batch is the result of [Next].
type Batch struct {
	// Events are the events to tell, the oldest first.
	Events []Event

	stages []staged
	from   Position
	end    Position
}

// Next computes the events after the position. notice is how long before the start of a window Next
// returns AboutToBegin. Next is a pure function. If it is called again from the same position after
// further writes, it returns the same events with the same keys first, and then the further events. It
// leaves out an event that is no longer true: InstanceSilent if the instance has reported again, and
// AboutToBegin if the window has begun meanwhile.
func Next(from Position, seen Observation, notice time.Duration) Batch {
	d := seen.Document
	var all []staged
	switch was := (&period.Document{StoreID: from.StoreID, Revision: from.Revision}); {
	case from.StoreID == "" && from.Revision == 0, d.StoreID == from.StoreID && d.Revision >= from.Revision:
	case d.StoreID != from.StoreID && d.Supersedes(was, false):
		all = append(all, lost(seen, from))
		from = Position{StoreID: d.StoreID, At: from.At, Told: from.Told}
	default:
		if seen.Newest == (period.Mark{}) {
			seen.Newest = period.Mark{StoreID: from.StoreID, Revision: from.Revision}
		}
		from = Position{StoreID: d.StoreID, At: seen.Now, Told: from.Told, Revision: d.Revision}
	}
	from.StoreID = d.StoreID
	h := historyOf(from, seen)
	revision, since, state := from.Revision, from.At, h.first
	if h.from > 0 {
		revision = h.to
		all = append(all, missed(seen, from, h))
	}
	for _, w := range h.writes {
		all = append(all, byClock(state, since, w.at, revision, notice, seen)...)
		all = append(all, byWrite(w, notice, seen)...)
		revision, since, state = w.entry.Revision, w.at, w.after
	}
	all = append(all, byClock(state, since, seen.Now, revision, notice, seen)...)
	all = append(all, silent(h, from, seen)...)
	slices.SortStableFunc(all, func(a, b staged) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.Revision, b.Revision)) })
	if seen.Newest != (period.Mark{}) {
		all = append(all, regressed(seen))
	}
	batch := Batch{from: from, Events: []Event{}, end: Position{StoreID: d.StoreID, Revision: d.Revision, At: slices.MaxFunc([]time.Time{from.At, seen.Now}, time.Time.Compare), periods: d.Periods, known: true}}
	if seen.Newest != (period.Mark{}) {
		batch.end.Told = []string{digest(all[len(all)-1].Key)}
	}
	for _, e := range all {
		e.Format, e.StoreID = Format, d.StoreID
		e.Application = cmp.Or(d.Name, seen.Application)
		e.Text = describe(e.Event)
		batch.stages = append(batch.stages, e)
		if !slices.Contains(from.Told, digest(e.Key)) {
			batch.Events = append(batch.Events, e.Event)
		}
	}
	return batch
}

// After returns the position after the first n events of the batch were told.
func (b Batch) After(n int) Position {
	if n >= len(b.Events) {
		return b.end
	}
	next := slices.IndexFunc(b.stages, func(t staged) bool { return t.Key == b.Events[n].Key })
	until := b.stages[next]
	p := Position{StoreID: b.from.StoreID, Revision: b.from.Revision, At: b.from.At, periods: b.from.periods, known: b.from.known}
	for _, t := range b.stages[:next] {
		if t.Revision < until.Revision || t.at.Before(until.at) {
			if t.Revision != p.Revision {
				p.periods, p.known = nil, false
			}
			p.Revision, p.At, p.Told = t.Revision, t.at, nil
			continue
		}
		p.Told = append(p.Told, digest(t.Key))
	}
	if last := b.stages[len(b.stages)-1]; last.Event.Event == Regressed && slices.Contains(b.from.Told, digest(last.Key)) {
		p.Told = append(p.Told, digest(last.Key)) // it is told once, and not once for each position
	}
	p.Told = p.Told[max(0, len(p.Told)-period.MaxTold):]
	return p
}

// byClock are the events that the clock causes after since, and until now.
func byClock(periods []period.Period, since, now time.Time, revision int64, notice time.Duration, seen Observation) []staged {
	var out []staged
	add := func(name Name, p *period.Period, at, key time.Time) {
		e := seen.event(name, revision, at, periods, p.ID, atKey(key))
		e.PeriodID, e.Period = p.ID, p
		out = append(out, e)
	}
	within := func(t time.Time) bool { return t.After(since) && !t.After(now) }
	for i := range periods {
		p := &periods[i]
		if !p.Enabled {
			continue
		}
		if !p.End.IsZero() && within(p.End) {
			add(Ended, p, p.End, p.End)
		}
		if within(p.ExpectedEnd) && p.Overdue(p.ExpectedEnd) {
			add(Overdue, p, p.ExpectedEnd, p.ExpectedEnd)
		}
		if p.Kind != period.Window {
			continue
		}
		if within(p.Start) {
			add(Started, p, p.Start, p.Start)
		}
		if begins := p.Start.Add(-notice); notice > 0 && within(begins) && p.Start.After(seen.Now) {
			add(AboutToBegin, p, begins, p.Start) // the notice of a follower can change, and the start identifies the event
		}
	}
	slices.SortStableFunc(out, byOrder)
	return out
}

// byWrite are the events of one write.
func byWrite(w write, notice time.Duration, seen Observation) []staged {
	var out []staged
	t := w.at
	for _, c := range period.Changes(w.before, w.after) {
		b, a := orNone(c.Before), orNone(c.After)
		add := func(name Name) {
			when := revisionKey(w.entry.Revision)
			if w.digest != "" {
				when = "h" + w.digest
			}
			e := seen.event(name, w.entry.Revision, t, w.after, c.ID(), when)
			e.PeriodID, e.Period, e.Before = c.ID(), c.After, c.Before
			e.Action, e.Actor, e.Origin, e.HandEdited = w.entry.Action, w.entry.Actor, w.entry.Origin, w.digest != ""
			if !w.entry.Time.IsZero() {
				e.At = w.entry.Time
			}
			if e.Period == nil { // the write has removed it
				e.Period, e.Before = c.Before, nil
			}
			out = append(out, e)
		}
		was, is := b.InForce(t), a.InForce(t)
		told, tells := announced(b, t, notice), announced(a, t, notice)
		moved := !a.Start.Equal(b.Start)
		if was && !is {
			add(Ended)
		}
		if !was && is {
			add(Started)
		}
		if was && is && !a.PromisedEnd().Equal(b.PromisedEnd()) {
			add(EndMoved)
		}
		if a.Overdue(t) && !b.Overdue(t) {
			add(Overdue)
		}
		if told && !is && (!tells || moved) {
			add(CalledOff)
		}
		if tells && (!told || moved) && a.Start.After(seen.Now) {
			add(AboutToBegin)
		}
	}
	slices.SortStableFunc(out, byOrder)
	return out
}

// orNone returns the period, or one that is never in force.
func orNone(p *period.Period) period.Period {
	if p == nil {
		return period.Period{}
	}
	return *p
}

// announced reports whether p is about to begin at t.
func announced(p period.Period, t time.Time, notice time.Duration) bool {
	return notice > 0 && p.Enabled && p.Kind == period.Window && t.Before(p.Start) && !t.Before(p.Start.Add(-notice))
}

// event returns an event of this time, in the state by these periods. key is the end of its key.
func (seen Observation) event(name Name, revision int64, at time.Time, periods []period.Period, key ...string) staged {
	return staged{at: at, Event: Event{
		Event: name, Revision: revision, At: at, Site: siteAt(periods, at),
		Key: keyOf(append([]string{seen.Document.StoreID, string(name)}, key...)...),
	}}
}

// missed is the event of revisions that the log does not have.
func missed(seen Observation, from Position, h history) staged {
	e := seen.event(Missed, h.to, seen.Now, seen.Document.Periods, revisionKey(h.from), revisionKey(h.to))
	e.at, e.FromRevision, e.Why = from.At, h.from, h.why
	return e
}

// lost is the event of a document that a new one replaces. The new one does not have its log.
func lost(seen Observation, from Position) staged {
	e := seen.event(Missed, 0, seen.Now, seen.Document.Periods, from.StoreID, revisionKey(from.Revision))
	e.at, e.Why = from.At, "the store has lost document "+from.StoreID+", and holds a new one"
	return e
}

// silent are the events of the instances that became silent after the position.
func silent(h history, from Position, seen Observation) []staged {
	var out []staged
	for _, i := range seen.Silent {
		if !i.Lease.After(from.At) || i.Lease.After(seen.Now) {
			continue
		}
		revision, state := max(from.Revision, h.to), h.first
		for _, w := range h.writes {
			if !w.at.After(i.Lease) {
				revision, state = w.entry.Revision, w.after
			}
		}
		id := i.ID
		if period.NameFault(id) != nil { // a header and the environment of a program can hold no such key
			id = digest(id)
		}
		e := seen.event(InstanceSilent, revision, i.Lease, state, id, atKey(i.Lease))
		e.Instance = &i
		out = append(out, e)
	}
	return out
}

// regressed is the event of a store that went back.
func regressed(seen Observation) staged {
	d, n := seen.Document, seen.Newest
	e := seen.event(Regressed, d.Revision, seen.Now, d.Periods, n.StoreID, revisionKey(n.Revision))
	e.Newest = &Mark{StoreID: n.StoreID, Revision: n.Revision, SeenBy: seen.SeenBy}
	return e
}

// byOrder orders the events of one stage: by time, by name, by period.
func byOrder(a, b staged) int {
	return cmp.Or(a.at.Compare(b.at), cmp.Compare(slices.Index(names, a.Event.Event), slices.Index(names, b.Event.Event)), cmp.Compare(a.PeriodID, b.PeriodID))
}

// Oldest returns the position before the oldest write that the log still has.
func Oldest(seen Observation) Position {
	h := historyOf(Position{StoreID: seen.Document.StoreID}, seen)
	p := Position{StoreID: seen.Document.StoreID, Revision: h.to, At: seen.Now}
	if len(h.writes) > 0 {
		p.At = h.writes[0].at
	}
	return p
}

// Since returns the position after this revision. The clock is at the write of this revision, if the
// log still has it, else at the oldest write of the log.
func Since(seen Observation, revision int64) (Position, error) {
	if revision < 0 || revision > seen.Document.Revision {
		return Position{}, &period.FieldError{Field: "since", Value: revision, Problem: fmt.Sprintf("want a revision from 0 to %d, the present one", seen.Document.Revision)}
	}
	p := Oldest(seen)
	p.Revision = revision
	for _, e := range seen.Entries {
		if e.Revision == revision {
			p.At = e.Time
		}
	}
	return p, nil
}
