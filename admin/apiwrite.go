package admin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/core/wire"
)

// resultJSON is what a write did, and the state after it, bounded.
type resultJSON struct {
	wire.Result

	State stateJSON `json:"state"` // in the place of Result's
}

func (s *site) apiStart(ctx context.Context, r *http.Request, _ string) (answer, *problem) {
	var o core.StartOptions
	var end, expected time.Time
	if p := body(r,
		core.Member{Name: "reason", Into: &o.Reason},
		core.Member{Name: "expected_end", Into: &expected},
		core.Member{Name: "end", Into: &end},
		core.Member{Name: "emergency", Into: &o.Emergency},
		core.Member{Name: "holder", Into: &o.Holder},
		core.Member{Name: "revision", Into: &o.Revision},
	); p != nil {
		return answer{}, p
	}
	field := "expected_end"
	switch {
	case !end.IsZero() && !expected.IsZero():
		return answer{}, invalid(fault{Field: "end", Problem: "want either end, at which it ends by itself, or expected_end, which opens nothing"})
	case !end.IsZero():
		o.Until, o.AutoEnd, field = end, true, "end"
	default:
		o.Until = expected
	}
	if p := unmatched(r); p != nil {
		return answer{}, p
	}
	o.Actor, o.Origin = s.who(r)
	if o.Holder == "" {
		o.Holder = o.Actor
	}
	res, err := core.Start(ctx, marked{s.store}, o)
	if err != nil {
		p := s.refused(ctx, err, res, "")
		for i := range p.Errors {
			if p.Errors[i].Field == "until" {
				p.Errors[i].Field = field
			}
		}
		return answer{}, p
	}
	if _, before := res.Before.Find(res.Period.ID); before {
		return s.wrote(r, "changed", res), nil
	}
	a := s.wrote(r, "started", res)
	a.created(res.Period)
	return a, nil
}

func (s *site) apiEnd(ctx context.Context, r *http.Request, _ string) (answer, *problem) {
	var o core.EndOptions
	if p := body(r,
		core.Member{Name: "id", Into: &o.ID},
		core.Member{Name: "all", Into: &o.All},
		core.Member{Name: "revision", Into: &o.Revision},
	); p != nil {
		return answer{}, p
	}
	switch {
	case o.ID == "" && !o.All:
		return answer{}, invalid(fault{Field: "id", Problem: `is missing: want the id of a period, or "all": true with the revision of the state that you have seen`})
	case o.ID != "" && o.All:
		return answer{}, invalid(fault{Field: "all", Value: "true", Problem: "want either an id or all"})
	case o.All && o.Revision == nil:
		return answer{}, invalid(fault{Field: "revision", Problem: "is missing: want that of the state that you have seen, so that nothing is ended that was begun since"})
	case o.ID != "":
		if o.Revision != nil {
			return answer{}, invalid(fault{Field: "revision", Problem: "belongs to all; beside an id want If-Match"})
		}
		version, p := ifMatch(r)
		if p != nil {
			return answer{}, p
		}
		o.Version = version
	default:
		if p := unmatched(r); p != nil {
			return answer{}, p
		}
	}
	o.Actor, o.Origin = s.who(r)
	res, err := core.End(ctx, marked{s.store}, o)
	if err != nil {
		return answer{}, s.refused(ctx, err, res, o.ID)
	}
	return s.wrote(r, "ended", res), nil
}

func (s *site) apiSchedule(ctx context.Context, r *http.Request, _ string) (answer, *problem) {
	var o core.WindowOptions
	enabled := true
	if p := body(r,
		core.Member{Name: "start", Into: &o.Start, Required: true},
		core.Member{Name: "end", Into: &o.End, Required: true, Nullable: true},
		core.Member{Name: "expected_end", Into: &o.ExpectedEnd},
		core.Member{Name: "reason", Into: &o.Reason},
		core.Member{Name: "emergency", Into: &o.Emergency},
		core.Member{Name: "enabled", Into: &enabled},
		core.Member{Name: "holder", Into: &o.Holder},
	); p != nil {
		return answer{}, p
	}
	o.Disabled = !enabled
	if p := unmatched(r); p != nil {
		return answer{}, p
	}
	o.Actor, o.Origin = s.who(r)
	res, err := core.Schedule(ctx, marked{s.store}, o)
	if err != nil {
		return answer{}, s.refused(ctx, err, res, "")
	}
	a := s.wrote(r, "planned", res)
	a.created(res.Period)
	return a, nil
}

