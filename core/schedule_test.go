package core

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSchedulePlansAWindow(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 3, 9, 3, 30, 0, 999, time.FixedZone("", 3600))
	res, err := Schedule(t.Context(), storeAt(noonUTC), WindowOptions{
		Actor: "alice", Start: begin, For: 2 * time.Hour, Reason: "Index", Emergency: true,
	})
	require.NoError(t, err)
	at := time.Date(2026, 3, 9, 2, 30, 0, 0, time.UTC)
	require.Equal(t, Period{
		ID: res.Period.ID, Kind: Window, Start: at, End: at.Add(2 * time.Hour), Enabled: true, Emergency: true,
		Reason: "Index", Holder: "alice", Version: 1, CreatedBy: "alice", CreatedAt: noonUTC,
	}, res.Period)
	require.Empty(t, res.InForce)
	require.Equal(t, int64(1), res.After.CloseRev)
}

func TestScheduleOptions(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		given   WindowOptions
		inForce bool
		closes  bool
		check   func(t *testing.T, p Period)
	}{
		"a start that has passed begins at once": {
			given:   WindowOptions{Start: noonUTC.Add(-time.Hour), End: noonUTC.Add(time.Hour)},
			inForce: true, closes: true,
		},
		"without an end, until somebody ends it": {
			given:   WindowOptions{Start: noonUTC},
			inForce: true, closes: true,
			check: func(t *testing.T, p Period) { t.Helper(); require.Zero(t, p.End) },
		},
		"disabled closes nothing": {
			given: WindowOptions{Start: noonUTC, For: time.Hour, Disabled: true},
			check: func(t *testing.T, p Period) { t.Helper(); require.False(t, p.Enabled) },
		},
		"a holder of its own": {
			given:  WindowOptions{Start: noonUTC.Add(1e9), For: time.Hour, Holder: "ci", Actor: "bob"},
			closes: true,
			check:  func(t *testing.T, p Period) { t.Helper(); require.Equal(t, "ci", p.Holder) },
		},
		"an expected end before the end": {
			given:  WindowOptions{Start: noonUTC.Add(1e9), For: time.Hour, ExpectedEnd: noonUTC.Add(time.Minute)},
			closes: true,
			check: func(t *testing.T, p Period) {
				t.Helper()
				require.Equal(t, noonUTC.Add(time.Minute), p.PromisedEnd())
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := storeAt(noonUTC, aWindow("other", noonUTC.Add(time.Hour), noonUTC.Add(2*time.Hour)))
			res, err := Schedule(t.Context(), st, test.given)
			require.NoError(t, err)
			require.Equal(t, test.inForce, len(res.InForce) == 1)
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
		"no start":                    {WindowOptions{For: time.Hour}, "start: is missing"},
		"an end that is the start":    {WindowOptions{Start: noonUTC.Add(1e9), End: noonUTC.Add(1e9)}, "end: \"2026-03-08T12:00:01Z\": want an instant after start"},
		"an end before the start":     {WindowOptions{Start: noonUTC.Add(2e9), End: noonUTC.Add(1e9)}, "want an instant after start"},
		"an end that is now":          {WindowOptions{Start: noonUTC.Add(-1e9), End: noonUTC}, "end: \"2026-03-08T12:00:00Z\": has passed"},
		"a duration and an end":       {WindowOptions{Start: noonUTC, For: 1e9, End: noonUTC.Add(1e9)}, "for: 1s: want either"},
		"a negative duration":         {WindowOptions{Start: noonUTC, For: -1e9}, "for: -1s: want more than 0"},
		"a duration that is over":     {WindowOptions{Start: noonUTC.Add(-time.Hour), For: time.Hour}, "for: 1h0m0s: ends at 2026-03-08T12:00:00Z: has passed, the store's time is 2026-03-08T12:00:00Z"},
		"a duration beyond all years": {WindowOptions{Start: time.Date(9998, 12, 31, 23, 0, 0, 0, time.UTC), For: 2 * time.Hour}, "for: 2h0m0s: ends at 9999-01-01T01:00:00Z: want a year from 2000 to 9998"},
		"an expected end too early":   {WindowOptions{Start: noonUTC, For: 1e9, ExpectedEnd: noonUTC}, "expected_end: \"2026-03-08T12:00:00Z\": want an instant after start"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := storeAt(noonUTC)
			_, err := Schedule(t.Context(), st, test.given)
			require.ErrorContains(t, err, test.want)
			require.ErrorAs(t, err, new(*FieldError))
			require.Nil(t, st.doc)
		})
	}
}

