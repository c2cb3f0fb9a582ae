package wire

import (
	"time"

	"github.com/go-downtime/downtime/internal/visible"
	"github.com/go-downtime/downtime/operator"
)

// Barrier says whether it is safe to change the data that requests use, and because of which
// instances it is not.
type Barrier struct {
	Result   string    `json:"result"`         // an [operator.Safety]
	Summary  string    `json:"summary"`        // the result for people
	Why      string    `json:"why,omitzero"`   // the reason, if it is not that of an instance
	Until    time.Time `json:"until,omitzero"` // when the first judged period ends by itself
	Holdouts []Part    `json:"holdouts"`       // the instances that it waits for
	Accepted []Part    `json:"accepted"`       // the instances because of which it is only presumed
	Streams  int64     `json:"streams"`        // running streams, which it does not wait for
	Bypassed int64     `json:"bypassed"`       // running requests that a closed gate let pass
}

// Part is an instance that is not known to have drained.
type Part struct {
	ID       string           `json:"id"`
	Host     string           `json:"host"`
	PID      int              `json:"pid"`
	Why      string           `json:"why"`
	InFlight int64            `json:"in_flight"`
	Streams  map[string]int64 `json:"streams,omitzero"`
	Seen     time.Time        `json:"seen,omitzero"`
	Lease    time.Time        `json:"lease,omitzero"`
}

// BarrierOf describes the result of j; nil if it has none, because the site is up.
func BarrierOf(j operator.Judgment) *Barrier {
	if j.Result == "" {
		return nil
	}
	b := &Barrier{
		Result: string(j.Result), Summary: visible.Line(j.Summary()), Why: visible.Line(j.Why), Until: j.Until,
		Holdouts: partsOf(j.Holdouts()), Accepted: partsOf(j.Accepted()),
	}
	for _, i := range j.Instances {
		if !i.Live() {
			continue
		}
		b.Bypassed += i.Bypassed
		for _, n := range i.Streams {
			b.Streams += n
		}
	}
	return b
}

func partsOf(instances []operator.Instance) []Part {
	out := make([]Part, 0, len(instances))
	for _, i := range instances {
		out = append(out, Part{
			ID: i.ID, Host: i.Host, PID: i.PID, Why: i.Why, InFlight: i.InFlight, Streams: i.Streams, Seen: i.Seen, Lease: i.Lease,
		})
	}
	return out
}
