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

func (c *call) start() answer {
	var o operator.StartOptions
	var seconds *int64
	c.body(
		period.Member{Name: "reason", Into: &o.Reason},
		period.Member{Name: "reason_lang", Into: &o.ReasonLang},
		period.Member{Name: "reasons", Into: &o.Reasons},
		period.Member{Name: "expected_end", Into: &o.ExpectedEnd},
		period.Member{Name: "end", Into: &o.End},
		period.Member{Name: "emergency", Into: &o.Emergency},
		period.Member{Name: "hold", Into: &seconds},
		period.Member{Name: "holder", Into: &o.Holder},
		period.Member{Name: "revision", Into: &o.IfRevision},
	)
	o.Hold = c.hold(seconds)
	if !o.End.IsZero() && !o.ExpectedEnd.IsZero() {
		c.invalid("end", "", "want either end, at which the site reopens by itself, or expected_end, which opens nothing")
	}
	c.unmatched()
	return c.write(func(by operator.Operator) (operator.Result, error) { return by.Start(c.Context(), o) })
}

// hold is the member "hold" as a duration; nil if it was not given.
func (c *call) hold(seconds *int64) *time.Duration {
	if seconds == nil {
		return nil
	}
	if *seconds < 0 || *seconds > maxHold { // the product would overflow
		c.invalid("hold", strconv.FormatInt(*seconds, 10), fmt.Sprintf("want 0 to %d seconds", maxHold))
	}
	return new(time.Duration(*seconds) * time.Second)
}

func (c *call) end() answer {
	var o operator.EndOptions
	c.body(
		period.Member{Name: "id", Into: &o.ID},
		period.Member{Name: "all", Into: &o.All},
		period.Member{Name: "revision", Into: &o.IfRevision},
	)
	c.id = o.ID
	switch {
	case o.ID == "" && !o.All:
		c.invalid("id", "", `is missing: want the id of a period, or "all": true with the revision of the state that you have seen`)
	case o.ID != "" && o.All:
		c.invalid("all", "true", "want either an id or all")
	case o.All && o.IfRevision == nil:
		c.invalid("revision", "", "is missing: want the revision of the state that you have seen, so that nothing is ended that began since")
	case o.All:
		c.unmatched()
	case o.IfRevision != nil:
		c.invalid("revision", "", "is only for all; beside an id, send If-Match")
	default:
		o.IfVersion = c.ifMatch()
	}
	return c.write(func(by operator.Operator) (operator.Result, error) { return by.End(c.Context(), o) })
}

func (c *call) schedule() answer {
	var o operator.WindowOptions
	enabled, seconds := true, int64(0)
	c.body(
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
	)
	o.Hold, o.Disabled = *c.hold(&seconds), !enabled
	c.unmatched()
	return c.write(func(by operator.Operator) (operator.Result, error) { return by.Schedule(c.Context(), o) })
}

func (c *call) edit() answer {
	var o operator.EditOptions
	var seconds *int64
	c.body(
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
	)
	if o.Hold = c.hold(seconds); reflect.ValueOf(o).IsZero() {
		c.invalid("body", "", "changes nothing; send at least one member")
	}
	o.IfVersion = c.ifMatch()
	return c.write(func(by operator.Operator) (operator.Result, error) { return by.Edit(c.Context(), c.id, o) })
}

func (c *call) cancel() answer {
	o := operator.CancelOptions{IfVersion: c.ifMatch()}
	return c.write(func(by operator.Operator) (operator.Result, error) { return by.Cancel(c.Context(), c.id, o) })
}

// write makes a change, unless there is a problem, and answers with its result.
func (c *call) write(do func(by operator.Operator) (operator.Result, error)) answer {
	if c.problem != nil {
		return answer{}
	}
	res, err := do(c.site.operator(c.Request))
	if err != nil {
		c.refused(err, res)
		return answer{}
	}
	c.site.note(c.Request, res)
	out := resultJSON{State: c.site.stateAfter(res)}
	out.Result.Result = out.State.State.State
	if res.Ended != nil {
		out.EndedOmitted = max(0, len(res.Ended)-maxShown)
		out.Ended = wire.EndedAt(res.Ended[:len(res.Ended)-out.EndedOmitted], res.Time)
		if out.Result.Result == wire.Down {
			out.Result.Result = wire.StillDown
		}
		return answer{body: out}
	}
	p := wire.PeriodAt(res.Period, res.Time)
	a := answer{body: &out}
	if _, before := res.Before.Find(p.ID); !before {
		a.status, a.tag, a.location = http.StatusCreated, periodTag(p), c.site.base+"api/v1/periods/"+url.PathEscape(p.ID)
	} else if c.Method == http.MethodPatch {
		a.tag = periodTag(p)
	}
	if _, after := res.After.Find(p.ID); !after {
		p.Status = wire.Canceled
	}
	out.Period = &p
	return a
}

// refused is the problem of a write that failed. If another state than the client has seen
// was the reason, it holds the present one: the call's period, or the state if there is none.
func (c *call) refused(err error, res operator.Result) {
	c.broken(err)
	p := c.problem
	if !raced[operator.Code(p.Code)] || res.Time.IsZero() {
		return
	}
	if c.id != "" && p.Code == string(operator.CodeStale) {
		p.failedPrecondition()
	}
	if one, ok := res.After.Find(c.id); ok {
		p.Period = new(wire.PeriodAt(one, res.Time))
	} else if p.Code != codeNotFound {
		p.State = new(c.site.stateAfter(res))
	}
}

// stateAfter is the state that a write left or found.
func (s *site) stateAfter(res operator.Result) stateJSON {
	return bounded(wire.Read(s.store, res.State()))
}
