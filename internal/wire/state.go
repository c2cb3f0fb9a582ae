package wire

import (
	"cmp"
	"slices"
	"time"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// Words for whether the site is down, by its store.
const (
	Up      = "up"
	Down    = "down"
	Unknown = "unknown" // the document says "up", but it is not the newest one
)

// Found is the result of one read of a store, and the name of the store.
type Found struct {
	operator.State

	Store       string // how the store names itself
	Application string // the application's name in a store that several share; "" if it has none
	Warning     string // of the store, see [store.Info]
	WentBack    string // why Document is not the newest one, see [operator.Judgment]; "" if it is
}

// State says whether the site is down by the document, since when, until when, and by which
// periods. An instance that cannot read the store, or is overridden, may differ from it.
type State struct {
	State       string    `json:"state"` // Up, Down or Unknown
	Since       time.Time `json:"since,omitzero"`
	Until       time.Time `json:"until,omitzero"`
	Overdue     bool      `json:"overdue"`
	Emergency   bool      `json:"emergency"`
	Next        time.Time `json:"next,omitzero"`
	InForce     []Period  `json:"in_force"`
	Upcoming    []Period  `json:"upcoming"`
	Time        time.Time `json:"time"`
	Store       string    `json:"store"`
	Application string    `json:"application,omitzero"`
	Name        string    `json:"name,omitzero"`        // of the application, in the document
	Environment string    `json:"environment,omitzero"` // likewise
	Warning     string    `json:"warning,omitzero"`     // of the store: changes may not reach every instance
	Written     bool      `json:"written"`
	StoreID     string    `json:"store_id,omitzero"`
	Revision    int64     `json:"revision"`
	CloseRev    int64     `json:"close_rev"`
	WriteID     string    `json:"write_id,omitzero"`
	HandEdited  bool      `json:"hand_edited"`
	WentBack    string    `json:"went_back,omitzero"` // why the document is not the newest one
}

// List is all periods of a store.
type List struct {
	Store    string    `json:"store"`
	Time     time.Time `json:"time"`
	Written  bool      `json:"written"`
	Revision int64     `json:"revision"`
	Periods  []Period  `json:"periods"`
}

// Read reads st.
func Read(st store.Store, read operator.State) Found {
	info := st.Info()
	return Found{State: read, Store: info.Name, Application: info.Application, Warning: info.Warning}
}

// Judged is [Read] with WentBack, which the rows and the store can tell.
func Judged(st store.Store, j operator.Judgment) Found {
	f := Read(st, j.State)
	f.WentBack = j.WentBack()
	return f
}

// Word is Down, Up or Unknown.
func (f Found) Word() string {
	switch {
	case f.Verdict().Down:
		return Down
	case f.WentBack != "":
		return Unknown
	}
	return Up
}

// Periods are all periods, in document order. The caller must not change them.
func (f Found) Periods() []period.Period {
	if f.Document == nil {
		return nil
	}
	return f.Document.Periods
}

// Upcoming are the windows that are to come, the next one first; empty, never nil.
func (f Found) Upcoming() []period.Period {
	out := []period.Period{}
	for _, p := range f.Periods() {
		if StatusOf(p, f.Time) == Upcoming {
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(x, y period.Period) int { return x.Start.Compare(y.Start) })
	return out
}

// Sorted are all periods: in force, upcoming, disabled, finished, and each by start.
func (f Found) Sorted() []period.Period {
	rank := []string{InForce, Upcoming, Disabled, Finished}
	return slices.SortedStableFunc(slices.Values(f.Periods()), func(x, y period.Period) int {
		return cmp.Or(
			cmp.Compare(slices.Index(rank, StatusOf(x, f.Time)), slices.Index(rank, StatusOf(y, f.Time))),
			x.Start.Compare(y.Start),
		)
	})
}

// JSON is the state as JSON.
func (f Found) JSON() State {
	v := f.Verdict()
	out := State{
		State: f.Word(), Since: v.Since, Until: v.Until, Overdue: v.Overdue(f.Time), Emergency: v.Emergency, Next: v.Next,
		InForce: PeriodsAt(f.InForce(), f.Time), Upcoming: PeriodsAt(f.Upcoming(), f.Time),
		Time: f.Time, Store: f.Store, Application: f.Application, Warning: f.Warning, WentBack: f.WentBack,
	}
	if d := f.Document; d != nil {
		out.Written, out.StoreID, out.Revision, out.CloseRev, out.WriteID = true, d.StoreID, d.Revision, d.CloseRev, d.WriteID
		out.HandEdited, out.Name, out.Environment = d.HandEdited(), d.Name, d.Environment
	}
	return out
}

// List is every period that was found, in JSON.
func (f Found) List() List {
	return List{
		Store: f.Store, Time: f.Time, Written: f.Document != nil, Revision: f.Document.Mark().Revision, Periods: PeriodsAt(f.Sorted(), f.Time),
	}
}