func (s *site) apiEdit(ctx context.Context, r *http.Request, id string) (answer, *problem) {
	var o core.EditOptions
	if p := body(r,
		core.Member{Name: "start", Into: &o.Start},
		core.Member{Name: "end", Into: &o.End, Nullable: true},
		core.Member{Name: "expected_end", Into: &o.ExpectedEnd, Nullable: true},
		core.Member{Name: "reason", Into: &o.Reason},
		core.Member{Name: "emergency", Into: &o.Emergency},
		core.Member{Name: "enabled", Into: &o.Enabled},
	); p != nil {
		return answer{}, p
	}
	if o.Start == nil && o.End == nil && o.ExpectedEnd == nil && o.Reason == nil && o.Emergency == nil && o.Enabled == nil {
		return answer{}, invalid(fault{Field: "body", Problem: "changes nothing; say at least one member"})
	}
	version, p := ifMatch(r)
	if p != nil {
		return answer{}, p
	}
	o.Version = version
	o.Actor, o.Origin = s.who(r)
	res, err := core.Edit(ctx, marked{s.store}, id, o)
	if err != nil {
		return answer{}, s.refused(ctx, err, res, id)
	}
	a := s.wrote(r, "edited", res)
	a.tag = versionTag(res.Period.Version)
	return a, nil
}

func (s *site) apiCancel(ctx context.Context, r *http.Request, id string) (answer, *problem) {
	if _, p := query(r); p != nil {
		return answer{}, p
	}
	version, p := ifMatch(r)
	if p != nil {
		return answer{}, p
	}
	o := core.CancelOptions{Version: version}
	o.Actor, o.Origin = s.who(r)
	res, err := core.Cancel(ctx, marked{s.store}, id, o)
	if err != nil {
		return answer{}, s.refused(ctx, err, res, id)
	}
	return s.wrote(r, "deleted", res), nil
}

// body reads what a path is sent that takes no parameters.
func body(r *http.Request, members ...core.Member) *problem {
	if _, p := query(r); p != nil {
		return p
	}
	return decode(r, members...)
}

// created makes a the answer to a request that has made p.
func (a *answer) created(p core.Period) {
	a.status, a.tag, a.location = http.StatusCreated, versionTag(p.Version), "periods/"+url.PathEscape(p.ID)
}

// wrote is the answer to a write that took place.
func (s *site) wrote(r *http.Request, code string, res core.Result) answer {
	found := s.foundBy(res)
	out := resultJSON{State: bounded(found)}
	out.Result.Result = out.State.State.State
	periods := res.Ended
	if res.Ended != nil {
		out.Ended = wire.EndedAt(res.Ended, res.Time)
		if out.State.State.State == wire.Down {
			out.Result.Result = wire.StillDown
		}
	}
	if res.Period.ID != "" {
		p := wire.PeriodAt(res.Period, res.Time)
		if _, there := res.After.Find(p.ID); !there {
			p.Status = wire.Cancelled
		}
		out.Period = &p
		periods = []core.Period{res.Period}
	}
	s.note(r, code, res, periods...)
	return answer{body: out}
}

// refused is what to say of a write that did not take place, about the period with this id,
// or, where that is "", about the state. Beside what was in the way stands what there is now.
func (s *site) refused(ctx context.Context, err error, res core.Result, id string) *problem {
	p := s.problemOf(ctx, err)
	if p.Status != http.StatusConflict || errors.Is(err, core.ErrReadOnly) || res.Time.IsZero() {
		return p
	}
	if period, ok := res.After.Find(id); ok {
		now := wire.PeriodAt(period, res.Time)
		p.Period = &now
		return p
	}
	now := bounded(s.foundBy(res))
	p.State = &now
	return p
}

// foundBy is what an operator function found last.
func (s *site) foundBy(res core.Result) wire.Found {
	return wire.Read(s.store, core.State{Document: res.After, Time: res.Time})
}
