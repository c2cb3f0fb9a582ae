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

func (c *call) state() answer {
	v := c.site.judge(c.Context(), "")
	if v.Fleet.Err != nil {
		c.broken(v.Fleet.Err)
		c.problem.Gate = c.site.gateNow()
		return answer{}
	}
	out := bounded(wire.Judged(c.site.store, v.Fleet))
	out.Barrier, out.Gate = wire.BarrierOf(v.Barrier), c.site.gateNow()
	return c.tagged(stateTag(out), out)
}

// tagged is an answer with an entity tag, or a 304 if the client has it already.
func (c *call) tagged(tag string, body any) answer {
	if noneMatch(c.Request, tag) {
		return answer{status: http.StatusNotModified, tag: tag}
	}
	return answer{tag: tag, body: body}
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

func (c *call) periods() answer {
	most, after, found := c.limit(), c.cursor(), c.load()
	if c.problem != nil {
		return answer{}
	}
	periods := slices.SortedFunc(slices.Values(found.Periods()), comparePlaces)
	if after != nil {
		first, same := slices.BinarySearchFunc(periods, *after, comparePlaces)
		if same {
			first++
		}
		periods = periods[first:]
	}
	out := listJSON{List: found.List()}
	if len(periods) > most {
		periods = periods[:most]
		out.Next = placeOf(periods[most-1])
	}
	out.Periods = wire.PeriodsAt(periods, found.Time)
	return answer{body: out}
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
func (c *call) cursor() *period.Period {
	if !c.query.Has("cursor") {
		return nil
	}
	given := c.query.Get("cursor")
	micros, id, ok := strings.Cut(given, ".")
	at, err := strconv.ParseInt(micros, 10, 64)
	if !ok || err != nil || len(id) > period.MaxIDLen {
		c.invalid("cursor", given, `want the value of "next" from the page before`)
	}
	return &period.Period{ID: id, Start: time.UnixMicro(at)}
}

func (c *call) period() answer {
	found := c.load()
	one, ok := found.Document.Find(c.id)
	if !ok {
		c.fail(explained(operator.ErrNotFound))
		return answer{}
	}
	out := wire.PeriodAt(one, found.Time)
	return c.tagged(periodTag(out), out)
}

func (c *call) fleet() answer {
	j, err := c.site.operator(c.Request).Fleet(c.Context())
	if err = cmp.Or(err, j.Err); err != nil {
		c.broken(err)
		return answer{}
	}
	out := struct {
		wire.Fleet

		Omitted int `json:"instances_omitted,omitzero"`
	}{Fleet: wire.FleetOf(c.site.store, j)}
	if more := len(out.Instances) - maxItems; more > 0 {
		out.Instances, out.Omitted = out.Instances[:maxItems], more
	}
	return answer{body: out}
}

func (c *call) log() answer {
	most := c.limit()
	if c.problem != nil {
		return answer{}
	}
	entries, err := c.site.operator(c.Request).Log(c.Context(), most)
	switch {
	case err != nil && len(entries) == 0:
		c.broken(err)
	case err != nil:
		c.site.complain(c.Request, err) // some entries cannot be read
	}
	return answer{body: wire.LogOf(c.site.store, entries)}
}

// load reads the store, unless there is a problem. The gate's copy may be older.
func (c *call) load() wire.Found {
	if c.problem != nil {
		return wire.Found{}
	}
	state, err := c.site.operator(c.Request).Read(c.Context())
	if err != nil {
		c.broken(err)
	}
	return wire.Read(c.site.store, state)
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
