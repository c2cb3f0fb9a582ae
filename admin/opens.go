package admin

import (
	"iter"
	"slices"
	"time"

	"github.com/go-downtime/downtime/period"
)

// opens is when the site opens by itself: at the end of the last of the periods that follow
// each other from t on without a gap. It is t if none is in force, and zero if one of them has
// no end. It looks at each period once.
func opens(periods iter.Seq[period.Period], t time.Time) time.Time {
	type stretch struct{ from, to time.Time }
	var ahead []stretch
	for p := range periods {
		switch {
		case !p.Enabled, p.Finished(t):
		case p.Kind == period.Deployment:
			ahead = append(ahead, stretch{t, p.End}) // in force since its write, see Period.InForce
		default:
			ahead = append(ahead, stretch{p.Start, p.End})
		}
	}
	slices.SortFunc(ahead, func(a, b stretch) int { return a.from.Compare(b.from) })
	for _, s := range ahead {
		switch {
		case s.from.After(t):
			return t
		case s.to.IsZero():
			return time.Time{}
		case s.to.After(t):
			t = s.to
		}
	}
	return t
}
