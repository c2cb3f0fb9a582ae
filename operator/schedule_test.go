package operator

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
)

func TestSchedulePlansAWindow(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 3, 9, 3, 30, 0, 999, time.FixedZone("", 3600))
	res, err := by(storeAt(noonUTC), "alice").Schedule(t.Context(), WindowOptions{
		Start: begin, EndAfter: 2 * time.Hour, Reason: "Index", Emergency: true, Hold: 20 * time.Second,
	})
	require.NoError(t, err)
	at := time.Date(2026, 3, 9, 2, 30, 0, 0, time.UTC)
	require.Equal(t, period.Period{
		ID: res.Period.ID, Kind: period.Window, Start: at, End: at.Add(2 * time.Hour), Enabled: true, Emergency: true, HoldSeconds: 20,
		Reason: "Index", Holder: "alice", Version: 1, CreatedBy: "alice", CreatedAt: noonUTC,
	}, res.Period)
	require.Empty(t, res.InForce())
	require.Equal(t, int64(1), res.After.CloseRev)
}

func TestScheduleOptions(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		given   WindowOptions
		inForce bool
		closes  bool
		check   func(t *testing.T, p period.Period)
	}{
		"now begins at once": {
			given:   WindowOptions{StartNow: true, EndAfter: time.Hour},
			inForce: true, closes: true,
			check: func(t *testing.T, p period.Period) {
				t.Helper()
				require.Equal(t, noonUTC, p.Start)
				require.Equal(t, noonUTC.Add(time.Hour), p.End)
			},
		},
		"disabled, its start may have passed": {
			given: WindowOptions{Start: noonUTC.Add(-time.Hour), End: noonUTC.Add(time.Hour), Disabled: true},
		},
		"without an end, until an operator ends it": {
			given:   WindowOptions{Start: noonUTC},
			inForce: true, closes: true,
			check: func(t *testing.T, p period.Period) { t.Helper(); require.Zero(t, p.End) },
		},
		"disabled closes nothing": {
			given: WindowOptions{Start: noonUTC, EndAfter: time.Hour, Disabled: true},
			check: func(t *testing.T, p period.Period) { t.Helper(); require.False(t, p.Enabled) },
		},
		"a holder of its own": {
			given:  WindowOptions{Start: noonUTC.Add(1e9), EndAfter: time.Hour, Holder: "ci"},
			closes: true,
			check:  func(t *testing.T, p period.Period) { t.Helper(); require.Equal(t, "ci", p.Holder) },
		},
		"an expected duration": {
			given:  WindowOptions{Start: noonUTC.Add(1e9), EndAfter: time.Hour, ExpectedAfter: time.Minute},
			closes: true,
			check: func(t *testing.T, p period.Period) {
				t.Helper()
				require.Equal(t, noonUTC.Add(time.Second+time.Minute), p.ExpectedEnd)
			},
		},
		"an expected end before the end": {
			given:  WindowOptions{Start: noonUTC.Add(1e9), EndAfter: time.Hour, ExpectedEnd: noonUTC.Add(time.Minute)},
			closes: true,
			check: func(t *testing.T, p period.Period) {
				t.Helper()
				require.Equal(t, noonUTC.Add(time.Minute), p.PromisedEnd())
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := storeAt(noonUTC, aWindow("other", noonUTC.Add(time.Hour), noonUTC.Add(2*time.Hour)))
			res, err := by(st, "bob").Schedule(t.Context(), test.given)
			require.NoError(t, err)
			require.Equal(t, test.inForce, len(res.InForce()) == 1)
			require.Equal(t, test.closes, res.After.CloseRev == 8)
			if test.check != nil {
				test.check(t, res.Period)
			}
		})
	}
}

func TestScheduleRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		given WindowOptions
		want  string
	}{
		"a start that has passed":     {WindowOptions{Start: noonUTC.Add(-time.Hour), End: noonUTC.Add(time.Hour)}, "start: \"2026-03-08T11:00:00Z\": has passed, the store's time is 2026-03-08T12:00:00Z; give a later one, or start now"},
		"a start, and now":            {WindowOptions{Start: noonUTC.Add(1e9), StartNow: true, EndAfter: 1e9}, "start: \"2026-03-08T12:00:01Z\": want either an instant or now, not both"},
		"no start":                    {WindowOptions{EndAfter: time.Hour}, "start: is missing"},
		"an end that is the start":    {WindowOptions{Start: noonUTC.Add(1e9), End: noonUTC.Add(1e9)}, "end: \"2026-03-08T12:00:01Z\": want an instant after start"},
		"an end before the start":     {WindowOptions{Start: noonUTC.Add(2e9), End: noonUTC.Add(1e9)}, "want an instant after start"},
		"a start long ago":            {WindowOptions{Start: noonUTC.Add(-2 * time.Hour), EndAfter: time.Hour}, "start: \"2026-03-08T10:00:00Z\": has passed"},
		"an end that is now":          {WindowOptions{Start: noonUTC.Add(-1e9), End: noonUTC, Disabled: true}, "end: \"2026-03-08T12:00:00Z\": has passed"},
		"a duration and an end":       {WindowOptions{Start: noonUTC, EndAfter: 1e9, End: noonUTC.Add(1e9)}, "end_after: 1s: want either"},
		"a negative duration":         {WindowOptions{Start: noonUTC, EndAfter: -1e9}, "end_after: -1s: want more than 0"},
		"a duration that is over":     {WindowOptions{Start: noonUTC.Add(-time.Hour), EndAfter: time.Hour, Disabled: true}, "end_after: 1h0m0s: ends at 2026-03-08T12:00:00Z: has passed, the store's time is 2026-03-08T12:00:00Z"},
		"a duration beyond all years": {WindowOptions{Start: time.Date(9998, 12, 31, 23, 0, 0, 0, time.UTC), EndAfter: 2 * time.Hour}, "end_after: 2h0m0s: ends at 9999-01-01T01:00:00Z: want a year from 2000 to 9998"},
		"an expected duration":        {WindowOptions{Start: noonUTC, EndAfter: 1e9, ExpectedAfter: -1e9}, "expected_after: -1s: want more than 0"},
		"two expected ends":           {WindowOptions{Start: noonUTC, EndAfter: 1e9, ExpectedAfter: 1e9, ExpectedEnd: noonUTC.Add(1e9)}, "expected_after: 1s: want either a duration or an instant (expected_end)"},
		"a hold of half a second":     {WindowOptions{Start: noonUTC, EndAfter: 1e9, Hold: 5e8}, "hold: 500ms: want whole seconds"},
		"a hold of an hour":           {WindowOptions{Start: noonUTC, EndAfter: 1e9, Hold: time.Hour}, "hold: 3600: want 0 to 600 seconds"},
		"an expected end too early":   {WindowOptions{Start: noonUTC, EndAfter: 1e9, ExpectedEnd: noonUTC}, "expected_end: \"2026-03-08T12:00:00Z\": want an instant after start"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := storeAt(noonUTC)
			_, err := on(st).Schedule(t.Context(), test.given)
			require.ErrorContains(t, err, test.want)
			require.ErrorAs(t, err, new(*period.FieldError))
			require.Nil(t, st.text)
		})
	}
}
