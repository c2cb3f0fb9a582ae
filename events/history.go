package events

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/go-downtime/downtime/period"
)

// Position is the point up to which all events are delivered. It covers the events of this revision of
// the document and of earlier ones, the events that the clock caused until At, and the events whose
// digests are in Told.
type Position struct {
	StoreID  string
	Revision int64
	At       time.Time
	Told     []string

	periods []period.Period // at this revision, if this process has read it
	known   bool            // periods is valid
}

// write is one write between two positions, with the periods before and after it.
type write struct {
	at            time.Time // by the order of the writes, and not after the observation
	entry         period.Entry
	digest        string // of the content, if a person has edited the file by hand
	before, after []period.Period
}

// history is what happened to the periods since a position.
type history struct {
	first  []period.Period // at the position
	writes []write         // the oldest first
	// from and to are the first and the last revision that the log does not have; 0 if it has all.
	from, to int64
	why      string
}

// historyOf undoes the entries of the log, the newest first, as far back as the position.
func historyOf(from Position, seen Observation) history {
	d := seen.Document
	h := history{}
	state := slices.Clone(d.Periods)
	reached := d.Revision // the revision of state
	for _, e := range seen.Entries {
		if reached <= from.Revision || e.Revision != reached {
			break
		}
		w := write{entry: e, after: state}
		if e.Omitted > 0 {
			h.why = "an entry of the log is not complete"
			break
		}
		state = undo(state, e.Changes)
		w.before = state
		h.writes = append(h.writes, w)
		reached = e.Revision - 1
		if e.Action == period.ActionReconcile { // it skips revisions
			reached = before(seen.Entries, e.Revision, from.Revision)
		}
	}
	slices.Reverse(h.writes)
	h.first = state
	if reached > from.Revision {
		h.from, h.to = from.Revision+1, reached
		if h.why == "" {
			h.why = "the log is no longer that long"
		}
	}
	h.clamp(from, seen.Now)
	h.editedByHand(from, seen)
	return h
}

// before returns the revision of the newest entry below revision, or least if there is none.
func before(entries []period.Entry, revision, least int64) int64 {
	for _, e := range entries {
		if e.Revision < revision {
			return max(e.Revision, least)
		}
	}
	return least
}

// undo returns the periods before the changes.
func undo(periods []period.Period, changes []period.Change) []period.Period {
	out := slices.Clone(periods)
	for _, c := range changes {
		i := slices.IndexFunc(out, func(p period.Period) bool { return p.ID == c.ID() })
		switch {
		case c.Before != nil && i >= 0:
			out[i] = *c.Before
		case c.Before != nil:
			out = append(out, *c.Before)
		case i >= 0:
			out = slices.Delete(out, i, i+1)
		}
	}
	return out
}

// clamp gives each write a time that is not before the previous one, and not after now. Two hosts
// with a file have two clocks.
func (h *history) clamp(from Position, now time.Time) {
	last := from.At
	for i := range h.writes {
		w := &h.writes[i]
		w.at = w.entry.Time
		if w.at.After(now) {
			w.at = now
		}
		if w.at.Before(last) {
			w.at = last
		}
		last = w.at
	}
}

// editedByHand adds a write for an edit of the file by hand: the periods differ from those that this
// process has read before at the same revision.
func (h *history) editedByHand(from Position, seen Observation) {
	if !from.known || h.from != 0 || same(from.periods, h.first) {
		return
	}
	w := write{at: seen.Now, digest: digest(h.first), before: from.periods, after: h.first}
	if len(h.writes) > 0 {
		w.at = h.writes[0].at
	}
	w.entry.Revision = from.Revision
	h.first = from.periods
	h.writes = slices.Insert(h.writes, 0, w)
}

// same reports whether two sets of periods cause the same events. A log shortens long reasons, so
// texts do not count.
func same(a, b []period.Period) bool {
	set := func(periods []period.Period) map[string]period.Period {
		m := make(map[string]period.Period, len(periods))
		for _, p := range periods {
			m[p.ID] = period.Period{Kind: p.Kind, Enabled: p.Enabled, Start: p.Start, End: p.End, ExpectedEnd: p.ExpectedEnd}
		}
		return m
	}
	return maps.Equal(set(a), set(b))
}

// digest identifies a value in 16 hexadecimal digits.
func digest(v any) string {
	b, _ := json.Marshal(v) // decoded from JSON
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}
