package cli

import (
	"time"

	"github.com/go-downtime/downtime/core"
)

// fleetJSON is what fleet --json prints.
type fleetJSON struct {
	Store     string         `json:"store"`
	App       string         `json:"application,omitzero"`
	Time      time.Time      `json:"time"`
	Written   bool           `json:"written"`
	StoreID   string         `json:"store_id,omitzero"`
	Revision  int64          `json:"revision"`
	WriteID   string         `json:"write_id,omitzero"`
	Instances []instanceJSON `json:"instances"`
	Fleet     *countsJSON    `json:"fleet"`
	Rules     map[string]int `json:"rules"`
}

// instanceJSON is a row as the fleet command prints it: the members of the row, and what
// they amount to at the store's time.
type instanceJSON struct {
	core.Instance

	Life     string `json:"life"`     // "live", "silent" or "dead"
	State    string `json:"state"`    // "open", "refusing" or "drained"
	Document string `json:"document"` // "current", "behind", "ahead", "other" or "none"
	Age      int64  `json:"age"`      // seconds since the last report
}

// countsJSON is the fleet in numbers.
type countsJSON struct {
	Instances int    `json:"instances"`
	Live      int    `json:"live"`
	Silent    int    `json:"silent"`
	Dead      int    `json:"dead"`
	Open      int    `json:"open"` // this and the next three are of the live ones
	Refusing  int    `json:"refusing"`
	Drained   int    `json:"drained"`
	Current   int    `json:"current"`
	Error     string `json:"error,omitzero"`
}

// reconciledJSON is what reconcile did, or with --dry-run would do.
type reconciledJSON struct {
	From     int64    `json:"from"`
	To       int64    `json:"to"`
	Refusing []string `json:"refusing"` // ids of the instances that refuse before the write
	Opens    []string `json:"opens"`    // those of them that will open by it
}

func (f fleet) json() fleetJSON {
	out := fleetJSON{
		Store: f.store, App: f.app, Time: f.now, Written: f.doc != nil,
		Instances: []instanceJSON{}, Fleet: f.counts().json(), Rules: map[string]int{},
	}
	if d := f.doc; d != nil {
		out.StoreID, out.Revision, out.WriteID = d.StoreID, d.Revision, d.WriteID
	}
	for _, i := range f.rows {
		if i.Refuses == nil {
			i.Refuses = []string{}
		}
		out.Instances = append(out.Instances, instanceJSON{
			Instance: i, Life: f.life(i), State: gateState(i), Document: f.document(i), Age: max(0, int64(f.now.Sub(i.Seen)/time.Second)),
		})
	}
	for digest, rows := range f.rules() {
		out.Rules[digest] = len(rows)
	}
	return out
}

func (c counts) json() *countsJSON {
	return &countsJSON{
		Instances: c.all, Live: c.live, Silent: c.silent, Dead: c.dead,
		Open: c.open, Refusing: c.refusing, Drained: c.drained, Current: c.documents[docCurrent],
	}
}

func (s *seen) json() *countsJSON {
	if s == nil {
		return nil
	}
	out := s.counts().json()
	if s.err != nil {
		out.Error = s.err.Error()
	}
	return out
}

func ids(rows []core.Instance) []string {
	out := make([]string, 0, len(rows))
	for _, i := range rows {
		out = append(out, i.ID)
	}
	return out
}