func TestEditChangesWhatIsGiven(t *testing.T) {
	t.Parallel()
	had := aWindow("w", noonUTC.Add(time.Hour), noonUTC.Add(2*time.Hour))
	had.Reason, had.CreatedBy = "old", "bob"
	at := noonUTC.Add(90 * time.Minute)
	for name, test := range map[string]struct {
		given EditOptions
		want  func(p *Period)
	}{
		"nothing":               {EditOptions{}, func(*Period) {}},
		"the reason":            {EditOptions{Reason: new("new")}, func(p *Period) { p.Reason = "new" }},
		"the start":             {EditOptions{Start: &at}, func(p *Period) { p.Start = at }},
		"the end":               {EditOptions{End: &at}, func(p *Period) { p.End = at }},
		"no end":                {EditOptions{End: &time.Time{}}, func(p *Period) { p.End = time.Time{} }},
		"the expected end":      {EditOptions{ExpectedEnd: &at}, func(p *Period) { p.ExpectedEnd = at }},
		"whether it is enabled": {EditOptions{Enabled: new(false)}, func(p *Period) { p.Enabled = false }},
		"emergency":             {EditOptions{Emergency: new(true)}, func(p *Period) { p.Emergency = true }},
		"the version seen":      {EditOptions{Version: 1, Reason: new("")}, func(p *Period) { p.Reason = "" }},
		"another zone, more than microseconds": {
			EditOptions{Start: new(at.Add(999).In(time.FixedZone("", 3600)))}, func(p *Period) { p.Start = at },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.given.Actor = "carol"
			res, err := Edit(t.Context(), storeAt(noonUTC, had), "w", test.given)
			require.NoError(t, err)
			want := had
			test.want(&want)
			want.Version, want.UpdatedBy, want.UpdatedAt = 2, "carol", noonUTC
			require.Equal(t, want, res.Period)
			require.Equal(t, []Period{want}, res.After.Periods)
		})
	}
}

func TestEditRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		id    string
		given EditOptions
		want  string
		is    error
	}{
		"an unknown id":                 {"zzz", EditOptions{}, `"zzz": no such period`, ErrNotFound},
		"no id":                         {"", EditOptions{}, "id: is missing", nil},
		"another version":               {"w", EditOptions{Version: 2}, `"w" has version 1 now, not 2`, ErrConflict},
		"an end before the start":       {"w", EditOptions{End: new(noonUTC.Add(time.Minute))}, "end: \"2026-03-08T12:01:00Z\": want an instant after start", nil},
		"an end in the past":            {"d", EditOptions{End: new(noonUTC.Add(-time.Minute))}, "end: \"2026-03-08T11:59:00Z\": has passed", nil},
		"an expected end in the past":   {"d", EditOptions{ExpectedEnd: &noonUTC}, "expected_end: \"2026-03-08T12:00:00Z\": has passed", nil},
		"the start of a deployment":     {"d", EditOptions{Start: &noonUTC}, "start: \"2026-03-08T12:00:00Z\": is when the deployment was begun", nil},
		"disabling a deployment":        {"d", EditOptions{Enabled: new(false)}, "enabled: false: cannot be said of a deployment; end it", nil},
		"every fault, not just a first": {"d", EditOptions{Start: &noonUTC, Reason: new("\xff")}, "reason:", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := storeAt(noonUTC, aWindow("w", noonUTC.Add(time.Hour), noonUTC.Add(2*time.Hour)), aDeployment("d", "x"))
			was := st.doc
			_, err := Edit(t.Context(), st, test.id, test.given)
			require.ErrorContains(t, err, test.want)
			if test.is != nil {
				require.ErrorIs(t, err, test.is)
			} else {
				require.ErrorAs(t, err, new(*FieldError))
			}
			require.Same(t, was, st.doc)
		})
	}
}

func TestCancelRemovesWhatRefusesNothing(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"coming", "disabled", "over"} {
		st := mixedStore()
		had, _ := st.doc.Find(id)
		res, err := Cancel(t.Context(), st, id, CancelOptions{Version: 1})
		require.NoError(t, err)
		require.Equal(t, had, res.Period)
		require.NotContains(t, idsOf(res.After.Periods), id)
		require.Len(t, res.After.Periods, 5)
		require.Equal(t, int64(5), res.After.CloseRev)
	}
}

func TestCancelRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		id      string
		version int64
		want    error
		text    string
	}{
		"a window in force":     {"running", 0, ErrInForce, `"running" is in force: end it instead`},
		"a deployment in force": {"mine", 0, ErrInForce, `"mine" is in force`},
		"another version":       {"coming", 9, ErrConflict, `"coming" has version 1 now, not 9`},
		"an unknown id":         {"zzz", 0, ErrNotFound, `"zzz": no such period`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := mixedStore()
			was := st.doc
			res, err := Cancel(t.Context(), st, test.id, CancelOptions{Version: test.version})
			require.ErrorIs(t, err, test.want)
			require.ErrorContains(t, err, test.text)
			require.Same(t, was, st.doc)
			require.Equal(t, []string{"mine", "theirs", "running"}, idsOf(res.InForce))
		})
	}
}
