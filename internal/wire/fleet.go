package wire

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-downtime/downtime/internal/visible"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// Lives of an instance.
const (
	Live   = "live"
	Silent = "silent" // the lease has ended: dead or cut off, the store does not know which
	Dead   = "dead"   // the process is known to be dead
	Left   = "left"   // the row was deleted: the instance was shut down, or an operator forgot it
)

// Instance is a row, and its judgment at an instant.
type Instance struct {
	period.Row

	Seen     time.Time `json:"seen,omitzero"`
	Lease    time.Time `json:"lease,omitzero"`
	Life     string    `json:"life"`               // Live, Silent, Dead or Left
	Document string    `json:"document"`           // "current", "behind", "ahead", "other" or "none"
	Drains   []string  `json:"drained_now"`        // the periods in force that are drained at the instant
	Disagree string    `json:"disagrees,omitzero"` // why a live instance differs from the document
	Outdated bool      `json:"outdated,omitzero"`  // it last reported before the present downtime began
	Age      int64     `json:"age"`                // seconds since the last report
	Note     string    `json:"note,omitzero"`      // of an instance that left
	Error    string    `json:"error,omitzero"`     // why the row cannot be read
}

// Counts is a fleet in numbers. The members from Open to Current count live instances.
type Counts struct {
	Instances int    `json:"instances"` // without those that left
	Live      int    `json:"live"`
	Silent    int    `json:"silent"`
	Dead      int    `json:"dead"`
	Open      int    `json:"open"`
	Refusing  int    `json:"refusing"` // and not drained
	Drained   int    `json:"drained"`
	Outdated  int    `json:"outdated"` // they refused before the present downtime began, and have not reported since
	Current   int    `json:"current"`
	Disagree  int    `json:"disagree"`       // they differ from the document
	Error     string `json:"error,omitzero"` // the rows could not be read, and are not counted
}

// Fleet is all instances of a store.
type Fleet struct {
	Store       string         `json:"store"`
	Application string         `json:"application,omitzero"`
	Warning     string         `json:"warning,omitzero"` // of the store: changes may not reach every instance
	Time        time.Time      `json:"time"`
	Written     bool           `json:"written"`
	StoreID     string         `json:"store_id,omitzero"`
	Revision    int64          `json:"revision"`
	WriteID     string         `json:"write_id,omitzero"`
	Since       time.Time      `json:"since,omitzero"` // when the set of rows was created
	Instances   []Instance     `json:"instances"`
	Fleet       *Counts        `json:"fleet"`
	Barrier     *Barrier       `json:"barrier,omitempty"` // nil if the site is up
	Rules       map[string]int `json:"rules"`             // instances that are live or silent, by the digest of their rules
}

// LifeOf is Live, Silent, Dead or Left.
func LifeOf(i operator.Instance) string {
	switch i.Life {
	case store.Live:
		return Live
	case store.Gone:
		return Dead
	case store.Deleted:
		return Left
	}
	return Silent
}

// Streams lists the running streams of an instance, by name: "chat 12, feed 3".
func Streams(i operator.Instance) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(i.Streams)) {
		parts = append(parts, name+" "+strconv.FormatInt(i.Streams[name], 10))
	}
	return strings.Join(parts, ", ")
}

// Count counts the instances.
func Count(j operator.Judgment) Counts {
	var c Counts
	for _, i := range j.Instances {
		switch LifeOf(i) {
		case Silent:
			c.Silent++
		case Dead:
			c.Dead++
		case Live:
			c.Live++
			if i.Disagrees != "" {
				c.Disagree++
			}
			if i.Standing == operator.Current {
				c.Current++
			}
			switch {
			case i.Serves():
				c.Open++
			case j.IsDrained(i):
				c.Drained++
			case i.Outdated:
				c.Outdated++
			default:
				c.Refusing++
			}
		}
	}
	c.Instances = c.Live + c.Silent + c.Dead
	return c
}

// Doubt is why only the store says that the site is down; "" if each instance has reported.
func (c Counts) Doubt() string {
	switch away := c.Silent + c.Outdated; {
	case c.Instances == 0:
		return "no instance has reported"
	case c.Instances == 1 && away == 1:
		return "the only instance is silent or outdated"
	case away > 0:
		return fmt.Sprintf("%d of %d instances silent or outdated", away, c.Instances)
	case c.Live == 0:
		return "no instance is live"
	}
	return ""
}

// FleetOf is a judgment of the rows of st, in JSON.
func FleetOf(st store.Store, j operator.Judgment) Fleet {
	counts, info, mark := Count(j), st.Info(), j.Document.Mark()
	out := Fleet{
		Store: info.Name, Application: info.Application, Warning: info.Warning, Time: j.Time, Written: j.Document != nil,
		StoreID: mark.StoreID, Revision: mark.Revision, WriteID: mark.WriteID, Since: j.Since,
		Instances: make([]Instance, 0, len(j.Instances)), Fleet: &counts, Barrier: BarrierOf(j), Rules: map[string]int{},
	}
	for _, i := range j.Instances {
		row := Instance{
			Row: i.Row, Seen: i.Seen, Lease: i.Lease, Life: LifeOf(i), Document: string(i.Standing), Drains: i.Drained,
			Note: i.Note, Disagree: string(i.Disagrees), Outdated: i.Outdated,
		}
		if !i.Seen.IsZero() {
			row.Age = max(0, int64(j.Time.Sub(i.Seen)/time.Second))
		}
		if row.Drained == nil {
			row.Drained = []string{}
		}
		if i.Err != nil {
			row.Error = visible.Line(i.Err.Error())
		}
		out.Instances = append(out.Instances, row)
		if i.Err == nil && (row.Life == Live || row.Life == Silent) {
			out.Rules[i.Rules]++
		}
	}
	return out
}
