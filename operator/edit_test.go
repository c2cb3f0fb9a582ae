package operator

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

func TestEditChangesWhatIsGiven(t *testing.T) {
	t.Parallel()
	had := aWindow("w", noonUTC.Add(time.Hour), noonUTC.Add(2*time.Hour))
	had.Reason, had.CreatedBy = "old", "bob"
	at := noonUTC.Add(90 * time.Minute)
	for name, test := range map[string]struct {
		given EditOptions
		want  func(p *period.Period)
	}{
		"nothing":    {EditOptions{}, func(*period.Period) {}},
		"the reason": {EditOptions{Reason: new("new")}, func(p *period.Period) { p.Reason = "new" }},
		"a language": {EditOptions{ReasonLang: new("en"), Reasons: map[string]string{"de": "alt", "fr": ""}}, func(p *period.Period) {
			p.ReasonLang, p.Reasons = "en", period.NewReasons(map[string]string{"de": "alt"})
		}},
		"the start":             {EditOptions{Start: &at}, func(p *period.Period) { p.Start = at }},
		"the end":               {EditOptions{End: &at}, func(p *period.Period) { p.End = at }},
		"no end":                {EditOptions{End: &time.Time{}}, func(p *period.Period) { p.End = time.Time{} }},
		"the expected end":      {EditOptions{ExpectedEnd: &at}, func(p *period.Period) { p.ExpectedEnd = at }},
		"whether it is enabled": {EditOptions{Enabled: new(false)}, func(p *period.Period) { p.Enabled = false }},
		"emergency":             {EditOptions{Emergency: new(true)}, func(p *period.Period) { p.Emergency = true }},
		"the hold":              {EditOptions{Hold: new(20 * time.Second)}, func(p *period.Period) { p.HoldSeconds = 20 }},
		"the version seen":      {EditOptions{IfVersion: new(int64(1)), Reason: new("")}, func(p *period.Period) { p.Reason = "" }},
		"another zone, more than microseconds": {
			EditOptions{Start: new(at.Add(999).In(time.FixedZone("", 3600)))}, func(p *period.Period) { p.Start = at },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, err := by(storeAt(noonUTC, had), "carol").Edit(t.Context(), "w", test.given)
			require.NoError(t, err)
			want := had
			test.want(&want)
			want.Version, want.UpdatedBy, want.UpdatedAt = 2, "carol", noonUTC
			require.Equal(t, want, res.Period)
			require.Equal(t, []period.Period{want}, res.After.Periods)
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
		"another version":               {"w", EditOptions{IfVersion: new(int64(2))}, `"w" has version 1 now, not 2`, store.ErrConflict},
		"a hold of half a second":       {"w", EditOptions{Hold: new(1500 * time.Millisecond)}, `hold: 1.5s: want whole seconds`, nil},
		"a hold of an hour":             {"d", EditOptions{Hold: new(time.Hour)}, "hold: 3600: want 0 to 600 seconds", nil},
		"an end before the start":       {"w", EditOptions{End: new(noonUTC.Add(time.Minute))}, "end: \"2026-03-08T12:01:00Z\": want an instant after start", nil},
		"an end in the past":            {"d", EditOptions{End: new(noonUTC.Add(-time.Minute))}, "end: \"2026-03-08T11:59:00Z\": has passed", nil},
		"an expected end in the past":   {"d", EditOptions{ExpectedEnd: &noonUTC}, "expected_end: \"2026-03-08T12:00:00Z\": has passed", nil},
		"the start of a deployment":     {"d", EditOptions{Start: &noonUTC}, "start: \"2026-03-08T12:00:00Z\": is when the deployment began, and cannot be changed", nil},
		"disabling a deployment":        {"d", EditOptions{Enabled: new(false)}, "enabled: false: a deployment cannot be disabled; end it", nil},
		"every fault, not just a first": {"d", EditOptions{Start: &noonUTC, Reason: new("\xff")}, "reason:", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := storeAt(noonUTC, aWindow("w", noonUTC.Add(time.Hour), noonUTC.Add(2*time.Hour)), aDeployment("d", "x"))
			was := st.text
			_, err := on(st).Edit(t.Context(), test.id, test.given)
			require.ErrorContains(t, err, test.want)
			if test.is != nil {
				require.ErrorIs(t, err, test.is)
			} else {
				require.ErrorAs(t, err, new(*period.FieldError))
			}
			require.Equal(t, was, st.text)
		})
	}
}

