package answer

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
)

var testTags = []string{"en", "de", "de-CH", "es", "fil", "fr", "he", "nb", "pt-BR", "pt-PT", "sr-Latn", "zh-Hans", "zh-Hant"}

func TestNegotiateLanguage(t *testing.T) {
	t.Parallel()
	languages := newLookup(testTags)
	for name, test := range map[string]struct {
		accept []string
		want   string
	}{
		"no header is the default":                 {nil, "en"},
		"an empty header is the default":           {[]string{""}, "en"},
		"English":                                  {[]string{"en"}, "en"},
		"French":                                   {[]string{"fr"}, "fr"},
		"capitals":                                 {[]string{"ES"}, "es"},
		"a region":                                 {[]string{"es-MX"}, "es"},
		"a script and a region":                    {[]string{"fr-Latn-CA"}, "fr"},
		"a region that has its own texts":          {[]string{"de-CH"}, "de-CH"},
		"a region in capitals":                     {[]string{"DE-ch"}, "de-CH"},
		"a longer range of that region":            {[]string{"de-CH-1996"}, "de-CH"},
		"another region":                           {[]string{"de-AT"}, "de"},
		"a language of three letters":              {[]string{"fil-PH"}, "fil"},
		"Chinese is in simplified characters":      {[]string{"zh"}, "zh-Hans"},
		"China":                                    {[]string{"zh-CN"}, "zh-Hans"},
		"Singapore":                                {[]string{"zh-SG"}, "zh-Hans"},
		"Taiwan is in traditional characters":      {[]string{"zh-TW"}, "zh-Hant"},
		"Hong Kong":                                {[]string{"zh-HK"}, "zh-Hant"},
		"Macao":                                    {[]string{"ZH-MO"}, "zh-Hant"},
		"a script":                                 {[]string{"zh-Hant"}, "zh-Hant"},
		"a script has priority over a region":      {[]string{"zh-Hans-TW"}, "zh-Hans"},
		"Cantonese":                                {[]string{"yue-HK"}, "zh-Hant"},
		"Brazil":                                   {[]string{"pt-BR"}, "pt-BR"},
		"Portugal":                                 {[]string{"pt-PT"}, "pt-PT"},
		"Portuguese":                               {[]string{"pt"}, "pt-PT"},
		"Angola":                                   {[]string{"pt-AO"}, "pt-PT"},
		"Norwegian":                                {[]string{"no"}, "nb"},
		"Nynorsk":                                  {[]string{"nn-NO"}, "nb"},
		"an old name":                              {[]string{"iw"}, "he"},
		"the only script":                          {[]string{"sr"}, "sr-Latn"},
		"the only script, with a region":           {[]string{"sr-RS"}, "sr-Latn"},
		"a browser":                                {[]string{languageUsual}, "en"},
		"a Swiss browser":                          {[]string{"fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5"}, "fr"},
		"a browser in Taiwan":                      {[]string{"zh-TW,zh;q=0.9,en-US;q=0.8,en;q=0.7"}, "zh-Hant"},
		"one that we do not have, then one":        {[]string{"ja,es;q=0.3"}, "es"},
		"none that we have":                        {[]string{"ja, ko;q=0.9"}, "en"},
		"anything is the default":                  {[]string{"*"}, "en"},
		"anything before the named one":            {[]string{"*, fr;q=0.5"}, "en"},
		"the named one before anything":            {[]string{"*, fr"}, "fr"},
		"the highest weight wins":                  {[]string{"es;q=0.5,fr;q=0.6,en;q=0.1"}, "fr"},
		"the first wins among equals":              {[]string{"fr;q=0.5,es;q=0.5"}, "fr"},
		"q=0 excludes":                             {[]string{"fr;q=0, *"}, "en"},
		"q=0 excludes the default":                 {[]string{"en;q=0, *"}, "de"},
		"q=0 excludes variants":                    {[]string{"en;q=0, de;q=0, *"}, "es"},
		"q=0 on a region excludes only that":       {[]string{"es-MX;q=0, es;q=0.5"}, "es"},
		"a variant survives q=0 on its language":   {[]string{"zh;q=0, zh-TW;q=0.5"}, "zh-Hant"},
		"everything excluded is the default":       {[]string{"*;q=0, en;q=0"}, "en"},
		"a language of three letters is another":   {[]string{"deu, frr, en-x"}, "en"},
		"an underscore is no separator":            {[]string{"de_DE"}, "en"},
		"a word is no language":                    {[]string{"german"}, "en"},
		"a weight that is none":                    {[]string{"es;q=x, fr;q=0.1"}, "fr"},
		"a region with a weight, first":            {[]string{"es-MX;q=0.1, fr;q=0.2"}, "fr"},
		"a region with a weight that excludes all": {[]string{"es;q=0"}, "en"},
		"space in the first range":                 {[]string{" zh-TW , fr;q=0.1"}, "zh-Hant"},
		"space behind the first range":             {[]string{"zh-TW ,fr"}, "zh-Hant"},
		"a second line counts":                     {[]string{"ja", "fr"}, "fr"},
		"a first range beyond the bound":           {[]string{"fr-" + strings.Repeat("a", maxAcceptBytes)}, "en"},
		"a long range":                             {[]string{"zh-Hant-" + strings.Repeat("a", 100)}, "zh-Hant"},
		"many subtags":                             {[]string{"zh-TW" + strings.Repeat("-a", 100)}, "zh-Hant"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, testTags[languages.negotiate(test.accept)])
		})
	}
}

