package admin

import "github.com/go-downtime/downtime/period"

// listed are the first periods of a list, and how many more there are.
type listed struct {
	Periods []periodView
	More    int
}

// Listed are periods as pages list them.
func (v seen) Listed(periods []period.Period) listed {
	l := listed{More: max(0, len(periods)-maxShown)}
	for _, p := range periods[:len(periods)-l.More] {
		l.Periods = append(l.Periods, v.View(p))
	}
	return l
}
