package cli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLinesFitTheTerminal(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ line, want string }{
		"a short line":            {"state      UP\n", "state      UP\n"},
		"a line with a label":     {"state      DOWN, but 1 of 2 instances serves: host web1 (override up)\n", "state      DOWN, but 1 of 2 instances\n           serves: host web1 (override up)\n"},
		"a line without a label":  {"           since 2026-11-26 10:52:01 UTC, expected until noon\n", "           since 2026-11-26 10:52:01 UTC,\n           expected until noon\n"},
		"a sentence":              {"no instance has ever reported to this store, or all have left\n", "no instance has ever reported to this\nstore, or all have left\n"},
		"a word that is too long": {"store      file:/" + strings.Repeat("x", 40) + " here\n", "store      file:/" + strings.Repeat("x", 40) + " here\n"},
		"a command to copy":       {"reopen     downtime end kfm2xq --store file:/srv/shop/state.json\n", "reopen     downtime end kfm2xq --store file:/srv/shop/state.json\n"},
		"colors take no room":     {"state      \x1b[1;31mDOWN\x1b[0m since 2026-11-26 10:52\x1b[2m\x1b[0m\n", "state      \x1b[1;31mDOWN\x1b[0m since 2026-11-26 10:52\x1b[2m\x1b[0m\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			l := lineWriter{w: &out, width: 42, whole: "downtime "}
			for _, b := range []byte(test.line) { // the writer gets one byte at a time
				_, err := l.Write([]byte{b})
				require.NoError(t, err)
			}
			require.Equal(t, test.want, out.String())
		})
	}
}

func TestALineWithoutItsEndIsWritten(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := lineWriter{w: &out, whole: "downtime ", prefix: dryRunPrefix}
	_, err := l.Write([]byte("begun      x\n\nRESULT dry-run\nand"))
	require.NoError(t, err)
	l.flush()
	require.Equal(t, "dry run: begun      x\n\nRESULT dry-run\ndry run: and", out.String())
}

func FuzzBroken(f *testing.F) {
	f.Add("state      DOWN, but 1 of 2 instances serves: host web1 (override up)", 42)
	f.Add("  --flag NAME   what it does, in many words that do not fit", 40)
	f.Add("\x1b[1;31mDOWN\x1b[0m \x1b[", 40)
	f.Add("   \xff é ü", 41)
	f.Fuzz(func(t *testing.T, line string, width int) {
		width = leastWidth + max(0, width)%200
		line = strings.ReplaceAll(line, "\n", "") + "\n"
		got := broken(line, width)
		require.Equal(t, strings.Fields(line), strings.Fields(got), "every word, in its order")
		for l := range strings.Lines(got) {
			if columns(l) > width {
				require.Negative(t, lastBlank(l, width, secondColumn(l)), "%q could have been broken", l)
			}
		}
	})
}

func TestATableKeepsDatesAndTimes(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	tab := newTable(&out, "ID", "FROM", "TO", "REASON")
	tab.width = 50
	tab.row("kfm2xq", "2026-11-26 11:56 CET", "~2026-11-26 12:56 CET", "Moving the database")
	tab.flush()
	require.Equal(t, "ID      FROM                TO\nkfm2xq  2026-11-26 11:56 …  ~2026-11-26 12:56…\n\n"+
		"not shown: REASON: for these, widen the terminal, or use --json\n", out.String())
}

func TestATableFitsTheTerminal(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		width int
		want  string
	}{
		"no terminal": {0, "ID      REASON                         HOLDER\nkfm2xq  Moving the database to Zürich  -\n"},
		"wide":        {60, "ID      REASON                         HOLDER\nkfm2xq  Moving the database to Zürich  -\n"},
		"narrow":      {34, "ID      REASON              HOLDER\nkfm2xq  Moving the databa…  -\n"},
		"very narrow": {17, "ID      REASON\nkfm2xq  Moving …\n\nnot shown: HOLDER: for these, widen the terminal, or use --json\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			tab := newTable(&out, "ID", "REASON", "HOLDER")
			tab.width = test.width
			tab.row("kfm2xq", "Moving the database to Zürich", "-")
			tab.flush()
			require.Equal(t, test.want, out.String())
		})
	}
}