func TestEditBeginsAWindowOnlyIfItIsAsked(t *testing.T) {
	t.Parallel()
	earlier, later := noonUTC.Add(-time.Hour), noonUTC.Add(time.Hour)
	off := aWindow("w", earlier, later)
	off.Enabled = false
	for name, test := range map[string]struct {
		had    period.Period
		given  EditOptions
		fault  string // "" means that it is in force from now
		stays  bool   // or from when it was
		atNoon bool   // or that its start is now, and it is not in force
	}{
		"a start and an end that have passed":      {aWindow("w", later, time.Time{}), EditOptions{Start: &earlier, End: new(earlier.Add(time.Second))}, "give a later one, or start now", false, false},
		"a start that has passed":                  {aWindow("w", later, time.Time{}), EditOptions{Start: &earlier}, "give a later one, or start now", false, false},
		"enabling a window whose start has passed": {off, EditOptions{Enabled: new(true)}, "give a later one, or start now", false, false},
		"a later end of a window that is over":     {aWindow("w", earlier.Add(-time.Hour), earlier), EditOptions{End: &later}, "give a later one, or start now", false, false},
		"an earlier start of a window in force":    {aWindow("w", earlier, later), EditOptions{Start: new(earlier.Add(-time.Hour))}, "give a later one, or start now", false, false},
		"now, and an instant":                      {aWindow("w", later, time.Time{}), EditOptions{StartNow: true, Start: &later}, "want either an instant or now", false, false},
		"now, of a window in force":                {aWindow("w", earlier, later), EditOptions{StartNow: true}, "the window is in force", false, false},
		"now, of a deployment":                     {aDeployment("w", "x"), EditOptions{StartNow: true}, "cannot be changed", false, false},
		"now":                                      {aWindow("w", later, time.Time{}), EditOptions{StartNow: true}, "", false, false},
		"now, enabled":                             {off, EditOptions{StartNow: true, Enabled: new(true)}, "", false, false},
		"now, disabled":                            {off, EditOptions{StartNow: true}, "", false, true},
		"now, and a later end":                     {aWindow("w", earlier.Add(-time.Hour), earlier), EditOptions{StartNow: true, End: &later}, "", false, false},
		"the same start of a window in force":      {aWindow("w", earlier, later), EditOptions{Start: &earlier}, "", true, false},
		"another reason of a window in force":      {aWindow("w", earlier, later), EditOptions{Reason: new("x")}, "", true, false},
		"now, of one that is over":                 {aWindow("w", earlier.Add(-time.Hour), noonUTC), EditOptions{StartNow: true}, "end: ", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, err := on(storeAt(noonUTC, test.had)).Edit(t.Context(), "w", test.given)
			if test.fault != "" {
				require.ErrorContains(t, err, test.fault)
				return
			}
			require.NoError(t, err)
			require.Equal(t, !test.atNoon, res.Period.InForce(noonUTC))
			want := noonUTC
			if test.stays {
				want = test.had.Start
			}
			require.Equal(t, want, res.Period.Start)
		})
	}
}

func TestEditListsFaultsInTheOrderOfTheFields(t *testing.T) {
	t.Parallel()
	past := noonUTC.Add(-time.Minute)
	for range 20 {
		_, err := on(storeAt(noonUTC, aDeployment("d", "x"))).Edit(t.Context(), "d", EditOptions{Start: &past, Enabled: new(false), End: &past, ExpectedEnd: &past})
		var fields []string
		for _, f := range Explain(err).Fields {
			fields = append(fields, f.Field)
		}
		require.Equal(t, []string{"start", "enabled", "end", "expected_end"}, fields[:4])
	}
}
