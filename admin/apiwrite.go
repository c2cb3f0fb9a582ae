package admin

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"time"

	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
)

// resultJSON is the result of a write, and the bounded state after it.
type resultJSON struct {
	wire.Result

	EndedOmitted int       `json:"ended_omitted,omitzero"` // periods that Ended does not list
	State        stateJSON `json:"state"`                  // replaces Result.State
}

func (s *site) apiStart(r *http.Request, _ string) (answer, *problem) {
	var o operator.StartOptions
	var seconds *int64
	if p := body(r,
		period.Member{Name: "reason", Into: &o.Reason},
		period.Member{Name: "reason_lang", Into: &o.ReasonLang},
		period.Member{Name: "reasons", Into: &o.Reasons},
		period.Member{Name: "expected_end", Into: &o.ExpectedEnd},
		period.Member{Name: "end", Into: &o.End},
		period.Member{Name: "emergency", Into: &o.Emergency},
		period.Member{Name: "hold", Into: &seconds},
		period.Member{Name: "holder", Into: &o.Holder},
		period.Member{Name: "revision", Into: &o.IfRevision},
	); p != nil {
		return answer{}, p
	}
	var p *problem
	if o.Hold, p = holdOf(seconds); p != nil {
		return answer{}, p
	}
	if !o.End.IsZero() && !o.ExpectedEnd.IsZero() {
		return answer{}, invalid("end", "", "want either end, at which the site reopens by itself, or expected_end, which opens nothing")
	}
	if p := unmatched(r); p != nil {
		return answer{}, p
	}
	res, err := s.operator(r).Start(r.Context(), o)
	if err != nil {
		return answer{}, s.refused(r, err, res, "")
	}
	if _, before := res.Before.Find(res.Period.ID); before {
		return s.wrote(r, "changed", res), nil
	}
	return s.created(r, "started", res), nil
}

// holdOf is the member "hold" as a duration; nil if it was not given.
func holdOf(seconds *int64) (*time.Duration, *problem) {
	if seconds == nil {
		return nil, nil
	}
	if *seconds < 0 || *seconds > maxHold { // the product would overflow
		return nil, invalid("hold", strconv.FormatInt(*seconds, 10), fmt.Sprintf("want 0 to %d seconds", maxHold))
	}
	return new(time.Duration(*seconds) * time.Second), nil
}

func (s *site) apiEnd(r *http.Request, _ string) (answer, *problem) {
	var o operator.EndOptions
	if p := body(r,
		period.Member{Name: "id", Into: &o.ID},
		period.Member{Name: "all", Into: &o.All},
		period.Member{Name: "revision", Into: &o.IfRevision},
	); p != nil {
		return answer{}, p
	}
	var p *problem
	switch {
	case o.ID == "" && !o.All:
		p = invalid("id", "", `is missing: want the id of a period, or "all": true with the revision of the state that you have seen`)
	case o.ID != "" && o.All:
		p = invalid("all", "true", "want either an id or all")
	case o.All && o.IfRevision == nil:
		p = invalid("revision", "", "is missing: want the revision of the state that you have seen, so that nothing is ended that began since")
	case o.All:
		p = unmatched(r)
	case o.IfRevision != nil:
		p = invalid("revision", "", "is only for all; beside an id, send If-Match")
	default:
		o.IfVersion, p = s.ifMatch(r, o.ID)
	}
	if p != nil {
		return answer{}, p
	}
	res, err := s.operator(r).End(r.Context(), o)
	if err != nil {
		return answer{}, s.refused(r, err, res, o.ID)
	}
	return s.wrote(r, "ended", res), nil
}

func (s *site) apiSchedule(r *http.Request, _ string) (answer, *problem) {
	var o operator.WindowOptions
	var seconds *int64
	enabled := true
	if p := body(r,
		period.Member{Name: "start", Into: &o.Start},
		period.Member{Name: "start_now", Into: &o.StartNow},
		period.Member{Name: "end", Into: &o.End, Required: true, Nullable: true},
		period.Member{Name: "expected_end", Into: &o.ExpectedEnd},
		period.Member{Name: "reason", Into: &o.Reason},
		period.Member{Name: "reason_lang", Into: &o.ReasonLang},
		period.Member{Name: "reasons", Into: &o.Reasons},
		period.Member{Name: "emergency", Into: &o.Emergency},
		period.Member{Name: "enabled", Into: &enabled},
		period.Member{Name: "hold", Into: &seconds},
		period.Member{Name: "holder", Into: &o.Holder},
	); p != nil {
		return answer{}, p
	}
	hold, p := holdOf(seconds)
	if p != nil {
		return answer{}, p
	}
	if hold != nil {
		o.Hold = *hold
	}
	o.Disabled = !enabled
	if p := unmatched(r); p != nil {
		return answer{}, p
	}
	res, err := s.operator(r).Schedule(r.Context(), o)
	if err != nil {
		return answer{}, s.refused(r, err, res, "")
	}
	return s.created(r, "planned", res), nil
}

