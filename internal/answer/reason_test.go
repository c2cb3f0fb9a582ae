package answer

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCleanReason(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ reason, want string }{
		"nothing":                    {"", ""},
		"plain":                      {"Larger database", "Larger database"},
		"letters of other scripts":   {"データベース, قاعدة", "データベース, قاعدة"},
		"space around":               {"  a \n", "a"},
		"lines stay lines":           {"a\r\nb\nc\rd", "a\nb\nc\nd"},
		"other separators are lines": {"a\u2028b\u2029c\u0085d\ve\ff", "a\nb\nc\nd\ne\nf"},
		"control characters go":      {"a\x00\x1b[31m\x7f\u009bb", "a[31mb"},
		"overrides of direction go":  {"a\u202e\u202a\u2066\u2069b", "ab"},
		"marks of direction go":      {"a\u200e\u200f\u061c\u206a\u206fb", "ab"},
		"zero-width characters go":   {"a\u200b\u2060\u2061\u2064\ufeff\u00ad\u180eb", "ab"},
		"fillers go":                 {"a\u034f\u115f\u1160\u17b4\u3164\uffa0b", "ab"},
		"tags go":                    {"a\U000e0001\U000e0041\U000e007fb", "ab"},
		"selectors of glyphs go":     {"a\ufe00\ufe0d\U000e0100\U000e01efb", "ab"},
		"annotations go":             {"a\ufff9\ufffa\ufffbb", "ab"},
		"nothing but invisible":      {"\u200b \u2060\n\ufeff", ""},
		"Persian keeps its joiner":   {"می\u200cخواهم", "می\u200cخواهم"},
		"Malayalam keeps its joiner": {"ന്\u200d", "ന്\u200d"},
		"emoji stay whole":           {"⚠\ufe0f 🏳\ufe0f\u200d🌈 1\ufe0f\u20e3", "⚠\ufe0f 🏳\ufe0f\u200d🌈 1\ufe0f\u20e3"},
		"a joiner in Latin goes":     {"pay\u200dpal\u200c.example", "paypal.example"},
		"a joiner alone goes":        {"\u200d\u200c ن \u200d\n\u200c", "ن"},
		"joiners in a row":           {"ن\u200c\u200c\u200d\u200cن", "ن\u200cن"},
		"selectors in a row":         {"⚠\ufe0f\ufe0f\ufe0e", "⚠\ufe0f"},
		"a joiner behind a tag":      {"a\U000e0041\u200db", "ab"},
		"signs that enclose digits":  {"\u0600\u0661", "\u0600\u0661"},
		"bytes that are not UTF-8":   {"a\xffb", "a\ufffdb"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, cleanReason(test.reason))
		})
	}
}
