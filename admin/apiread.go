package admin

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/core/wire"
)

// maxShown is how many periods in force, and to come, a state names.
const maxShown = 100

// stateJSON is the state of the store, bounded, and what this instance makes of it.
type stateJSON struct {
	wire.State

	// InForceOmitted and UpcomingOmitted are how many more there are than are named.
	InForceOmitted  int       `json:"in_force_omitted,omitzero"`
	UpcomingOmitted int       `json:"upcoming_omitted,omitzero"`
	Gate            *gateJSON `json:"gate,omitempty"` // of GET state only
}

// gateJSON is what the instance that answers does, under the names of a row of the fleet.
type gateJSON struct {
	Instance string `json:"instance,omitzero"` // id of its row
	State    string `json:"state"`             // wire.Open, wire.Refusing or wire.Drained
	Cause    string `json:"cause,omitzero"`
	Override string `json:"override,omitzero"` // "up" or "down"
	// OverrideFrom is "file", "env" or "config"; OverrideUnread: the file cannot be read.
	OverrideFrom   string `json:"override_from,omitzero"`
	OverrideUnread bool   `json:"override_unread,omitzero"`
	Revision       int64  `json:"revision"` // that it has adopted
	Regressed      bool   `json:"regressed,omitzero"`
	InFlight       int64  `json:"in_flight"`
	Passing        int64  `json:"passing"`
	// Health is "fresh", "lost" or "never-read", Age seconds since the last answered read.
	Health     string `json:"health"`
	Age        int64  `json:"age"`
	Push       string `json:"push,omitzero"`
	Registered bool   `json:"registered"`
}

// listJSON is a page of the periods.
type listJSON struct {
	wire.List

	Next string `json:"next,omitzero"` // cursor of the next page
}

func (s *site) apiState(ctx context.Context, r *http.Request, _ string) (answer, *problem) {
	if _, p := query(r); p != nil {
		return answer{}, p
	}
	found, p := s.load(ctx)
	if p != nil {
		p.Gate = s.gateNow()
		return answer{}, p
	}
	out := bounded(found)
	out.Gate = s.gateNow()
	tag := stateTag(out)
	if noneMatch(r, tag) {
		return answer{status: http.StatusNotModified, tag: tag}, nil
	}
	return answer{tag: tag, body: out}, nil
}

// stateTag is of everything that a state says but what changes with every answer.
func stateTag(s stateJSON) string {
	gate := *s.Gate
	gate.Age, gate.InFlight, gate.Passing = 0, 0, 0
	s.Gate, s.Time = &gate, time.Time{}
	return digestTag(s)
}

func (s *site) apiPeriods(ctx context.Context, r *http.Request, _ string) (answer, *problem) {
	values, p := query(r, "limit", "cursor")
	if p != nil {
		return answer{}, p
	}
	most, p := limit(values)
	if p != nil {
		return answer{}, p
	}
	after, p := cursor(values)
	if p != nil {
		return answer{}, p
	}
	found, p := s.load(ctx)
	if p != nil {
		return answer{}, p
	}
	periods := slices.SortedFunc(slices.Values(found.Periods()), comparePlaces)
	if after != nil {
		first, _ := slices.BinarySearchFunc(periods, *after, comparePlaces)
		if first < len(periods) && comparePlaces(periods[first], *after) == 0 {
			first++
		}
		periods = periods[first:]
	}
	var next string
	if len(periods) > most {
		periods = periods[:most]
		next = placeOf(periods[most-1])
	}
	out := listJSON{Next: next, List: wire.List{
		Store: found.Store, Time: found.Time, Written: found.Document != nil,
		Revision: found.Document.Mark().Revision, Periods: wire.PeriodsAt(periods, found.Time),
	}}
	return answer{body: out}, nil
}

// comparePlaces is the order of the list: by start, and of one start by id. It has no
// clock in it, so that a page goes on where the last one ended, whatever happened between.
func comparePlaces(x, y core.Period) int {
	return cmp.Or(x.Start.Compare(y.Start), cmp.Compare(x.ID, y.ID))
}

// placeOf is the place of p in that order, as a cursor.
func placeOf(p core.Period) string {
	return strconv.FormatInt(p.Start.UnixMicro(), 10) + "." + p.ID
}

