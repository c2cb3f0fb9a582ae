package operator

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

func TestStartStampsTheStoresTime(t *testing.T) {
	t.Parallel()
	storeTime := time.Date(2031, 5, 6, 9, 0, 0, 123456789, time.FixedZone("", 7200))
	res, err := by(storeAt(storeTime), "alice").Start(t.Context(), StartOptions{
		Holder: "ci/7", Reason: new("Moving"), ExpectedAfter: 90 * time.Minute, Emergency: new(true),
	})
	require.NoError(t, err)
	at := time.Date(2031, 5, 6, 7, 0, 0, 123456000, time.UTC)
	require.Equal(t, period.Period{
		ID: res.Period.ID, Kind: period.Deployment, Start: at, ExpectedEnd: at.Add(90 * time.Minute), Enabled: true,
		Emergency: true, Reason: "Moving", Holder: "ci/7", Version: 1, CreatedBy: "alice", CreatedAt: at,
	}, res.Period)
	require.Equal(t, []period.Period{res.Period}, res.After.Periods)
}

func TestStartAgainChangesOnlyWhatIsGiven(t *testing.T) {
	t.Parallel()
	had := aDeployment("a", "x")
	had.Reason, had.ExpectedEnd, had.CreatedBy, had.CreatedAt = "old", noonUTC.Add(time.Hour), "bob", noonUTC.Add(-time.Hour)
	until := noonUTC.Add(3 * time.Hour)
	for name, test := range map[string]struct {
		had    func(p *period.Period)
		given  StartOptions
		want   func(p *period.Period)
		closes bool
	}{
		"nothing": {},
		"a reason": {
			given: StartOptions{Reason: new("new")},
			want:  func(p *period.Period) { p.Reason = "new" },
		},
		"an empty reason takes it away": {
			given: StartOptions{Reason: new("")},
			want:  func(p *period.Period) { p.Reason = "" },
		},
		"the reason in one language": {
			had: func(p *period.Period) {
				p.ReasonLang, p.Reasons = "en", period.NewReasons(map[string]string{"de": "alt", "fr": "vieux"})
			},
			given: StartOptions{Reasons: map[string]string{"de": "neu", "it": "nuovo"}},
			want: func(p *period.Period) {
				p.ReasonLang, p.Reasons = "en", period.NewReasons(map[string]string{"de": "neu", "fr": "vieux", "it": "nuovo"})
			},
		},
		"an empty reason, in all languages": {
			had: func(p *period.Period) {
				p.ReasonLang, p.Reasons = "en", period.NewReasons(map[string]string{"de": "alt"})
			},
			given: StartOptions{Reason: new("")},
			want:  func(p *period.Period) { p.Reason, p.ReasonLang, p.Reasons = "", "", period.Reasons{} },
		},
		"an expected end": {
			given: StartOptions{ExpectedEnd: until},
			want:  func(p *period.Period) { p.ExpectedEnd = until },
		},
		"an automatic end instead of an expected one": {
			given: StartOptions{End: until},
			want:  func(p *period.Period) { p.ExpectedEnd, p.End = time.Time{}, until },
		},
		"an expected end instead of an automatic one": {
			had:    func(p *period.Period) { p.End = noonUTC.Add(time.Minute) },
			given:  StartOptions{ExpectedAfter: time.Minute},
			want:   func(p *period.Period) { p.ExpectedEnd = noonUTC.Add(time.Minute) },
			closes: true,
		},
		"a later automatic end": {
			had:    func(p *period.Period) { p.End, p.ExpectedEnd = noonUTC.Add(time.Minute), time.Time{} },
			given:  StartOptions{EndAfter: time.Hour},
			want:   func(p *period.Period) { p.End, p.ExpectedEnd = noonUTC.Add(time.Hour), time.Time{} },
			closes: true,
		},
		"a hold": {
			given: StartOptions{Hold: new(20 * time.Second)},
			want:  func(p *period.Period) { p.HoldSeconds = 20 },
		},
		"no hold": {
			had:   func(p *period.Period) { p.HoldSeconds = 20 },
			given: StartOptions{Hold: new(time.Duration(0))},
			want:  func(p *period.Period) { p.HoldSeconds = 0 },
		},
		"the hold stays": {
			had:   func(p *period.Period) { p.HoldSeconds = 20 },
			given: StartOptions{Reason: new("r")},
			want:  func(p *period.Period) { p.HoldSeconds, p.Reason = 20, "r" },
		},
		"an emergency": {
			given: StartOptions{Emergency: new(true)},
			want:  func(p *period.Period) { p.Emergency = true },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := had
			if test.had != nil {
				test.had(&before)
			}
			test.given.Holder = "x"
			res, err := by(storeAt(noonUTC, before), "carol").Start(t.Context(), test.given)
			require.NoError(t, err)
			want := had
			if test.want != nil {
				test.want(&want)
			}
			want.Version, want.UpdatedBy, want.UpdatedAt = 2, "carol", noonUTC
			require.Equal(t, want, res.Period)
			require.Equal(t, []period.Period{want}, res.After.Periods)
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
	for name, had := range map[string]period.Period{
		"beside another holder's":                   aDeployment("a", "y"),
		"beside an own one that ended at this time": ended,
		"beside an own one that is disabled":        disabled,
		"beside an own window in force":             own,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, err := on(storeAt(noonUTC, had)).Start(t.Context(), StartOptions{Holder: "x"})
			require.NoError(t, err)
			require.NotEqual(t, "a", res.Period.ID)
			require.Equal(t, []period.Period{had, res.Period}, res.After.Periods)
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
		"no holder":                      {StartOptions{}, "holder: is missing"},
		"a blank holder":                 {StartOptions{Holder: " \t"}, "holder: \" \\t\": is missing"},
		"a huge holder":                  {StartOptions{Holder: strings.Repeat("x", 257)}, "holder: \"257 bytes\": want at most 256 bytes"},
		"a duration and an instant":      {StartOptions{Holder: "x", EndAfter: 1, End: noonUTC.Add(1)}, "end_after: 1ns: want either a duration or an instant (end)"},
		"both for the expected end":      {StartOptions{Holder: "x", ExpectedAfter: 1, ExpectedEnd: noonUTC.Add(1)}, "expected_after: 1ns: want either a duration or an instant (expected_end)"},
		"a negative duration":            {StartOptions{Holder: "x", ExpectedAfter: -time.Hour}, "expected_after: -1h0m0s: want more than 0"},
		"a duration below a microsecond": {StartOptions{Holder: "x", EndAfter: time.Nanosecond}, "end_after: 1ns: want 1µs or more"},
		"an expected end that is now":    {StartOptions{Holder: "x", ExpectedEnd: noonUTC}, "expected_end: \"2026-03-08T12:00:00Z\": has passed, the store's time is 2026-03-08T12:00:00Z"},
		"an end that has passed":         {StartOptions{Holder: "x", End: noonUTC.Add(-1)}, "end: \"2026-03-08T11:59:59Z\": has passed"},
		"a reason of 5 KiB":              {StartOptions{Holder: "x", Reason: new(strings.Repeat("x", 5<<10))}, "reason: \"5120 bytes\""},
		"a reason that is no text":       {StartOptions{Holder: "x", Reason: new("\xff")}, "reason: \"\\xff\": is not valid UTF-8"},
		"an end in ten millennia":        {StartOptions{Holder: "x", ExpectedEnd: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}, "expected_end: \"9999-01-01T00:00:00Z\": want a year"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, st := range []*trialStore{storeAt(noonUTC), storeAt(noonUTC, aDeployment("a", "x"))} {
				was := st.text
				res, err := on(st).Start(t.Context(), test.given)
				require.ErrorContains(t, err, test.want)
				require.ErrorAs(t, err, new(*period.FieldError))
				require.Equal(t, was, st.text, "nothing was written")
				require.Zero(t, res.Period)
			}
		})
	}
}

func TestStartRefusesALostDocument(t *testing.T) {
	t.Parallel()
	st := storeAt(noonUTC)
	st.gone = store.ErrLost
	_, err := on(st).Start(t.Context(), StartOptions{Holder: "x"})
	require.ErrorIs(t, err, store.ErrLost)
	require.Nil(t, st.text)
}

func TestStartNeedsAnActorOrAHolder(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ actor, holder, wantActor, wantHolder string }{
		"an actor alone is the holder": {"ann", "", "ann", "ann"},
		"a holder alone is the actor":  {"", "ci", "ci", "ci"},
		"both":                         {"ann", "ci", "ann", "ci"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := storeAt(noonUTC)
			res, err := by(st, tc.actor).Start(t.Context(), StartOptions{Holder: tc.holder})
			require.NoError(t, err)
			require.Equal(t, tc.wantHolder, res.Period.Holder)
			require.Equal(t, tc.wantActor, res.Period.CreatedBy)
			require.Equal(t, tc.wantActor, st.log(t)[0].Actor)
		})
	}
}

func TestAHoldIsWholeSecondsWithinItsLimit(t *testing.T) {
	t.Parallel()
	for name, hold := range map[string]time.Duration{"part of a second": 1500 * time.Millisecond, "negative": -time.Second, "too long": period.MaxHold + time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := by(storeAt(noonUTC), "carol").Start(t.Context(), StartOptions{Hold: &hold})
			fault, found := errors.AsType[*period.FieldError](err)
			require.True(t, found, "%v", err)
			require.Equal(t, "hold", fault.Field)
		})
	}
}
