package admin

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSpansAreSaidInTwoUnitsAtMost(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0:                                   "less than a second",
		time.Second:                         "1 second",
		59 * time.Second:                    "59 seconds",
		61 * time.Second:                    "1 minute",
		59 * time.Minute:                    "59 minutes",
		time.Hour:                           "1 hour",
		time.Hour + 59*time.Minute:          "1 hour 59 minutes",
		10*time.Hour + 59*time.Minute:       "10 hours",
		25 * time.Hour:                      "1 day 1 hour",
		48*time.Hour + 59*time.Minute:       "2 days",
		400*24*time.Hour + 23*time.Hour:     "400 days",
		7*24*time.Hour + 90*time.Minute + 1: "7 days 1 hour",
	} {
		require.Equal(t, want, span(d), d)
	}
}

func TestClockSaysUTCBesideTheZoneAndItsDateWhereThatIsAnother(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 8, 3, 30, 0, 0, time.UTC)
	for zone, want := range map[string][2]string{
		"UTC":              {"Sun 8 Mar 2026, 03:30 UTC", ""},
		"America/New_York": {"Sat 7 Mar 2026, 22:30 EST", "Sun 8 Mar, 03:30 UTC"},
		"Europe/London":    {"Sun 8 Mar 2026, 03:30 GMT", ""},
		"Asia/Tokyo":       {"Sun 8 Mar 2026, 12:30 JST", "03:30 UTC"},
	} {
		loc, err := time.LoadLocation(zone)
		require.NoError(t, err)
		c := clock{Zone: loc, Now: at.Add(-90 * time.Minute)}
		require.Equal(t, want[0], c.At(at), zone)
		require.Equal(t, want[1], c.UTC(at), zone)
		require.Equal(t, "in 1 hour 30 minutes", c.From(at))
	}
	c := clock{Zone: time.UTC, Now: at}
	require.Equal(t, "now", c.From(at))
	require.Equal(t, "in 30 minutes", c.From(at.Add(30*time.Minute-time.Second)), "what was asked for a second ago")
	require.Equal(t, "in 59 seconds", c.From(at.Add(59*time.Second)))
	require.Equal(t, "5 seconds ago", c.From(at.Add(-5*time.Second)))
	require.Equal(t, "03:30:05", at.Add(5*time.Second).Format(minutes(at.Add(5*time.Second))))
	require.Equal(t, `<time datetime="2026-03-08T03:30:00Z">Sun 8 Mar 2026, 03:30 UTC</time>`, string(c.Time(at)))
	require.Equal(t, "2026-03-08T03:30", c.Local(at))
	require.Empty(t, c.Local(time.Time{}))
}

func TestPathWithinTheMount(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/ops/downtime": "/", "/ops/downtime/log/": "/log", "/ops/downtime/": "/", "/ops/downtime/log": "/log", "/ops/downtime//log": "//log",
		"/ops/downtimes": "/ops/downtimes", "/log": "/log", "/": "/", "": "/", "/ops": "/ops",
	} {
		require.Equal(t, want, inside("/ops/downtime", path), path)
	}
	require.Equal(t, "/log", inside("/", "/log"))
}

func TestSandboxKeepsThePagesOwnPolicyButForItsFrames(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"": "sandbox; frame-ancestors 'self'",
		"default-src 'none'; Frame-Ancestors 'none'":              "default-src 'none', sandbox; frame-ancestors 'self'",
		"sandbox allow-scripts;; img-src *":                       "img-src *, sandbox; frame-ancestors 'self'",
		"img-src *, sandbox allow-scripts; form-action *":         "img-src *, form-action *, sandbox; frame-ancestors 'self'",
		"img-src *,sandbox allow-same-origin,, frame-ancestors *": "img-src *, sandbox; frame-ancestors 'self'",
		"sandbox\tallow-scripts":                                  "sandbox; frame-ancestors 'self'",
	} {
		require.Equal(t, want, sandboxed([]string{given}), given)
	}
	require.Equal(t, "img-src *, font-src *, sandbox; frame-ancestors 'self'", sandboxed([]string{"img-src *", "sandbox allow-scripts; font-src *"}))
}