//nolint:paralleltest // AllocsPerRun counts the allocations of all goroutines
func TestNegotiateLanguageDoesNotAllocate(t *testing.T) {
	languages := &builtinCatalog().lookup
	for _, accept := range []string{languageUsual, "zh-TW,zh;q=0.9", "pt-BR;q=0.5,pt;q=0", "*;q=0.1", "ja-" + strings.Repeat("a", 100)} {
		lines := []string{accept}
		require.Zero(t, testing.AllocsPerRun(10, func() { languages.negotiate(lines) }), accept)
	}
}

func TestOtherNamesFindTheNearest(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		tags       []string
		name, want string
	}{
		"a tag has priority over another name": {[]string{"en", "zh", "zh-Hant", "zh-TW"}, "zh-TW", "zh-TW"},
		"the variant of a region":              {[]string{"en", "zh-Hans", "zh-Hant", "zh-Hant-HK"}, "zh-HK", "zh-Hant-HK"},
		"the other script":                     {[]string{"en", "zh-Hans"}, "zh-TW", "zh-Hans"},
		"the other country":                    {[]string{"en", "pt-BR"}, "pt-PT", "pt-BR"},
		"the default among equals":             {[]string{"sr-Latn", "sr-Cyrl"}, "sr", "sr-Latn"},
		"Nynorsk":                              {[]string{"en", "nb", "nn"}, "nn", "nn"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			languages := newLookup(test.tags)
			l, ok := languages.find(test.name)
			require.True(t, ok)
			require.Equal(t, test.want, test.tags[l])
		})
	}
}

// referenceLookup is find as RFC 4647 section 3.4 describes it, by lists instead of tables.
func referenceLookup(tags []string, name string) (tag string) {
	others := map[string]string{
		"zh": "zh-Hans", "zh-tw": "zh-Hant", "zh-hk": "zh-Hant", "zh-mo": "zh-Hant", "yue": "zh-Hant", "cmn": "zh-Hans",
		"pt": "pt-PT", "no": "nb", "nn": "nb", "iw": "he", "tl": "fil", "sr": "sr-Latn",
	}
	for name = strings.ToLower(name); name != ""; name = name[:max(strings.LastIndexByte(name, '-'), 0)] {
		i := slices.IndexFunc(tags, func(tag string) bool { return strings.EqualFold(tag, name) })
		if i >= 0 {
			return tags[i]
		}
		if others[name] != "" {
			return others[name]
		}
	}
	return ""
}

func FuzzAcceptLanguage(f *testing.F) {
	for _, seed := range []string{
		"", "*", languageUsual, "fr-CH, fr;q=0.9, *;q=0.5", "de;q=0, *", "de-AT;q=0", "en_US", "DE-de;q=0.1\nes",
		`de;a="x,fr";q=0.1`, strings.Repeat("de;q=0.1,", 40), "de-\"", "-de", "de;;q=0.5", "zh-TW, zh;q=0, *;q=0.5", "zh;q=0,zh-Hant-HK;q=0.1",
	} {
		f.Add(seed)
	}
	languages := newLookup(testTags)
	f.Fuzz(func(t *testing.T, header string) {
		lines := strings.Split(header, "\n")
		got := languages.negotiate(lines)
		require.Less(t, int(got), len(testTags))
		ranges, within := referenceRanges(lines)
		if !within {
			return
		}
		var alternatives []func(referenceRange) int
		for _, tag := range testTags {
			alternatives = append(alternatives, func(r referenceRange) int {
				switch {
				case r.q > 0 && referenceLookup(testTags, r.name) == tag,
					r.q == 0 && strings.HasPrefix(strings.ToLower(tag)+"-", strings.ToLower(r.name)+"-"):
					return 2
				case r.name == "*":
					return 1
				}
				return 0
			})
		}
		require.Equal(t, referenceChoice(ranges, alternatives), int(got), "%q", lines)
	})
}

// A range that begins with the tag of a language is answered in it.
func TestEveryTagIsFound(t *testing.T) {
	t.Parallel()
	languages := &builtinCatalog().lookup
	require.Equal(t, "en", languages.tags[0])
	require.Len(t, slices.Collect(maps.Keys(builtinTexts())), len(languages.tags))
	for l, tag := range languages.tags {
		require.True(t, period.IsLanguage(tag), tag)
		for _, name := range []string{tag, strings.ToUpper(tag), tag + "-XX"} {
			got, ok := languages.find(name)
			require.True(t, ok)
			require.Equal(t, language(l), got, name)
		}
	}
}
