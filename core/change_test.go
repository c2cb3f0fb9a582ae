package core

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFieldsOfAChange(t *testing.T) {
	t.Parallel()
	w := aWindow("w", noonUTC, noonUTC.Add(time.Hour))
	other := w
	other.Version, other.UpdatedBy, other.UpdatedAt = 7, "ann", noonUTC
	same := other
	other.End, other.ExpectedEnd = time.Time{}, noonUTC.Add(90*time.Minute+time.Microsecond)
	other.Enabled, other.Emergency, other.Reason = false, true, "r"
	for name, test := range map[string]struct {
		c    Change
		want []FieldChange
	}{
		"none of the fields of people": {Change{&w, &same}, []FieldChange{}},
		"old and new values": {Change{&w, &other}, []FieldChange{
			{"end", "2026-03-08T13:00:00Z", ""},
			{"expected_end", "", "2026-03-08T13:30:00.000001Z"},
			{"enabled", "true", "false"},
			{"emergency", "false", "true"},
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
