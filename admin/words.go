package admin

import (
	"cmp"

	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/period"
)

// periodView is a period as pages show it.
type periodView struct {
	period.Period

	Status string // as in package wire
	Clock  clock
}

// View is p as pages show it.
func (v seen) View(p period.Period) periodView {
	return periodView{p, wire.StatusOf(p, v.Time), v.Clock}
}

// Who is the holder for people.
func (p periodView) Who() string { return holder(p.Period) }

// Late reports that the expected end has passed while the period is in force.
func (p periodView) Late() bool { return p.Overdue(p.Clock.Now) }

// AtOnce reports that the period would be in force as soon as it is enabled.
func (p periodView) AtOnce() bool {
	enabled := p.Period
	enabled.Enabled = true
	return enabled.InForce(p.Clock.Now)
}

// holder is the holder of a period for people or, if it has none, who created it.
func holder(p period.Period) string {
	return cmp.Or(p.Holder, p.CreatedBy, "an unknown operator")
}
