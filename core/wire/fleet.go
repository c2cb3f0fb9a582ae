package wire

import (
	"time"

	"github.com/go-downtime/downtime/core"
)

// What is known of an instance.
const (
	Live   = "live"
	Silent = "silent" // dead or cut off: nobody can tell
	Dead   = "dead"
)

// What an instance said last.
const (
	Open     = "open"
	Refusing = "refusing"
	Drained  = "drained"
)

// How an instance's document stands to the store's.
const (
	Current = "current"
	Behind  = "behind"
	Ahead   = "ahead" // the store went back
	Other   = "other" // another document, or another write of the same revision
	None    = "none"  // it has none
)

// Instance is a row, and what it amounts to at an instant.
type Instance struct {
	core.Instance

	Life     string `json:"life"`     // Live, Silent or Dead
	State    string `json:"state"`    // Open, Refusing or Drained
	Document string `json:"document"` // Current, Behind, Ahead, Other or None
	Age      int64  `json:"age"`      // seconds since the last report
}

// Counts is a fleet in numbers. Open to Current are of the live ones.
type Counts struct {
	Instances int    `json:"instances"`
	Live      int    `json:"live"`
	Silent    int    `json:"silent"`
	Dead      int    `json:"dead"`
	Open      int    `json:"open"`
	Refusing  int    `json:"refusing"`
	Drained   int    `json:"drained"`
	Current   int    `json:"current"`
	Error     string `json:"error,omitzero"` // the rows could not be read, and are not counted
}

// Fleet is all instances of a store.
type Fleet struct {
	Store       string         `json:"store"`
	Application string         `json:"application,omitzero"`
	Time        time.Time      `json:"time"`
	Written     bool           `json:"written"`
	StoreID     string         `json:"store_id,omitzero"`
	Revision    int64          `json:"revision"`
	WriteID     string         `json:"write_id,omitzero"`
	Instances   []Instance     `json:"instances"`
	Fleet       *Counts        `json:"fleet"`
	Rules       map[string]int `json:"rules"` // instances that are not dead, by the digest of their rules
}

// LifeOf is Live, Silent or Dead, at the store's time t.
func LifeOf(i core.Instance, t time.Time) string {
	switch {
	case i.Dead:
		return Dead
	case i.Silent(t):
		return Silent
	}
	return Live
}

// DoingOf is Open, Refusing or Drained, as the instance last said.
func DoingOf(i core.Instance) string {
	switch {
	case i.Drained:
		return Drained
	case i.Open:
		return Open
	}
	return Refusing
}

// StandingOf is how the document that the instance has adopted stands to the store's:
// Current, Behind, Ahead, Other or None.
func StandingOf(i core.Instance, store core.Mark) string {
	switch has := (core.Mark{StoreID: i.StoreID, Revision: i.Revision, WriteID: i.WriteID}); {
	case has == (core.Mark{StoreID: store.StoreID, Revision: store.Revision, WriteID: store.WriteID}):
		return Current
	case has == core.Mark{}:
		return None
	case has.StoreID != store.StoreID, has.Revision == store.Revision:
		return Other
	case has.Revision < store.Revision:
		return Behind
	}
	return Ahead
}

// Count counts rows, as they are at the instant of the read.
func (f Found) Count(rows []core.Instance) Counts {
	c := Counts{Instances: len(rows)}
	for _, i := range rows {
		switch LifeOf(i, f.Time) {
		case Silent:
			c.Silent++
			continue
		case Dead:
			c.Dead++
			continue
		}
		c.Live++
		if StandingOf(i, f.Document.Mark()) == Current {
			c.Current++
		}
		switch DoingOf(i) {
		case Open:
			c.Open++
		case Refusing:
			c.Refusing++
		case Drained:
			c.Drained++
		}
	}
	return c
}

// Fleet is rows, in their order, in JSON.
func (f Found) Fleet(rows []core.Instance) Fleet {
	counts := f.Count(rows)
	out := Fleet{
		Store: f.Store, Application: f.Application, Time: f.Time, Written: f.Document != nil,
		Instances: make([]Instance, 0, len(rows)), Fleet: &counts, Rules: map[string]int{},
	}
	mark := f.Document.Mark()
	out.StoreID, out.Revision, out.WriteID = mark.StoreID, mark.Revision, mark.WriteID
	for _, i := range rows {
		if i.Refuses == nil {
			i.Refuses = []string{}
		}
		life := LifeOf(i, f.Time)
		out.Instances = append(out.Instances, Instance{
			Instance: i, Life: life, State: DoingOf(i), Document: StandingOf(i, mark),
			Age: max(0, int64(f.Time.Sub(i.Seen)/time.Second)),
		})
		if life != Dead {
			out.Rules[i.Rules]++
		}
	}
	return out
}