// cursor reads the parameter of that name; nil if it is not there.
func cursor(values map[string][]string) (*core.Period, *problem) {
	given, ok := values["cursor"]
	if !ok {
		return nil, nil
	}
	micros, id, ok := strings.Cut(given[0], ".")
	at, err := strconv.ParseInt(micros, 10, 64)
	if !ok || err != nil || len(id) > core.MaxIDLen {
		return nil, invalid(fault{Field: "cursor", Value: given[0], Problem: "want what next said on the page before"})
	}
	return &core.Period{ID: id, Start: time.UnixMicro(at)}, nil
}

func (s *site) apiPeriod(ctx context.Context, r *http.Request, id string) (answer, *problem) {
	if _, p := query(r); p != nil {
		return answer{}, p
	}
	found, p := s.load(ctx)
	if p != nil {
		return answer{}, p
	}
	period, ok := found.Document.Find(id)
	if !ok {
		return answer{}, s.problemOf(ctx, core.ErrNotFound)
	}
	return answer{tag: versionTag(period.Version), body: wire.PeriodAt(period, found.Time)}, nil
}

func (s *site) apiFleet(ctx context.Context, r *http.Request, _ string) (answer, *problem) {
	if _, p := query(r); p != nil {
		return answer{}, p
	}
	state, rows, err := core.Instances(ctx, s.store)
	switch {
	case errors.Is(err, core.ErrNoFleet):
		return answer{}, newProblem(http.StatusNotFound, codeNotFound, "This store keeps no rows of instances.")
	case err != nil:
		return answer{}, s.problemOf(ctx, storeError{err})
	}
	out := struct {
		wire.Fleet

		Omitted int `json:"instances_omitted,omitzero"`
	}{Fleet: wire.Read(s.store, state).Fleet(rows)}
	if more := len(out.Instances) - maxItems; more > 0 {
		out.Instances, out.Omitted = out.Instances[:maxItems], more
	}
	return answer{body: out}, nil
}

func (s *site) apiLog(ctx context.Context, r *http.Request, _ string) (answer, *problem) {
	values, p := query(r, "limit")
	if p != nil {
		return answer{}, p
	}
	most, p := limit(values)
	if p != nil {
		return answer{}, p
	}
	entries, err := core.Log(ctx, s.store, most)
	switch {
	case errors.Is(err, core.ErrNoLog):
		return answer{}, newProblem(http.StatusNotFound, codeNotFound, "This store keeps no log.")
	case err != nil:
		return answer{}, s.problemOf(ctx, storeError{err})
	}
	return answer{body: wire.LogOf(s.store, entries)}, nil
}

// load reads the store now: what a client is told is not what a gate has kept.
func (s *site) load(ctx context.Context) (wire.Found, *problem) {
	state, err := s.store.Load(ctx, core.Mark{})
	if err != nil {
		return wire.Found{}, s.problemOf(ctx, storeError{err})
	}
	return wire.Read(s.store, state), nil
}

// bounded is what was found, with at most maxShown periods of each sort.
func bounded(f wire.Found) stateJSON {
	out := stateJSON{State: f.State()}
	if more := len(out.InForce) - maxShown; more > 0 {
		out.InForce, out.InForceOmitted = out.InForce[:maxShown], more
	}
	if more := len(out.Upcoming) - maxShown; more > 0 {
		out.Upcoming, out.UpcomingOmitted = out.Upcoming[:maxShown], more
	}
	return out
}

// gateNow is what this instance does.
func (s *site) gateNow() *gateJSON {
	st := s.gate.Status()
	out := gateJSON{
		Instance: st.Instance, State: wire.Refusing,
		Override: st.Override, OverrideFrom: st.OverrideFrom, OverrideUnread: st.OverrideErr != nil,
		Revision: st.Revision, Regressed: st.Regressed, InFlight: st.InFlight, Passing: st.Passing,
		Health: string(st.Health), Age: int64(st.Age / time.Second), Push: st.Push, Registered: st.Registered,
	}
	switch {
	case st.Open:
		out.State = wire.Open
	case st.Drained:
		out.State = wire.Drained
	}
	if st.Closure != nil {
		out.Cause = st.Closure.Cause.String()
	}
	return &out
}
