package storetest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
)

// TestEachFaultOfRowsIsCaught: see TestEachFaultIsCaught.
func TestEachFaultOfRowsIsCaught(t *testing.T) {
	t.Parallel()
	for fault, tc := range map[string]struct{ caughtBy, says string }{
		"begins with a row":                 {"begins without rows", "want none"},
		"begins with nil rows":              {"begins without rows", "not nil"},
		"has no rows without a document":    {"begins without rows", "want no error"},
		"has no time beside rows":           {"begins without rows", "time"},
		"leaves the mark out of the list":   {"begins without rows", "as Load has it"},
		"loses what a row refuses":          {"gives back a row", "Refuses"},
		"forgets that a row is drained":     {"gives back a row", "Drained"},
		"drops a row's microseconds":        {"gives back a row", "Started"},
		"gives nil for nothing refused":     {"gives back a row", "Refuses"},
		"counts rows in 32 bits":            {"gives back a row", "InFlight"},
		"strips NUL from rows":              {"gives back every character of a row", "Host"},
		"trims hosts":                       {"gives back every character of a row", "Host"},
		"believes the reporter's stamps":    {"stamps rows by its own clock", "Seen is"},
		"believes that a reporter is dead":  {"stamps rows by its own clock", "Dead is"},
		"has leases of a minute":            {"stamps rows by its own clock", "after Seen"},
		"reports another clock's time":      {"stamps rows by its own clock", "returned the time"},
		"stamps by another clock":           {"stamps rows by its own clock", "Seen is"},
		"adds a row for each report":        {"replaces the row of an instance", "got the rows of"},
		"merges a row with the one before":  {"replaces the row of an instance", "Refuses"},
		"cannot forget twice":               {"forgets who has left", "want no error"},
		"forgets everybody":                 {"forgets who has left", "got the rows of"},
		"forgets nobody":                    {"forgets who has left", "got the rows of"},
		"never takes anybody back":          {"forgets who has left", "got the rows of"},
		"hides who is silent":               {"keeps who is silent", "got the rows of"},
		"prunes after an hour":              {"keeps who is silent", "got the rows of"},
		"renews leases by looking":          {"keeps who is silent", "is silent"},
		"orders rows by id":                 {"orders rows by host, pid and id", "in the order"},
		"counts a report as a write":        {"keeps rows apart from the document", "rows are no writes"},
		"forgets rows with a write":         {"keeps rows apart from the document", "after a write"},
		"tells the mark of before":          {"tells a reporter the document's mark", "returned the mark"},
		"tells a mark of nothing":           {"tells a reporter the document's mark", "want none"},
		"keeps the reporter's memory":       {"keeps copies of rows", "changed"},
		"shares its memory of rows":         {"keeps copies of rows", "changed"},
		"keeps 100 rows":                    {"keeps 1,000 rows", "got the rows of"},
		"ignores the context of Report":     {"obeys an ended context of rows", "Report under"},
		"ignores the context of Instances":  {"obeys an ended context of rows", "Instances under"},
		"writes a row under an ended ctx":   {"obeys an ended context of rows", "got the rows of"},
		"keeps rows in the handle":          {"shows one handle's rows to the other", "got the rows of"},
		"loses a row of a concurrent write": {"loses no row of concurrent reports", "got the rows of"},
		"fails a report beside another":     {"loses no row of concurrent reports", "Report of"},
		"reads the document before rows":    {"reads document and rows at one instant", "at one instant"},
		"reads rows before the document":    {"reads document and rows at one instant", "at one instant"},
		"shows older rows":                  {"reads document and rows at one instant", "at one instant"},
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			got := failure(t, tc.caughtBy, mutantEnv(t, fault))
			require.NotEmpty(t, got, "%q passes %q", fault, tc.caughtBy)
			require.Contains(t, got, tc.says)
			require.NotContains(t, got, "skipped")
		})
	}
}

// rows are a mutant's rows. The data's mu guards them.
type rows struct {
	byID    map[string]core.Instance
	older   map[string]core.Instance // of before the last report
	left    map[string]bool
	own     map[*mutant]map[string]core.Instance // "keeps rows in the handle"
	reports int
	busy    bool // "fails a report beside another"
}

// rowsOf is where m keeps its rows.
func (d *data) rowsOf(m *mutant) map[string]core.Instance {
	r := &d.rows
	if r.byID == nil {
		r.byID, r.left, r.own = map[string]core.Instance{}, map[string]bool{}, map[*mutant]map[string]core.Instance{}
	}
	if d.fault != "keeps rows in the handle" {
		return r.byID
	}
	if r.own[m] == nil {
		r.own[m] = map[string]core.Instance{}
	}
	return r.own[m]
}

