package admin

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
)

func (s *site) apiState(r *http.Request, _ string) (answer, *problem) {
	if _, p := query(r); p != nil {
		return answer{}, p
	}
	v := s.judge(r.Context(), "")
	if v.Fleet.Err != nil {
		p := s.problemOf(r, v.Fleet.Err)
		p.Gate = s.gateNow()
		return answer{}, p
	}
	out := bounded(wire.Judged(s.store, v.Fleet))
	out.Barrier, out.Gate = wire.BarrierOf(v.Barrier), s.gateNow()
	tag := stateTag(out)
	if noneMatch(r, tag) {
		return answer{status: http.StatusNotModified, tag: tag}, nil
	}
	return answer{tag: tag, body: out}, nil
}

// stateTag is the tag of a state without the members that change with every answer.
func stateTag(s stateJSON) string {
	gate := *s.Gate
	gate.Age, gate.InFlight, gate.Bypassed, gate.Exempt, gate.Held = 0, 0, 0, 0, 0
	s.Gate, s.Time = &gate, time.Time{}
	if s.Barrier != nil {
		b := *s.Barrier
		b.Streams, b.Bypassed = 0, 0
		b.Holdouts, b.Accepted = unmoved(b.Holdouts), unmoved(b.Accepted)
		s.Barrier = &b
	}
	return digestTag(s)
}

// unmoved are parts without the members that change with every report.
func unmoved(parts []wire.Part) []wire.Part {
	out := slices.Clone(parts)
	for i := range out {
		out[i].InFlight, out[i].Streams, out[i].Seen, out[i].Lease = 0, nil, time.Time{}, time.Time{}
	}
	return out
}

func (s *site) apiPeriods(r *http.Request, _ string) (answer, *problem) {
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
	found, p := s.load(r)
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

// comparePlaces is the order of the list: by start, then by id. It depends on no clock, so a
// page begins after the end of the page before, although periods were written in between.
func comparePlaces(x, y period.Period) int {
	return cmp.Or(x.Start.Compare(y.Start), cmp.Compare(x.ID, y.ID))
}

// placeOf is the place of p in that order, as a cursor.
func placeOf(p period.Period) string {
	return strconv.FormatInt(p.Start.UnixMicro(), 10) + "." + p.ID
}

// cursor reads the parameter "cursor"; nil if it is not given.
func cursor(values map[string][]string) (*period.Period, *problem) {
	given, ok := values["cursor"]
	if !ok {
		return nil, nil
	}
	micros, id, ok := strings.Cut(given[0], ".")
	at, err := strconv.ParseInt(micros, 10, 64)
	if !ok || err != nil || len(id) > period.MaxIDLen {
		return nil, invalid("cursor", given[0], `want the value of "next" from the page before`)
	}
	return &period.Period{ID: id, Start: time.UnixMicro(at)}, nil
}

func (s *site) apiPeriod(r *http.Request, id string) (answer, *problem) {
	if _, p := query(r); p != nil {
		return answer{}, p
	}
	found, p := s.load(r)
	if p != nil {
		return answer{}, p
	}
	one, ok := found.Document.Find(id)
	if !ok {
		return answer{}, explained(operator.ErrNotFound)
	}
	out := wire.PeriodAt(one, found.Time)
	tag := periodTag(out)
	if noneMatch(r, tag) {
		return answer{status: http.StatusNotModified, tag: tag}, nil
	}
	return answer{tag: tag, body: out}, nil
}

func (s *site) apiFleet(r *http.Request, _ string) (answer, *problem) {
	if _, p := query(r); p != nil {
		return answer{}, p
	}
	j, err := s.operator(r).Fleet(r.Context())
	if err = cmp.Or(err, j.Err); err != nil {
		return answer{}, s.problemOf(r, err)
	}
	out := struct {
		wire.Fleet

		Omitted int `json:"instances_omitted,omitzero"`
	}{Fleet: wire.FleetOf(s.store, j)}
	if more := len(out.Instances) - maxItems; more > 0 {
		out.Instances, out.Omitted = out.Instances[:maxItems], more
	}
	return answer{body: out}, nil
}

func (s *site) apiLog(r *http.Request, _ string) (answer, *problem) {
	values, p := query(r, "limit")
	if p != nil {
		return answer{}, p
	}
	most, p := limit(values)
	if p != nil {
		return answer{}, p
	}
	entries, err := s.operator(r).Log(r.Context(), most)
	switch {
	case err != nil && len(entries) == 0:
		return answer{}, s.problemOf(r, err)
	case err != nil:
		s.complain(r, err) // some entries cannot be read
	}
	return answer{body: wire.LogOf(s.store, entries)}, nil
}

// load reads the store. The gate's copy may be older.
func (s *site) load(r *http.Request) (wire.Found, *problem) {
	state, err := s.operator(r).Read(r.Context())
	if err != nil {
		return wire.Found{}, s.problemOf(r, err)
	}
	return wire.Read(s.store, state), nil
}

// bounded is f in JSON, with at most maxShown periods in each list.
func bounded(f wire.Found) stateJSON {
	out := stateJSON{State: f.JSON()}
	if more := len(out.InForce) - maxShown; more > 0 {
		out.InForce, out.InForceOmitted = out.InForce[:maxShown], more
	}
	if more := len(out.Upcoming) - maxShown; more > 0 {
		out.Upcoming, out.UpcomingOmitted = out.Upcoming[:maxShown], more
	}
	return out
}

// gateNow is the status of this instance.
func (s *site) gateNow() *gateJSON {
	st := s.gate.Status()
	state, cause := rowState(st)
	return &gateJSON{
		Instance: st.Instance, State: state, Cause: cause,
		Override: st.Override, OverrideFrom: st.OverrideFrom, OverrideUnread: st.OverrideErr != nil,
		Revision: st.Revision, Regressed: st.Regressed,
		Drained: append([]string{}, st.Drained...), InFlight: st.InFlight, Bypassed: st.Bypassed, Exempt: st.Exempt, Held: st.Held,
		Health: string(st.Health), Age: int64(st.Age / time.Second), Hints: st.Hints, Registered: st.Registered,
	}
}
