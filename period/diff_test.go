package period

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFieldsOfAChange(t *testing.T) {
	t.Parallel()
	w := Period{ID: "w", Kind: Window, Start: noon, End: noon.Add(time.Hour), Enabled: true, Version: 1}
	other := w
	other.Version, other.UpdatedBy, other.UpdatedAt = 7, "ann", noon
	same := other
	other.End, other.ExpectedEnd = time.Time{}, noon.Add(90*time.Minute+time.Microsecond)
	other.Enabled, other.Emergency, other.HoldSeconds, other.Reason = false, true, 20, "r"
	english, german := w, w
	english.Reason, english.ReasonLang, english.Reasons = "Disks", "en", NewReasons(map[string]string{"de": "Platten", "fr": "Disques"})
	german.Reason, german.ReasonLang, german.Reasons = "Disks", "en", NewReasons(map[string]string{"de": "Scheiben", "ar": "x", "fr": "Disques"})
	for name, test := range map[string]struct {
		c    Change
		want []FieldChange
	}{
		"reasons by language": {Change{&english, &german}, []FieldChange{{"reasons.ar", "", "x"}, {"reasons.de", "Platten", "Scheiben"}}},
		"a first reason": {Change{&w, &english}, []FieldChange{
			{"reason", "", "Disks"}, {"reason_lang", "", "en"}, {"reasons.de", "", "Platten"}, {"reasons.fr", "", "Disques"},
		}},
		"none of the fields of people": {Change{&w, &same}, []FieldChange{}},
		"old and new values": {Change{&w, &other}, []FieldChange{
			{"end", "2026-03-08T13:00:00Z", ""},
			{"expected_end", "", "2026-03-08T13:30:00.000001Z"},
			{"enabled", "true", "false"},
			{"emergency", "false", "true"},
			{"hold", "", "20s"},
			{"reason", "", "r"},
		}},
		"an added one": {Change{nil, &w}, []FieldChange{
			{"kind", "", "window"},
			{"start", "", "2026-03-08T12:00:00Z"},
			{"end", "", "2026-03-08T13:00:00Z"},
			{"enabled", "", "true"},
			{"emergency", "", "false"},
		}},
		"a removed one": {Change{&w, nil}, []FieldChange{
			{"kind", "window", ""},
			{"start", "2026-03-08T12:00:00Z", ""},
			{"end", "2026-03-08T13:00:00Z", ""},
			{"enabled", "true", ""},
			{"emergency", "false", ""},
		}},
		"nothing": {Change{}, []FieldChange{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, test.c.Fields())
			for _, f := range test.c.Fields() {
				_, err := time.Parse(time.RFC3339Nano, f.Before+f.After)
				require.Equal(t, err == nil && f.Name != "reason", f.Instant(), f.Name)
			}
		})
	}
	require.Empty(t, Change{}.ID())
}

func TestChangesListsRemovedThenAddedAndChangedPeriods(t *testing.T) {
	t.Parallel()
	p := func(id, reason string) Period { return Period{ID: id, Kind: Window, Start: noon, Reason: reason} }
	zoned := p("same", "")
	zoned.Start = noon.Add(999).In(time.FixedZone("X", 3600)) // equal in a document
	got := Changes([]Period{p("gone", ""), p("same", ""), p("edited", "old"), p("away", "")}, []Period{p("new", ""), p("edited", "new"), zoned})
	require.Equal(t, []Change{
		{Before: new(p("gone", ""))},
		{Before: new(p("away", ""))},
		{After: new(p("new", ""))},
		{Before: new(p("edited", "old")), After: new(p("edited", "new"))},
	}, got)
	require.Equal(t, "gone", got[0].ID())
	require.Equal(t, "new", got[2].ID())
	require.Equal(t, []Change{}, Changes(nil, nil))
}

func TestGrew(t *testing.T) {
	t.Parallel()
	w := Period{ID: "w", Kind: Window, Start: noon, End: noon.Add(time.Hour), Enabled: true}
	for name, tc := range map[string]struct {
		change func(p *Period)
		want   bool
	}{
		"nothing":                   {func(*Period) {}, false},
		"an earlier start":          {func(p *Period) { p.Start = noon.Add(-1) }, true},
		"a later start":             {func(p *Period) { p.Start = noon.Add(1) }, false},
		"a later end":               {func(p *Period) { p.End = p.End.Add(1) }, true},
		"an earlier end":            {func(p *Period) { p.End = p.End.Add(-1) }, false},
		"no end":                    {func(p *Period) { p.End = time.Time{} }, true},
		"another kind":              {func(p *Period) { p.Kind = Deployment }, true},
		"another period":            {func(p *Period) { p.ID = "x" }, true},
		"another, disabled":         {func(p *Period) { p.ID, p.Enabled = "x", false }, false},
		"disabled and later":        {func(p *Period) { p.Enabled, p.End = false, time.Time{} }, false},
		"a reason, an expected end": {func(p *Period) { p.Reason, p.ExpectedEnd = "r", noon.Add(99) }, false},
		"a hold":                    {func(p *Period) { p.HoldSeconds = 20 }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			next := w
			tc.change(&next)
			require.Equal(t, tc.want, Grew(&Document{Periods: []Period{w}}, &Document{Periods: []Period{next}}))
			require.Equal(t, next.Enabled, Grew(nil, &Document{Periods: []Period{next}}))
		})
	}
	off, endless := w, w
	off.Enabled, endless.End = false, time.Time{}
	require.True(t, Grew(&Document{Periods: []Period{off}}, &Document{Periods: []Period{w}}), "enabled again")
	require.False(t, Grew(&Document{Periods: []Period{endless}}, &Document{Periods: []Period{w}}), "an end")
	require.False(t, Grew(&Document{Periods: []Period{w}}, &Document{}), "removed")
}
