package core

import "time"

// StoreHealth is how a gate stands with its store.
type StoreHealth string

const (
	// StoreNone: the Config has no store.
	StoreNone StoreHealth = "none"
	// StoreFresh: the last read was answered.
	StoreFresh StoreHealth = "fresh"
	// StoreLost: the last read failed; the last known state stays.
	StoreLost StoreHealth = "lost"
	// StoreNeverRead: no read was ever answered.
	StoreNeverRead StoreHealth = "never-read"
)

// Status is what a gate knows at one moment, for operators. It names periods and people:
// not for the public. The caller owns it, but for Closure and what Periods share with the
// store's document, which nobody changes. It has no JSON form, in which its errors would be lost:
// put what you show into a type of your own.
type Status struct {
	// Open is false while the gate refuses; Closure then says why.
	Open    bool
	Closure *Closure
	// Overdue is true while the promised end has passed.
	Overdue bool
	// Override is "up", "down" or ""; OverrideFrom "file", "env", "config" or "".
	// OverrideErr is why the override file cannot be read; nil if it can.
	Override, OverrideFrom string
	OverrideErr            error

	// Periods are those in force by the store's clock, also under an override. Next is the
	// next instant at which one begins, ends or becomes overdue; zero if there is none.
	Periods []Period
	Next    time.Time

	// Store names the store; StoreID to CloseRev are of the adopted document, zero if
	// nothing was ever written.
	Store              string
	StoreID            string
	Revision, CloseRev int64
	WriteID            string
	// HandEdited: the document is not what its last write has written.
	HandEdited bool
	// Health, Age (since the last answered read) and Err (of the last read) of the store.
	Health StoreHealth
	Age    time.Duration
	Err    error
	// Push is whether the store's hints arrive: "on" or "off", with its own word on it
	// behind a colon; "" if it has none, or cannot say.
	Push string
	// ClockOffset is the store's clock minus this machine's; 0 within a read's own time.
	ClockOffset time.Duration
	// Regressed: the store went back to StoreRevision, behind Revision. What either of
	// both refuses is refused, until [Reconcile] says otherwise.
	Regressed     bool
	StoreRevision int64

	// InFlight counts requests that were let in while open, Passing those exempt or
	// bypassed while closed.
	InFlight, Passing int64
	// Drained: the gate refuses, and every request let in before has left. DrainedRevision
	// is the revision that this was seen at.
	Drained         bool
	DrainedRevision int64

	// Instance is the id of this gate's row in the store, "" if the store keeps none.
	// Registered: the row is there; else ReportErr says why not, nil if there is none.
	Instance   string
	Registered bool
	ReportErr  error
}

// Status returns what the gate knows now. It reads no store.
func (g *Gate) Status() Status {
	g.mu.Lock()
	defer g.mu.Unlock()
	s, now := &g.state, time.Now()
	closure := g.current.Load().closure
	o, from, _ := g.override()
	st := Status{
		Open: closure == nil, Closure: closure, Overdue: s.overdue,
		Override: o.String(), OverrideFrom: from, OverrideErr: s.fileErr,
		Periods: []Period{}, Store: g.set.description,
		HandEdited: s.handEdited, Err: s.readErr, ClockOffset: s.offset,
		InFlight: g.inFlight(), Passing: g.passing.total(),
		Drained:  s.drained && s.regress == nil,
		Instance: s.reports.base.ID, Registered: s.reports.registered, ReportErr: s.reports.err,
	}
	if s.drained {
		st.DrainedRevision = s.drainedMark.Revision
	}
	switch {
	case g.set.store == nil:
		st.Health = StoreNone
		return st
	case !s.read:
		st.Health = StoreNeverRead
	case s.lost:
		st.Health = StoreLost
	default:
		st.Health = StoreFresh
	}
	st.Age = age(now, s.lastRead, s.begun)
	if p, ok := g.set.store.(Pusher); ok {
		st.Push = pushState(p)
	}
	storeTime := now.Add(s.offset)
	st.Next = g.verdict(storeTime).Next
	if s.doc != nil {
		st.StoreID, st.Revision, st.CloseRev, st.WriteID = s.doc.StoreID, s.doc.Revision, s.doc.CloseRev, s.doc.WriteID
		st.Periods = s.doc.InForce(storeTime)
	}
	st.StoreRevision = st.Revision
	if s.regress != nil {
		st.Regressed, st.StoreRevision = true, s.regress.Revision
		st.Periods = append(st.Periods, s.regress.InForce(storeTime)...)
	}
	return st
}

func pushState(p Pusher) string {
	healthy, note := p.PushState()
	state := "off"
	if healthy {
		state = "on"
	}
	if note == "" {
		return state
	}
	return state + ": " + note
}
