package admin

import (
	"iter"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
)

var opensFrom = time.Date(2026, 3, 8, 12, 0, 0, 0, time.UTC)

// walked is opens by its definition: it walks from end to end, and looks at all periods each
// time.
func walked(periods iter.Seq[period.Period], t time.Time) time.Time {
	for {
		at := t
		for p := range periods {
			switch {
			case !p.InForce(at):
			case p.End.IsZero():
				return time.Time{}
			case p.End.After(t):
				t = p.End
			}
		}
		if t.Equal(at) {
			return t
		}
	}
}

func TestOpensIsTheEndOfTheLastPeriodWithoutAGap(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(10, 13))
	hours := func(n int) time.Time { return opensFrom.Add(time.Duration(r.IntN(n)-n/4) * time.Hour) }
	for range 5000 {
		var periods []period.Period
		for i := range r.IntN(8) {
			p := period.Period{ID: strconv.Itoa(i), Kind: period.Window, Start: hours(16), Enabled: r.IntN(8) > 0}
			if r.IntN(4) == 0 {
				p.Kind = period.Deployment
			}
			if r.IntN(12) > 0 {
				p.End = p.Start.Add(time.Duration(1+r.IntN(6)) * time.Hour)
			}
			periods = append(periods, p)
		}
		require.Equal(t, walked(slices.Values(periods), opensFrom), opens(slices.Values(periods), opensFrom), "%+v", periods)
	}
}

// TestOpensLooksAtEachPeriodOnce counts the periods that opens looks at. For windows back to
// back, the definition looks at all of them for each of them.
func TestOpensLooksAtEachPeriodOnce(t *testing.T) {
	t.Parallel()
	const n = 1000
	looks := func(of func(iter.Seq[period.Period], time.Time) time.Time) (looks int) {
		end := of(func(yield func(period.Period) bool) {
			for i := range n {
				looks++
				from := opensFrom.Add(time.Duration(i) * time.Hour)
				if !yield(period.Period{Kind: period.Window, Enabled: true, Start: from, End: from.Add(time.Hour)}) {
					return
				}
			}
		}, opensFrom)
		require.Equal(t, opensFrom.Add(n*time.Hour), end)
		return looks
	}
	require.Equal(t, n, looks(opens))
	require.Equal(t, n*(n+1), looks(walked))
}
