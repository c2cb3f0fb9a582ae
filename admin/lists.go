package admin

import "github.com/go-downtime/downtime/period"

// listed are the first periods of a list, and how many more there are.
type listed struct {
	Periods []periodView
	More    int
}

func (v seen) listed(periods []period.Period) listed {
	l := listed{More: max(0, len(periods)-maxShown)}
	for _, p := range periods[:len(periods)-l.More] {
		l.Periods = append(l.Periods, v.View(p))
	}
	return l
}

// Held are the periods in force.
func (v seen) Held() listed { return v.listed(v.InForce) }

// Coming are the windows that are to come, the next one first.
func (v seen) Coming() listed { return v.listed(v.Upcoming()) }