func (m *mutant) Report(ctx context.Context, i core.Instance, lease time.Duration) (core.Mark, time.Time, error) {
	d := m.data
	if ctx.Err() != nil && d.fault != "ignores the context of Report" && d.fault != "writes a row under an ended ctx" {
		return core.Mark{}, time.Time{}, ctx.Err()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	r := &d.rows
	kept := d.rowsOf(m)
	now := d.clock()
	switch d.fault {
	case "fails a report beside another":
		if r.busy {
			return core.Mark{}, now, errors.New("locked")
		}
		r.busy = true
		d.waitForAnother()
		r.busy = false
	case "loses a row of a concurrent write":
		kept = maps.Clone(kept)
		d.waitForAnother()
		r.byID = kept
	}
	r.reports++
	r.older = maps.Clone(kept)
	id := i.ID
	if d.fault == "adds a row for each report" {
		id = number(r.reports)
	}
	stamped := d.stamp(i, kept[id], lease, now)
	switch {
	case d.fault == "never takes anybody back" && r.left[id], d.fault == "keeps 100 rows" && len(kept) == 100:
	default:
		kept[id] = stamped
	}
	if d.fault == "counts a report as a write" && d.doc != nil {
		d.doc = after(d.doc)
	}
	if d.fault == "writes a row under an ended ctx" {
		return d.reportedMark(), now, ctx.Err()
	}
	if d.fault == "reports another clock's time" {
		now = now.Add(-time.Hour)
	}
	return d.reportedMark(), now, nil
}

func (d *data) reportedMark() core.Mark {
	switch {
	case d.fault == "tells the mark of before" && d.before != nil:
		return d.before.Mark()
	case d.fault == "tells a mark of nothing" && d.doc == nil:
		return core.Mark{StoreID: "a", Revision: 1, WriteID: "b"}
	}
	return d.doc.Mark()
}

// stamp is what is kept of i.
func (d *data) stamp(i, before core.Instance, lease time.Duration, now time.Time) core.Instance {
	if d.fault != "keeps the reporter's memory" {
		i.Refuses = append([]string{}, i.Refuses...)
	}
	if d.fault != "believes the reporter's stamps" {
		i.Seen, i.Lease = now, now.Add(lease)
	}
	if d.fault != "believes that a reporter is dead" {
		i.Dead = false
	}
	switch d.fault {
	case "has leases of a minute":
		i.Lease = i.Seen.Add(time.Minute)
	case "stamps by another clock":
		i.Seen, i.Lease = i.Seen.Add(-time.Hour), i.Lease.Add(-time.Hour)
	case "merges a row with the one before":
		if len(i.Refuses) == 0 && before.Refuses != nil {
			i.Refuses = before.Refuses
		}
	case "loses what a row refuses":
		i.Refuses = i.Refuses[:min(len(i.Refuses), 1)]
	case "forgets that a row is drained":
		i.Drained = false
	case "drops a row's microseconds":
		i.Started = i.Started.Truncate(time.Millisecond)
	case "gives nil for nothing refused":
		if len(i.Refuses) == 0 {
			i.Refuses = nil
		}
	case "counts rows in 32 bits":
		i.InFlight = int64(int32(i.InFlight))
	case "strips NUL from rows":
		i.Host = strings.ReplaceAll(i.Host, "\x00", "")
	case "trims hosts":
		i.Host = strings.TrimSpace(i.Host)
	}
	return i
}

func (m *mutant) Leave(_ context.Context, id string) error {
	d := m.data
	d.mu.Lock()
	defer d.mu.Unlock()
	kept := d.rowsOf(m)
	switch d.fault {
	case "cannot forget twice":
		if _, ok := kept[id]; !ok {
			return errors.New("no row was removed")
		}
	case "forgets everybody":
		clear(kept)
	case "forgets nobody":
		return nil
	}
	d.rows.left[id] = true
	delete(kept, id)
	return nil
}

func (m *mutant) Instances(ctx context.Context) (core.State, []core.Instance, error) {
	d := m.data
	if ctx.Err() != nil && d.fault != "ignores the context of Instances" {
		return core.State{}, nil, ctx.Err()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.doc == nil && d.fault == "has no rows without a document" {
		return core.State{}, nil, core.ErrLost
	}
	state := core.State{Document: d.doc, Mark: d.doc.Mark(), Time: d.clock()}
	kept := d.rowsOf(m)
	switch d.fault {
	case "has no time beside rows":
		state.Time = time.Time{}
	case "leaves the mark out of the list":
		state.Mark.WriteID = ""
	case "reads the document before rows":
		d.waitForReports(4)
	case "reads rows before the document":
		kept = maps.Clone(kept)
		d.waitForReports(4)
		state.Document, state.Mark = d.doc, d.doc.Mark()
	case "shows older rows":
		if len(d.rows.older) == len(kept) {
			kept = d.rows.older
		}
	}
	if d.fault == "begins with nil rows" && len(kept) == 0 {
		return state, nil, nil
	}
	if d.fault == "begins with a row" && d.doc == nil {
		return state, []core.Instance{row("a")}, nil
	}
	return state, d.list(kept, state.Time), nil
}

// list is what a reader is given of kept.
func (d *data) list(kept map[string]core.Instance, now time.Time) []core.Instance {
	out := []core.Instance{}
	for id, i := range kept {
		switch {
		case d.fault == "hides who is silent" && i.Silent(now), d.fault == "prunes after an hour" && now.Sub(i.Lease) > time.Hour:
			continue
		case d.fault == "renews leases by looking":
			i.Lease = now.Add(time.Minute)
			kept[id] = i
		}
		if i.Refuses != nil && d.fault != "shares its memory of rows" {
			i.Refuses = append([]string{}, i.Refuses...)
		}
		out = append(out, i)
	}
	core.SortInstances(out)
	if d.fault == "orders rows by id" {
		slices.SortFunc(out, func(a, b core.Instance) int { return strings.Compare(a.ID, b.ID) })
	}
	return out
}

// waitForReports lets go of the lock until there were n more, or for a moment. The caller
// holds mu.
func (d *data) waitForReports(n int) {
	until := d.rows.reports + n
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for range 20 {
		if d.rows.reports >= until {
			return
		}
		d.mu.Unlock()
		<-again.C
		d.mu.Lock()
	}
}
