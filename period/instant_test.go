package period

import (
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseInstant(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"2026-11-21T02:00:00Z":             "2026-11-21T02:00:00Z",
		"2026-11-21T02:00:00.5Z":           "2026-11-21T02:00:00.5Z",
		"2026-11-21T02:00:00+23:59":        "2026-11-20T02:01:00Z",
		"2026-11-21T02:00:00-00:00":        "2026-11-21T02:00:00Z",
		"2026-11-21T02:00:00.123456789Z":   "2026-11-21T02:00:00.123456789Z",
		"2024-02-29T02:00:00.00000-09:30":  "2024-02-29T11:30:00Z",
		"2026-11-21T02:00:00.1234567891Z":  "2026-11-21T02:00:00.123456789Z",
		"2026-11-21T02:00:00.000001+05:45": "2026-11-20T20:15:00.000001Z",
	} {
		got, err := ParseInstant(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got.Format(time.RFC3339Nano), in)
	}
	for name, in := range map[string]string{
		"nothing":                   "",
		"an hour of one digit":      "2026-11-21T2:00:00Z",
		"a comma":                   "2026-11-21T02:00:00,5Z",
		"an offset of 24 hours":     "2026-11-21T02:00:00+24:00",
		"an offset of 60 minutes":   "2026-11-21T02:00:00+23:60",
		"no seconds":                "2026-11-21T02:00Z",
		"no offset":                 "2026-11-21T02:00:00",
		"a blank for T":             "2026-11-21 02:00:00Z",
		"a small t":                 "2026-11-21t02:00:00Z",
		"a small z":                 "2026-11-21T02:00:00z",
		"an empty fraction":         "2026-11-21T02:00:00.Z",
		"an offset without a colon": "2026-11-21T02:00:00+0100",
		"a leap second":             "2026-12-31T23:59:60Z",
		"a day that does not exist": "2026-02-29T02:00:00Z",
		"white space":               "2026-11-21T02:00:00Z ",
	} {
		_, err := ParseInstant(in)
		require.Error(t, err, name)
		_, err = Decode([]byte(`{"format":1,"revision":1,"write_id":"1-x","periods":[{"id":"a","kind":"window","enabled":true,"version":1,"start":"` + in + `"}]}`))
		require.ErrorContains(t, err, "want an instant with its offset", name)
	}
}

// rfc3339 is the grammar of RFC 3339, section 5.6, with the letters in upper case.
var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\dT[0-2]\d:[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

func FuzzParseInstant(f *testing.F) {
	for _, s := range []string{"2026-11-21T02:00:00Z", "2026-11-21T2:00:00Z", "2026-11-21T02:00:00,5+24:00", "2026-11-21T02:00:00.5-23:60", "Z", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseInstant(s)
		if want, broken := time.Parse(time.RFC3339, s); (err == nil) != (broken == nil && rfc3339.MatchString(s)) || err == nil && !got.Equal(want) {
			t.Fatalf("%q gave %v, %v; package time says %v, %v", s, got, err, want, broken)
		}
	})
}
