package cli

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseDuration(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]time.Duration{
		"90m": 90 * time.Minute, "1h30m": 90 * time.Minute, "45s": 45 * time.Second, "2d": 48 * time.Hour,
		"1d12h": 36 * time.Hour, "0d1m": time.Minute, "1.5h": 90 * time.Minute, "36500d": 36500 * day,
	} {
		got, err := parseDuration(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got, in)
	}
	for _, in := range []string{
		"", "0", "0s", "0d", "90", "-1h", "-1d", "1d-2h", "d", "1.5d", "2d2d", "1h2d", "36501d", "99999999999d", "9999999h",
		"2 d", "1w", "abc", "0x1d", "+1d", "1d0", "1d ",
	} {
		_, err := parseDuration(in)
		if in == "1d0" {
			require.NoError(t, err, "Go's zero needs no unit")
			continue
		}
		require.Error(t, err, in)
	}
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 8, 12, 0, 0, 0, time.UTC) // in New York the clocks went forward today
	for name, test := range map[string]struct{ in, zone, from, want string }{
		"now":                                {"now", "UTC", "", "2026-03-08T12:00:00Z"},
		"a duration from now":                {"+1d12h", "UTC", "2026-04-01T00:00:00Z", "2026-03-10T00:00:00Z"},
		"today":                              {"today 08:00", "America/New_York", "", "2026-03-08T12:00:00Z"},
		"tomorrow":                           {"tomorrow 02:30", "America/New_York", "", "2026-03-09T06:30:00Z"},
		"tomorrow by the zone's day":         {"tomorrow 02:30", "Asia/Tokyo", "", "2026-03-08T17:30:00Z"},
		"tomorrow, counted from now":         {"tomorrow 02:30", "UTC", "2026-04-01T00:00:00Z", "2026-03-09T02:30:00Z"},
		"a time of day after the start":      {"02:30", "UTC", "2026-04-01T00:00:00Z", "2026-04-01T02:30:00Z"},
		"a time of day after now":            {"02:30", "UTC", "", "2026-03-09T02:30:00Z"},
		"today, in the gap":                  {"today 02:30", "America/New_York", "", "does not exist in America/New_York"},
		"tomorrow, and a date":               {"tomorrow 2026-03-08 02:30", "UTC", "", "not a time"},
		"tomorrow, and an offset":            {"tomorrow 02:30Z", "UTC", "", "not a time"},
		"tomorrow alone":                     {"tomorrow", "UTC", "", "also now, +30m and tomorrow 02:30"},
		"a duration without its sign":        {"30m", "UTC", "", "want +30m"},
		"no duration after the sign":         {"+30", "UTC", "", "want a duration"},
		"a duration of nothing":              {"+0s", "UTC", "", "want more than 0"},
		"a duration back":                    {"-30m", "UTC", "", "not a time"},
		"a duration beyond what can be told": {"+36500d36500d", "UTC", "", "want a duration"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := time.Time{}
			if test.from != "" {
				from, _ = time.Parse(time.RFC3339, test.from)
			}
			got, err := zones{loc: zone(t, test.zone)}.parse(test.in, from, func() (time.Time, error) { return noon, nil })
			if err != nil {
				require.ErrorContains(t, err, test.want)
				return
			}
			require.Equal(t, test.want, got.UTC().Format(time.RFC3339))
		})
	}
}

func FuzzTime(f *testing.F) {
	for _, s := range []string{"now", "+30m", "tomorrow 02:30", "today 23:59:59", "02:30", "@1772937000", "2026-03-08 02:30-05:00", ""} {
		f.Add(s, int64(1_772_950_000))
	}
	known := zones{loc: zone(f, "America/New_York")}
	unknown := zones{loc: time.UTC, unknown: usagef("TZ: unknown zone")}
	f.Fuzz(func(t *testing.T, s string, seconds int64) {
		now := func() (time.Time, error) { return time.Unix(seconds%(1<<37), 0).UTC(), nil }
		got, err := known.parse(s, time.Time{}, now)
		other, otherErr := unknown.parse(s, time.Time{}, now)
		if otherErr == nil && (err != nil || !got.Equal(other)) {
			t.Fatalf("%q gave %v, %v with a zone, and %v without", s, got, err, other)
		}
	})
}

func FuzzDuration(f *testing.F) {
	for _, s := range []string{"90m", "1d12h", "", "36500d", "-1h", "0x1d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := parseDuration(s); err == nil && (d <= 0 || d > 2*longestDays*day) {
			t.Fatalf("%q gave %v", s, d)
		}
	})
}
