package answer

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNegotiateLanguage(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		accept []string
		want   language
	}{
		"no header is English":                     {nil, english},
		"an empty header is English":               {[]string{""}, english},
		"English":                                  {[]string{"en"}, english},
		"German":                                   {[]string{"de"}, german},
		"Spanish":                                  {[]string{"es"}, spanish},
		"French":                                   {[]string{"fr"}, french},
		"capitals":                                 {[]string{"DE"}, german},
		"a region":                                 {[]string{"de-AT"}, german},
		"a script and a region":                    {[]string{"fr-Latn-CA"}, french},
		"a browser":                                {[]string{languageUsual}, english},
		"a Swiss browser":                          {[]string{"fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5"}, french},
		"one that we do not have, then one":        {[]string{"ja,es;q=0.3"}, spanish},
		"none that we have":                        {[]string{"ja, zh-Hant;q=0.9"}, english},
		"anything is English":                      {[]string{"*"}, english},
		"anything before what is named":            {[]string{"*, de;q=0.5"}, english},
		"what is named before anything":            {[]string{"*, de"}, german},
		"the highest weight wins":                  {[]string{"de;q=0.5,fr;q=0.6,en;q=0.1"}, french},
		"the first wins among equals":              {[]string{"fr;q=0.5,de;q=0.5"}, french},
		"q=0 excludes":                             {[]string{"de;q=0, *"}, english},
		"q=0 excludes English":                     {[]string{"en;q=0, *"}, german},
		"q=0 on a region excludes only that":       {[]string{"de-AT;q=0, de;q=0.5"}, german},
		"everything excluded is English":           {[]string{"*;q=0, en;q=0"}, english},
		"a language of three letters is another":   {[]string{"deu, frr, en-x"}, english},
		"an underscore is no separator":            {[]string{"de_DE"}, english},
		"a word is no language":                    {[]string{"german"}, english},
		"a weight that is none":                    {[]string{"de;q=x, fr;q=0.1"}, french},
		"a region with a weight, first":            {[]string{"de-AT;q=0.1, fr;q=0.2"}, french},
		"a region with a weight that excludes all": {[]string{"de;q=0"}, english},
		"space in the first range":                 {[]string{" de , fr;q=0.1"}, german},
		"a second line counts":                     {[]string{"ja", "fr"}, french},
		"a first range beyond the bound":           {[]string{"de-" + strings.Repeat("a", maxAcceptBytes)}, english},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, negotiateLanguage(test.accept))
		})
	}
}

func FuzzAcceptLanguage(f *testing.F) {
	for _, seed := range []string{
		"", "*", languageUsual, "fr-CH, fr;q=0.9, *;q=0.5", "de;q=0, *", "de-AT;q=0", "en_US", "DE-de;q=0.1\nes",
		`de;a="x,fr";q=0.1`, strings.Repeat("de;q=0.1,", 40), "de-\"", "-de", "de;;q=0.5",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		lines := strings.Split(header, "\n")
		got := negotiateLanguage(lines)
		require.Less(t, got, languages)
		ranges, within := referenceRanges(lines)
		if !within {
			return
		}
		about := func(tag string) func(referenceRange) int {
			return func(r referenceRange) int {
				primary, _, regional := strings.Cut(r.name, "-")
				switch {
				case strings.EqualFold(primary, tag) && (r.q > 0 || !regional):
					return 2
				case r.name == "*":
					return 1
				}
				return 0
			}
		}
		want := referenceChoice(ranges, []func(referenceRange) int{
			english: about("en"), german: about("de"), spanish: about("es"), french: about("fr"),
		})
		require.Equal(t, want, int(got), "%q", lines)
	})
}
