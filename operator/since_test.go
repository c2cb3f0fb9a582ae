package operator

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
)

func TestSinceDoesNotJumpForwardWithAWrite(t *testing.T) {
	t.Parallel()
	early := noonUTC.Add(-2 * time.Hour)
	first := aWindow("first", early, noonUTC.Add(time.Hour))
	second := aDeployment("second", "x") // since an hour
	longOver := aWindow("over", early.Add(-8*24*time.Hour), noonUTC.Add(-7*24*time.Hour-time.Hour))
	since := func(p period.Period, at time.Time) period.Period { p.Start = at; return p }
	for name, test := range map[string]struct {
		had  []period.Period
		do   func(o Operator) (Result, error)
		want time.Time
	}{
		"the first of two is ended": {
			[]period.Period{first, second},
			func(o Operator) (Result, error) { return o.End(t.Context(), EndOptions{ID: "first"}) },
			early,
		},
		"the first of two is disabled": {
			[]period.Period{first, second},
			func(o Operator) (Result, error) {
				return o.Edit(t.Context(), "first", EditOptions{Enabled: new(false)})
			},
			early,
		},
		"the first is over, and cancelled": {
			[]period.Period{aWindow("first", early, noonUTC.Add(-time.Minute)), second},
			func(o Operator) (Result, error) { return o.Cancel(t.Context(), "first", CancelOptions{}) },
			early,
		},
		"the first was over a week ago, and is removed by the next write": {
			[]period.Period{longOver, since(second, longOver.Start.Add(time.Hour))},
			func(o Operator) (Result, error) {
				return o.Edit(t.Context(), "second", EditOptions{Reason: new("new")})
			},
			longOver.Start,
		},
		"the second is ended": {
			[]period.Period{first, second},
			func(o Operator) (Result, error) { return o.End(t.Context(), EndOptions{ID: "second"}) },
			early,
		},
		"there was a gap": {
			[]period.Period{aWindow("first", early, early.Add(time.Minute)), second},
			func(o Operator) (Result, error) { return o.Cancel(t.Context(), "first", CancelOptions{}) },
			noonUTC.Add(-time.Hour),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, err := test.do(on(storeAt(noonUTC, test.had...)))
			require.NoError(t, err)
			verdict := period.At(res.After.Periods, noonUTC)
			require.True(t, verdict.Down)
			require.Equal(t, test.want, verdict.Since)
		})
	}
}

func TestANewStartBeginsAStretchOfItsOwn(t *testing.T) {
	t.Parallel()
	p := aWindow("w", noonUTC.Add(-time.Hour), noonUTC.Add(3*time.Hour))
	p.DownSince = noonUTC.Add(-2 * time.Hour)
	later := noonUTC.Add(2 * time.Hour)
	res, err := on(storeAt(noonUTC, p)).Edit(t.Context(), "w", EditOptions{Start: &later})
	require.NoError(t, err)
	require.Zero(t, res.Period.DownSince)
}