func (s *site) apiEdit(r *http.Request, id string) (answer, *problem) {
	var o operator.EditOptions
	var seconds *int64
	if p := body(r,
		period.Member{Name: "start", Into: &o.Start},
		period.Member{Name: "start_now", Into: &o.StartNow},
		period.Member{Name: "end", Into: &o.End, Nullable: true},
		period.Member{Name: "expected_end", Into: &o.ExpectedEnd, Nullable: true},
		period.Member{Name: "reason", Into: &o.Reason, Nullable: true},
		period.Member{Name: "reason_lang", Into: &o.ReasonLang, Nullable: true},
		period.Member{Name: "reasons", Into: &o.Reasons},
		period.Member{Name: "emergency", Into: &o.Emergency},
		period.Member{Name: "enabled", Into: &o.Enabled},
		period.Member{Name: "hold", Into: &seconds},
	); p != nil {
		return answer{}, p
	}
	var p *problem
	if o.Hold, p = holdOf(seconds); p != nil {
		return answer{}, p
	}
	if reflect.ValueOf(o).IsZero() {
		return answer{}, invalid("body", "", "changes nothing; send at least one member")
	}
	if o.IfVersion, p = s.ifMatch(r, id); p != nil {
		return answer{}, p
	}
	res, err := s.operator(r).Edit(r.Context(), id, o)
	if err != nil {
		return answer{}, s.refused(r, err, res, id)
	}
	a := s.wrote(r, "edited", res)
	a.tag = periodTag(wire.PeriodAt(res.Period, res.Time))
	return a, nil
}

func (s *site) apiCancel(r *http.Request, id string) (answer, *problem) {
	if _, p := query(r); p != nil {
		return answer{}, p
	}
	version, p := s.ifMatch(r, id)
	if p != nil {
		return answer{}, p
	}
	res, err := s.operator(r).Cancel(r.Context(), id, operator.CancelOptions{IfVersion: version})
	if err != nil {
		return answer{}, s.refused(r, err, res, id)
	}
	return s.wrote(r, "deleted", res), nil
}

// wrote is the answer to a write that took place.
func (s *site) wrote(r *http.Request, code string, res operator.Result) answer {
	out := resultJSON{State: s.stateAfter(res)}
	out.Result.Result = out.State.State.State
	periods := res.Ended
	if res.Ended != nil {
		out.EndedOmitted = max(0, len(res.Ended)-maxShown)
		out.Ended = wire.EndedAt(res.Ended[:len(res.Ended)-out.EndedOmitted], res.Time)
		if out.Result.Result == wire.Down {
			out.Result.Result = wire.StillDown
		}
	}
	if res.Period.ID != "" {
		p := wire.PeriodAt(res.Period, res.Time)
		if _, there := res.After.Find(p.ID); !there {
			p.Status = wire.Canceled
		}
		out.Period = &p
		periods = []period.Period{res.Period}
	}
	s.note(r, code, res, periods...)
	return answer{body: out}
}

// created is the answer to a write that added a period.
func (s *site) created(r *http.Request, code string, res operator.Result) answer {
	a := s.wrote(r, code, res)
	a.status, a.tag, a.location = http.StatusCreated, periodTag(wire.PeriodAt(res.Period, res.Time)), s.base+"api/v1/periods/"+url.PathEscape(res.Period.ID)
	return a
}

// refused is the problem of a write that failed. If another state than the client has seen
// was the reason, it holds the present one: the period with this id, or the state if id is "".
func (s *site) refused(r *http.Request, err error, res operator.Result, id string) *problem {
	p := s.problemOf(r, err)
	if !raced[operator.Code(p.Code)] || res.Time.IsZero() {
		return p
	}
	if id != "" && p.Code == string(operator.CodeStale) {
		p = p.failedPrecondition()
	}
	if one, ok := res.After.Find(id); ok {
		p.Period = new(wire.PeriodAt(one, res.Time))
	} else if p.Code != codeNotFound {
		p.State = new(s.stateAfter(res))
	}
	return p
}

// stateAfter is the state that a write left or found.
func (s *site) stateAfter(res operator.Result) stateJSON {
	return bounded(wire.Read(s.store, res.State()))
}
