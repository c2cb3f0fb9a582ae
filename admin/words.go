package admin

import (
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/core/wire"
)

// statusWord is what a period is, for people.
func statusWord(status string) string {
	switch status {
	case wire.InForce:
		return "in force"
	case wire.Upcoming:
		return "coming"
	}
	return status
}

// periodView is a period as pages show it.
type periodView struct {
	core.Period

	Status string // as in package wire
	Clock  clock
}

// View is p as pages show it.
func (v seen) View(p core.Period) periodView {
	return periodView{p, wire.StatusOf(p, v.Time), v.Clock}
}

// Who is whose it is.
func (p periodView) Who() string { return holder(p.Period) }

// Late reports that it was expected to be over.
func (p periodView) Late() bool { return p.Overdue(p.Clock.Now) }

// AtOnce reports that it would be in force as soon as it is enabled.
func (p periodView) AtOnce() bool {
	enabled := p.Period
	enabled.Enabled = true
	return enabled.InForce(p.Clock.Now)
}
