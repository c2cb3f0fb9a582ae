package core

import (
	"time"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// Status is the state of a gate at one moment, for operators. It names periods and people, so do
// not show it to visitors. The caller owns it, except Closure and the content of Periods, which
// are shared and immutable. It has no JSON form, because JSON would lose its errors.
type Status struct {
	// Open is false while the gate refuses. Closure then says why.
	Open    bool
	Closure *Closure
	// Overdue is true while the expected end has passed.
	Overdue bool
	// Leaving means that [Gate.CloseStreams] or [Gate.Shutdown] was called.
	Leaving bool
	// Override is "up", "down" or "". OverrideFrom is "file", "env", "config" or "".
	// OverrideErr says why the override file cannot be read; nil if it can. OverrideEnv names the
	// environment variable that can override the store; "" if none can.
	Override, OverrideFrom string
	OverrideErr            error
	OverrideEnv            string

	// Periods are those in force by the store's clock, also under an override. Next is the
	// next instant at which one begins, ends or becomes overdue; zero if there is none. NextStart is
	// the next instant at which a window begins; zero if there is none.
	Periods         []period.Period
	Next, NextStart time.Time

	// Store names the store. StoreID to WriteID are those of the adopted document; zero if there
	// is none.
	Store              string
	StoreID            string
	Revision, CloseRev int64
	WriteID            string
	// HandEdited means that a person has edited the document by hand after its last write.
	HandEdited bool
	// Health is the relation to the store, Age the time since the last good read, and Err
	// the error of the last read.
	Health StoreHealth
	Age    time.Duration
	Err    error
	// ReadErrors counts the failed reads since the start.
	ReadErrors int64
	// StoreWarning is the Warning of [store.Info]; "" if there is none.
	StoreWarning string
	// Hints says whether the store's hints arrive: "on" or "off". A note of the store may follow
	// after a colon. "" means that the store gives no hints.
	Hints string
	// Unhinted counts the changes of the document that a poll found before a hint told of them. It
	// is 0 if the store gives no hints.
	Unhinted int64
	// ClockOffset is the store's clock minus this machine's. A difference within the
	// duration of a read counts as 0.
	ClockOffset time.Duration
	// Regressed means that the store holds a document that does not continue the adopted one.
	// StoreRevision and StoreHolds are its revision and its StoreID. The gate refuses the
	// requests that either document refuses, until an operator reconciles the store.
	// A gate that starts is also regressed if the rows of other instances name a document that
	// the store's does not continue. StoreID to WriteID then are those of that document, and the
	// gate refuses every request with kind=starting, unless Config.FirstStart says otherwise.
	Regressed     bool
	StoreRevision int64
	StoreHolds    string

	// InFlight counts running requests that were admitted while open; Bypassed and Exempt
	// those that were admitted while closed. Judged counts all requests since the start.
	InFlight, Bypassed, Exempt, Judged int64
	// Decided counts the requests that were decided since the start, by outcome and by the cause of
	// the closure. The zero Cause is an open gate. A missing entry means 0. A request that is
	// decided during a change of the gate can count twice. Requests that wait are not counted yet.
	Decided map[Outcome]map[Cause]int64
	// Held counts the requests that wait until the gate opens, see [Held]. They are not among the
	// requests above.
	Held int64
	// Streams counts the running streams by name, see [Stream]. They are not among the requests
	// above. Nil means none.
	Streams map[string]int64
	// LateCalls counts the running calls of predicates that are beyond Config.PredicateTimeout.
	LateCalls int
	// Quiet means that the gate refuses, and that every request that it admitted while open has
	// ended. Drained lists the periods that are drained.
	Quiet   bool
	Drained []string

	// Languages are the tags of the languages of refusals ("de", "pt-BR"), the default language first.
	Languages []string

	// Instance is the key of this gate's row in the store; "" if the store keeps no rows.
	// Registered means that the row is there. Otherwise RowErr says why not; nil if there is
	// no reason yet.
	Instance   string
	Registered bool
	RowErr     error
}

// Status returns the present state of the gate. It does not read the store.
func (g *Gate) Status() Status {
	f := g.follower
	f.mu.Lock()
	defer f.mu.Unlock()
	s, now, c := &f.state, time.Now(), f.countersLocked()
	override, from, _ := g.set.overriding(s)
	closure := g.current.Load().closure
	st := Status{
		Open: closure == nil, Closure: closure, Overdue: s.now.overdue, Leaving: s.leaving,
		Override: override.String(), OverrideFrom: from, OverrideErr: s.file.err, OverrideEnv: g.set.envName,
		Periods: []period.Period{}, Store: g.set.description,
		HandEdited: s.known.handEdited, Err: s.known.err, ClockOffset: s.known.offset,
		ReadErrors: s.known.errors, Unhinted: s.known.unhinted,
		InFlight: c.inFlight, Bypassed: c.bypassed, Exempt: c.exempt, Judged: c.judged(), Decided: c.decided.table(), Held: c.held, Streams: c.streams,
		Quiet: s.now.quiet, Drained: append([]string{}, s.now.drained...), Languages: g.set.answer.Languages(),
		Instance: s.row.key, Registered: s.row.registered, RowErr: s.row.err,
	}
	for _, p := range g.set.Bypass {
		for _, w := range p.watches {
			st.LateCalls += w.lateCalls()
		}
	}
	if st.Health = g.set.health(s); st.Health == StoreNone {
		return st
	}
	st.Age, st.StoreWarning = age(now, s.known.at, s.begun), s.known.warning
	if h, ok := g.set.Store.(store.Hinter); ok {
		st.Hints = hints(h)
	}
	storeTime := now.Add(s.known.offset)
	st.Next = s.verdict(storeTime).Next
	st.Periods, st.NextStart = s.inForce(s.proven(storeTime)), s.nextStart(storeTime)
	if d := s.known.doc; d != nil {
		st.StoreID, st.Revision, st.CloseRev, st.WriteID = d.StoreID, d.Revision, d.CloseRev, d.WriteID
	}
	st.StoreRevision, st.StoreHolds = st.Revision, st.StoreID
	if d := s.known.regress; d != nil {
		st.Regressed, st.StoreRevision, st.StoreHolds = true, d.Revision, d.StoreID
	} else if seen := s.known.ahead; seen != nil {
		st.Regressed, st.StoreID, st.Revision, st.WriteID = true, seen.StoreID, seen.Revision, seen.WriteID
	}
	return st
}

func (set *settings) health(s *state) StoreHealth {
	switch {
	case set.Store == nil:
		return StoreNone
	case !s.known.ever:
		return StoreNeverRead
	case s.known.lost:
		return StoreLost
	}
	return StoreFresh
}

func hints(h store.Hinter) string {
	ok, note := h.Hints()
	state := "off"
	if ok {
		state = "on"
	}
	if note != "" {
		state += ": " + note
	}
	return state
}

// summary returns the summary of s.
func (set *settings) summary(s *state) Summary {
	override, from, _ := set.overriding(s)
	return Summary{
		Closure: s.now.closure, Overdue: s.now.overdue, Override: override.String(), OverrideFrom: from,
		Revision: s.known.doc.Mark().Revision, Health: set.health(s), Err: s.known.err, Regressed: s.regressed(),
	}
}
