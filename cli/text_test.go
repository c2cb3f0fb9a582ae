package cli

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones of the tables, wherever they are run

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/store/memstore"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	require.NoError(t, err)
	return loc
}

// unseen are characters that hide or reorder text on a terminal.
const unseen = "\u202e\u2066\u2067\u2068\u2069\u200b\u200c\u200d\u200e\u200f\ufeff\u061c\U000e0001\u3164\U000e0100"

func TestNamesCannotHideOrReorderText(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	name, reason := "עדי\x1b[8m"+unseen, "תחזוקה\n"+unseen
	for _, words := range [][]string{
		{"start", "--no-wait", "--holder", name, "--actor", name, "--reason", reason},
		{"start", "--no-wait", "--holder", name, "--actor", name, "--reason", reason + "!"},
		{"schedule", "--start", "2097-01-01T00:00:00Z", "--for", "1h", "--actor", name, "--reason", reason},
		{"status"},
		{"list"},
		{"log"},
		{"check", "GET", "/" + unseen},
		{"end", "--holder", name + "x"},
		{"end", unseen},
		{"fleet"},
		{"status", "--json"},
		{"list", "--json"},
		{"log", "--json"},
		{"check", "GET", "/", "--json"},
		{"end", "--all", "--actor", name},
		{"no" + unseen},
		{"edit", "x", "--" + unseen},
	} {
		_, stdout, stderr := run(t, st, words...)
		require.NotEmpty(t, stdout+stderr)
		require.NotContains(t, stdout+stderr, "\x1b", words)
		require.False(t, strings.ContainsAny(stdout+stderr, unseen), "%q: %q", words, stdout+stderr)
	}
	_, stdout, _ := run(t, st, "log")
	require.Contains(t, stdout, `עדי\x1b[8m\u202e\u2066\u2067`, "Hebrew stays readable")
}

func TestShellWord(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"kfm2xq": "kfm2xq", "file:/var/lib/x.json": "file:/var/lib/x.json", "": "''", "a b": "'a b'", "a'b": `'a'\''b'`, "$(x)": "'$(x)'", "~/x": "'~/x'",
	} {
		require.Equal(t, want, shellWord(in))
	}
}

func TestRelative(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 8, 12, 0, 0, 0, time.UTC)
	for d, want := range map[time.Duration]string{
		0:                                  "now",
		999 * time.Millisecond:             "now",
		-999 * time.Millisecond:            "now",
		time.Second:                        "in 1 s",
		59600 * time.Millisecond:           "in 1 min",
		-time.Minute:                       "1 min ago",
		90 * time.Second:                   "in 1 min 30 s",
		30*time.Minute - time.Second/2:     "in 30 min",
		59*time.Minute + 40*time.Second:    "in 1 h",
		-3*time.Hour - 5*time.Minute:       "3 h 5 min ago",
		24*time.Hour - time.Second:         "in 1 d",
		2*day + 4*time.Hour:                "in 2 d 4 h",
		-59*day - 23*time.Hour:             "59 d 23 h ago",
		100*day + 5*time.Hour:              "in 100 d",
		71 * 365 * day:                     "in 71 y",
		-(2*365*day + 100*day + time.Hour): "2 y ago",
	} {
		require.Equal(t, want, relative(now.Add(d), now), d.String())
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 8, 7, 0, 0, 0, time.UTC)
	require.Equal(t, "2026-03-08 03:00 UTC-04:00", clock(at, zone(t, "America/New_York")))
	require.Equal(t, "2026-03-08 01:59:59 UTC-05:00", clock(at.Add(-time.Second), zone(t, "America/New_York")))
}

func TestShorten(t *testing.T) {
	t.Parallel()
	require.Equal(t, "äöü", shorten("äöü", 3))
	require.Equal(t, "äö…", shorten("äöüß", 3))
}

func TestPaint(t *testing.T) {
	t.Parallel()
	require.Equal(t, "UP", paint(false).up("UP"))
	require.Equal(t, "\x1b[1;32mUP\x1b[0m", paint(true).up("UP"))
}
