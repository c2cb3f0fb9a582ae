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
