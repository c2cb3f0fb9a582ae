package admin

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/core/wire"
)

// lookTimeout is how long a page waits for the store. It then shows what the gate knows.
const lookTimeout = 3 * time.Second

// seen is what a page is made of: the store as it was read for it, and this instance's gate.
type seen struct {
	wire.Found                 // what the store holds; with Err, nothing but its name and a time
	Err        error           // the store could not be read
	Gate       core.Status     // this instance
	Rows       []core.Instance // all instances; nil if the store keeps no rows
	RowsErr    error           // they could not be read
	Clock      clock
	Picked     bool // the operator has picked the zone
}

// look reads the store, and sees to it that this instance's gate has read as much.
func (s *site) look(r *http.Request) seen {
	ctx, cancel := context.WithTimeout(r.Context(), lookTimeout)
	defer cancel()
	v := seen{}
	read, err := s.store.Load(ctx, core.Mark{})
	if read.Time.IsZero() {
		read.Time = time.Now()
	}
	if err != nil {
		read.Document = nil
	}
	v.Found, v.Err = wire.Read(s.store, read), err
	v.Gate = s.gate.Status()
	if err == nil && v.Document.Mark() != v.gateMark() {
		_ = s.gate.Refresh(ctx) // its status says what became of it
		v.Gate = s.gate.Status()
	}
	if _, v.Rows, v.RowsErr = core.Instances(ctx, s.store); errors.Is(v.RowsErr, core.ErrNoFleet) {
		v.RowsErr = nil
	}
	v.Rows = fresh(v.Rows, v.Gate)
	v.Clock.Now = v.Time
	v.Clock.Zone, v.Picked = s.zoneOf(r)
	return v
}

// fresh are the rows, with this instance as it is now: what it reports arrives a moment
// later than it acts.
func fresh(rows []core.Instance, g core.Status) []core.Instance {
	out := slices.Clone(rows)
	for i := range out {
		if out[i].ID == g.Instance {
			out[i].Open, out[i].Drained = g.Open, g.Drained && g.Override != "up"
			out[i].StoreID, out[i].Revision, out[i].WriteID = g.StoreID, g.Revision, g.WriteID
			out[i].InFlight, out[i].Passing = g.InFlight, g.Passing
			out[i].Override, out[i].Regressed = g.Override, g.Regressed
		}
	}
	return out
}

// gateMark is the write that this instance goes by.
func (v seen) gateMark() core.Mark {
	return core.Mark{StoreID: v.Gate.StoreID, Revision: v.Gate.Revision, WriteID: v.Gate.WriteID}
}

// Revision is that of the document that the page shows, which its forms are made from.
func (v seen) Revision() int64 { return v.Document.Mark().Revision }

// Lost reports that the store had a document, which is gone.
func (v seen) Lost() bool { return errors.Is(v.Err, core.ErrLost) }

// InForce are the periods that hold the site down: by the store, or, where that cannot be
// read, by what the gate knows.
func (v seen) InForce() []core.Period {
	if v.Err != nil {
		return v.Gate.Periods
	}
	return v.Document.InForce(v.Time)
}

// Opens is when the site opens by itself, as things stand: when the last of the periods that
// follow each other without a gap has reached its own end. Zero: never.
func (v seen) Opens() time.Time {
	doc := &core.Document{Periods: v.Gate.Periods}
	if v.Err == nil && v.Document != nil {
		doc = v.Document
	}
	at := v.Time
	for in := doc.InForce(at); len(in) > 0; in = doc.InForce(at) {
		for _, p := range in {
			if p.End.IsZero() {
				return time.Time{}
			}
			if p.End.After(at) {
				at = p.End
			}
		}
	}
	return at
}

// Verdict is what the periods say, as InForce.
func (v seen) Verdict() core.Verdict {
	if v.Err != nil {
		return core.Judge(v.Gate.Periods, v.Time)
	}
	return v.Found.Verdict()
}

// find is the period with this id, in the store as it was read.
func (v seen) find(id string) (core.Period, bool) { return v.Document.Find(id) }
