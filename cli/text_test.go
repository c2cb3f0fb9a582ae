package cli

import (
	"testing"
	"time"
	_ "time/tzdata" // the zones of the tables, wherever they are run
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	require.NoError(t, err)
	return loc
}

func TestSafeEscapesWhatATerminalActsUpon(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ in, want string }{
		"text stays":                  {"Umzug der Datenbank – 50 % 🚀", "Umzug der Datenbank – 50 % 🚀"},
		"narrow spaces stay":          {"50\u202f%\u00a0!", "50\u202f%\u00a0!"},
		"line breaks":                 {"a\r\nRESULT up", `a\r\nRESULT up`},
		"tab":                         {"a\tb", `a\tb`},
		"escape sequence":             {"\x1b[2J\x1b]0;x\x07", `\x1b[2J\x1b]0;x\a`},
		"C1 control":                  {"\u009b31m", `\u009b31m`},
		"delete":                      {"\x7f", `\x7f`},
		"NUL":                         {"a\x00b", `a\x00b`},
		"bidi override and isolate":   {"\u202egnp.exe\u2066", `\u202egnp.exe\u2066`},
		"bidi marks":                  {"\u200e\u200f\u061c", `\u200e\u200f\u061c`},
		"zero width":                  {"a\u200bb\ufeff", `a\u200bb\ufeff`},
		"line and paragraph breaks":   {"\u2028\u2029", `\u2028\u2029`},
		"tag characters":              {"\U000e0041", `\U000e0041`},
		"what is not UTF-8":           {"a\xffb\xc3", `a\xffb\xc3`},
		"a replacement character too": {"\ufffd", `\ufffd`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, safe(test.in))
		})
	}
}

func FuzzSafe(f *testing.F) {
	f.Add("a\x1b[2J\u202e\xff")
	f.Fuzz(func(t *testing.T, s string) {
		got := safe(s)
		if !utf8.ValidString(got) {
			t.Fatalf("%q gave %q", s, got)
		}
		for _, r := range got {
			if unsafeRune(r) {
				t.Fatalf("%q gave %q", s, got)
			}
		}
	})
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
	require.Equal(t, "2026-03-08 03:00 EDT", clock(at, zone(t, "America/New_York")))
	require.Equal(t, "2026-03-08 01:59:59 EST", clock(at.Add(-time.Second), zone(t, "America/New_York")))
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
