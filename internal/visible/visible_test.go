package visible_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/visible"
)

func TestLineShowsWhatReadersCannotSee(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ in, want string }{
		"text stays":                     {"Umzug der Datenbank – 50 % 🚀", "Umzug der Datenbank – 50 % 🚀"},
		"Hebrew stays":                   {"שדרוג מסד הנתונים 2", "שדרוג מסד הנתונים 2"},
		"Arabic stays":                   {"ترقية قاعدة البيانات (٣)", "ترقية قاعدة البيانات (٣)"},
		"combining marks stay":           {"u\u0308 नमस्ते สวัสดี", "u\u0308 नमस्ते สวัสดี"},
		"narrow spaces stay":             {"50\u202f%\u00a0!", "50\u202f%\u00a0!"},
		"the colored form of a symbol":   {"⚠\ufe0f ❤\ufe0f", "⚠\ufe0f ❤\ufe0f"},
		"that selector after others":     {"bob\ufe0f+\ufe0f\xc2\ufe0f\ufffd\ufe0f", `bob\ufe0f+\ufe0f\xc2\ufe0f\ufffd\ufe0f`},
		"line breaks":                    {"a\r\nRESULT up", `a\r\nRESULT up`},
		"tab":                            {"a\tb", `a\tb`},
		"escape sequence":                {"\x1b[2J\x1b]0;x\x07", `\x1b[2J\x1b]0;x\a`},
		"C1 control":                     {"\u009b31m", `\u009b31m`},
		"delete":                         {"\x7f", `\x7f`},
		"NUL":                            {"a\x00b", `a\x00b`},
		"overrides of direction":         {"\u202a\u202b\u202c\u202d\u202egnp.exe", `\u202a\u202b\u202c\u202d\u202egnp.exe`},
		"isolates of direction":          {"\u2066\u2067\u2068\u2069", `\u2066\u2067\u2068\u2069`},
		"marks of direction":             {"\u200e\u200f\u061c", `\u200e\u200f\u061c`},
		"characters of no width":         {"a\u200b\u200c\u200d\u2060\ufeffb", `a\u200b\u200c\u200d\u2060\ufeffb`},
		"soft hyphen":                    {"a\u00adb", `a\u00adb`},
		"invisible operators":            {"\u2061\u2064", `\u2061\u2064`},
		"fillers that count as letters":  {"\u115f\u1160\u3164\uffa0", `\u115f\u1160\u3164\uffa0`},
		"marks that join and show not":   {"\u034f\u17b4\u180b", `\u034f\u17b4\u180b`},
		"selectors that can hide a text": {"😀\U000e0100\U000e01ef\ufe00", `😀\U000e0100\U000e01ef\ufe00`},
		"line and paragraph breaks":      {"\u2028\u2029", `\u2028\u2029`},
		"tag characters":                 {"\U000e0001\U000e0041", `\U000e0001\U000e0041`},
		"private use and no characters":  {"\ue000\uffff", `\ue000\uffff`},
		"bytes that are not UTF-8":       {"a\xffb\xc3", `a\xffb\xc3`},
		"a replacement character too":    {"\ufffd", `\ufffd`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, visible.Line(test.in))
		})
	}
}

func TestTextKeepsItsLines(t *testing.T) {
	t.Parallel()
	require.Equal(t, "a\n\tb"+`\r\u202e`, visible.Text("a\n\tb\r\u202e"))
	require.True(t, visible.Hidden("a\u202e"))
	require.False(t, visible.Hidden("a\n\tb"))
}

func TestJSONKeepsItsValues(t *testing.T) {
	t.Parallel()
	value := []string{"\u202e\u200b\U000e0001", "שלום", "\x1b\ufffd\n", "🚀"}
	text, err := json.MarshalIndent(value, "", "\t")
	require.NoError(t, err)
	shown := visible.JSON(string(text))
	require.Equal(t, strings.Count(string(text), "\n"), strings.Count(shown, "\n"))
	require.Contains(t, shown, `"\u202e\u200b\udb40\udc01"`)
	require.Contains(t, shown, `"שלום"`)
	var got []string
	require.NoError(t, json.Unmarshal([]byte(shown), &got))
	require.Equal(t, value, got)
}

func FuzzLine(f *testing.F) {
	f.Add("a\x1b[2J\u202e\xff⚠\ufe0f\U000e0001")
	f.Fuzz(func(t *testing.T, s string) {
		line := visible.Line(s)
		if !utf8.ValidString(line) || strings.ContainsAny(line, "\n\r\x1b\u202e\u2066\u2069\u200b\u200f\ufeff\u061c\U000e0001") {
			t.Fatalf("%q gave %q", s, line)
		}
		if again := visible.Line(line); again != line {
			t.Fatalf("%q gave %q, and that gave %q", s, line, again)
		}
	})
}

func BenchmarkText(b *testing.B) {
	page := strings.Repeat(`<li class="period" data-period="kfm2xq">Umzug der Datenbank – 50 % 🚀</li>`+"\n", 1000)
	b.SetBytes(int64(len(page)))
	for b.Loop() {
		visible.Text(page)
	}
}
