package wire

import (
	"time"

	"github.com/go-downtime/downtime/period"
)

// The status of a period at an instant, or after a write that removed it.
const (
	InForce  = "in-force" // it refuses requests
	Upcoming = "upcoming" // a window that is to begin
	Disabled = "disabled" // kept without effect
	Finished = "finished" // its end has passed
	Ended    = "ended"    // removed while in force
	Canceled = "canceled" // removed while not in force
)

// Period is a period of the document, with its status at an instant.
type Period struct {
	period.Period

	// Status is one of the constants of this package.
	Status string `json:"status"`
	// Overdue: in force though its expected end has passed.
	Overdue bool `json:"overdue"`
}

// StatusOf is InForce, Finished, Disabled or Upcoming.
func StatusOf(p period.Period, t time.Time) string {
	switch {
	case p.InForce(t):
		return InForce
	case p.Finished(t):
		return Finished
	case !p.Enabled:
		return Disabled
	}
	return Upcoming
}

// PeriodAt is p at t.
func PeriodAt(p period.Period, t time.Time) Period {
	return Period{Period: p, Status: StatusOf(p, t), Overdue: p.Overdue(t)}
}

// PeriodsAt are ps at t, in their order; empty, never nil.
func PeriodsAt(ps []period.Period, t time.Time) []Period {
	out := make([]Period, 0, len(ps))
	for _, p := range ps {
		out = append(out, PeriodAt(p, t))
	}
	return out
}

// EndedAt are ps, which a write at t has ended; empty, never nil.
func EndedAt(ps []period.Period, t time.Time) []Period {
	out := PeriodsAt(ps, t)
	for i := range out {
		out[i].Status = Ended
	}
	return out
}
