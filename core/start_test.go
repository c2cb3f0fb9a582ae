package core

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestStartStampsTheStoresTime(t *testing.T) {
	t.Parallel()
	storeTime := time.Date(2031, 5, 6, 9, 0, 0, 123456789, time.FixedZone("", 7200))
	res, err := Start(t.Context(), storeAt(storeTime), StartOptions{
		Holder: "ci/7", Actor: "alice", Reason: new("Moving"), For: 90 * time.Minute, Emergency: new(true),
	})
	require.NoError(t, err)
	at := time.Date(2031, 5, 6, 7, 0, 0, 123456000, time.UTC)
	require.Equal(t, Period{
		ID: res.Period.ID, Kind: Deployment, Start: at, ExpectedEnd: at.Add(90 * time.Minute), Enabled: true,
		Emergency: true, Reason: "Moving", Holder: "ci/7", Version: 1, CreatedBy: "alice", CreatedAt: at,
	}, res.Period)
	require.Equal(t, []Period{res.Period}, res.After.Periods)
}

func TestStartAgainChangesOnlyWhatIsGiven(t *testing.T) {
	t.Parallel()
	had := aDeployment("a", "x")
	had.Reason, had.ExpectedEnd, had.CreatedBy, had.CreatedAt = "old", noonUTC.Add(time.Hour), "bob", noonUTC.Add(-time.Hour)
	until := noonUTC.Add(3 * time.Hour)
	for name, test := range map[string]struct {
		had    func(p *Period)
		given  StartOptions
		want   func(p *Period)
		closes bool
	}{
		"nothing": {},
		"a reason": {
			given: StartOptions{Reason: new("new")},
			want:  func(p *Period) { p.Reason = "new" },
		},
		"an empty reason takes it away": {
			given: StartOptions{Reason: new("")},
			want:  func(p *Period) { p.Reason = "" },
		},
		"an expected end": {
			given: StartOptions{Until: until},
			want:  func(p *Period) { p.ExpectedEnd = until },
		},
		"an automatic end instead of an expected one": {
			given: StartOptions{Until: until, AutoEnd: true},
			want:  func(p *Period) { p.ExpectedEnd, p.End = time.Time{}, until },
		},
		"an expected end instead of an automatic one": {
			had:    func(p *Period) { p.End = noonUTC.Add(time.Minute) },
			given:  StartOptions{For: time.Minute},
			want:   func(p *Period) { p.ExpectedEnd = noonUTC.Add(time.Minute) },
			closes: true,
		},
		"a later automatic end": {
			had:    func(p *Period) { p.End, p.ExpectedEnd = noonUTC.Add(time.Minute), time.Time{} },
			given:  StartOptions{For: time.Hour, AutoEnd: true},
			want:   func(p *Period) { p.End, p.ExpectedEnd = noonUTC.Add(time.Hour), time.Time{} },
			closes: true,
		},
		"an emergency": {
			given: StartOptions{Emergency: new(true)},
			want:  func(p *Period) { p.Emergency = true },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := had
			if test.had != nil {
				test.had(&before)
			}
			test.given.Holder, test.given.Actor = "x", "carol"
			res, err := Start(t.Context(), storeAt(noonUTC, before), test.given)
			require.NoError(t, err)
			want := had
			if test.want != nil {
				test.want(&want)
			}
			want.Version, want.UpdatedBy, want.UpdatedAt = 2, "carol", noonUTC
			require.Equal(t, want, res.Period)
			require.Equal(t, []Period{want}, res.After.Periods)
			if test.closes {
				require.Equal(t, int64(8), res.After.CloseRev)
			} else {
				require.Equal(t, int64(5), res.After.CloseRev)
			}
		})
	}
}

func TestStartBeginsAnother(t *testing.T) {
	t.Parallel()
	ended := aDeployment("a", "x")
	ended.End = noonUTC
	disabled := aDeployment("a", "x")
	disabled.Enabled = false
	own := aWindow("a", noonUTC.Add(-time.Hour), noonUTC.Add(time.Hour))
	own.Holder = "x"
	for name, had := range map[string]Period{
		"beside another holder's":                   aDeployment("a", "y"),
		"beside an own one that ended at this time": ended,
		"beside an own one that is disabled":        disabled,
		"beside an own window in force":             own,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, err := Start(t.Context(), storeAt(noonUTC, had), StartOptions{Holder: "x"})
			require.NoError(t, err)
			require.NotEqual(t, "a", res.Period.ID)
			require.Equal(t, []Period{had, res.Period}, res.After.Periods)
			require.Equal(t, int64(8), res.After.CloseRev)
		})
	}
}

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		given StartOptions
		want  string
	}{
		"no holder":                 {StartOptions{}, "holder: is missing"},
		"a blank holder":            {StartOptions{Holder: " \t"}, "holder: \" \\t\": is missing"},
		"a huge holder":             {StartOptions{Holder: strings.Repeat("x", 257)}, "holder: \"257 bytes\": want at most 256 bytes"},
		"a duration and an instant": {StartOptions{Holder: "x", For: 1, Until: noonUTC.Add(1)}, "for: 1ns: want either"},
		"a negative duration":       {StartOptions{Holder: "x", For: -time.Hour}, "for: -1h0m0s: want more than 0"},
		"a duration below the resolution": {
			StartOptions{Holder: "x", For: time.Nanosecond}, "for: 1ns: want 1µs or more",
		},
		"an end that is now":       {StartOptions{Holder: "x", Until: noonUTC}, "until: \"2026-03-08T12:00:00Z\": has passed, the store's time is 2026-03-08T12:00:00Z"},
		"an end that has passed":   {StartOptions{Holder: "x", Until: noonUTC.Add(-1), AutoEnd: true}, "has passed"},
		"an automatic end of none": {StartOptions{Holder: "x", AutoEnd: true}, "auto_end: true: wants a duration or an instant"},
		"a reason of 5 KiB":        {StartOptions{Holder: "x", Reason: new(strings.Repeat("x", 5<<10))}, "reason: \"5120 bytes\""},
		"a reason that is no text": {StartOptions{Holder: "x", Reason: new("\xff")}, "reason: \"\\xff\": is not valid UTF-8"},
		"an end in ten millennia":  {StartOptions{Holder: "x", Until: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}, "expected_end: \"9999-01-01T00:00:00Z\": want a year"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, st := range []*trialStore{storeAt(noonUTC), storeAt(noonUTC, aDeployment("a", "x"))} {
				was := st.doc
				res, err := Start(t.Context(), st, test.given)
				require.ErrorContains(t, err, test.want)
				require.ErrorAs(t, err, new(*FieldError))
				require.Same(t, was, st.doc, "nothing was written")
				require.Zero(t, res.Period)
			}
		})
	}
}

func TestStartRefusesALostDocument(t *testing.T) {
	t.Parallel()
	st := storeAt(noonUTC)
	st.load = func(int) error { return ErrLost }
	_, err := Start(t.Context(), st, StartOptions{Holder: "x"})
	require.ErrorIs(t, err, ErrLost)
	require.Nil(t, st.doc)
}
