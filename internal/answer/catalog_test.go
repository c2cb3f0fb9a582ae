package answer

import (
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
)

// files makes a catalogue of pairs of a name and a content.
func files(pairs ...string) fs.FS {
	out := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return out
}

// klingon is a complete language.
const klingon = `{
	"reviewed_by": "Worf", "direction": "ltr", "colon": ": ", "unavailable": "vIlo'laHbe'",
	"text": {"heading": "H", "lead": "L", "since": "S", "until": "U", "unknown": "N", "overdue": "O", "comeback": "C", "back": "B",
		"retry": "R", "checking": "D", "still": "T", "no_answer": "A", "not_processed": "P", "resend": "E", "watch": "W", "returned": "V", "go_back": "G",
		"contact": "K", "status_page": "Y"},
	"kinds": {"emergency": {"heading": "E"}}
}`

func TestOwnCatalog(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		options                 Options
		ask, lang, dir, heading string
	}{
		"a text replaces the built-in one":           {Options{Messages: files("de.json", `{"kinds":{"planned":{"heading":"Zu"}}}`)}, "de", "de", "ltr", "Zu"},
		"a text for every kind yields to the kind's": {Options{Messages: files("de.json", `{"text":{"heading":"Zu"}}`)}, "de", "de", "ltr", "Wartungsarbeiten"},
		"other languages stay":                       {Options{Messages: files("de.json", `{"kinds":{"planned":{"heading":"Zu"}}}`)}, "fr", "fr", "ltr", "Site en maintenance"},
		"files in folders":                           {Options{Messages: files("a/b/de.json", `{"kinds":{"planned":{"heading":"Zu"}}}`, "a/README.md", "")}, "de", "de", "ltr", "Zu"},
		"a new language":                             {Options{Messages: files("tlh.json", klingon)}, "tlh", "tlh", "ltr", "H"},
		"the direction":                              {Options{Messages: files("de.json", `{"direction":"rtl"}`)}, "de", "de", "rtl", "Wartungsarbeiten"},
		"a variant inherits":                         {Options{Messages: files("de-AT.json", `{"unavailable":"Zu"}`)}, "de-AT", "de-AT", "ltr", "Wartungsarbeiten"},
		"a variant of a variant inherits": {
			Options{Messages: files("de-AT.json", `{"kinds":{"planned":{"heading":"Zu"}}}`, "de-Latn-AT.json", `{"unavailable":"-"}`, "de-Latn.json", `{}`)},
			"de-Latn-AT", "de-Latn-AT", "ltr", "Wartungsarbeiten",
		},
		"a variant leaves its language":      {Options{Messages: files("de-AT.json", `{"kinds":{"planned":{"heading":"Zu"}}}`)}, "de-CH", "de", "ltr", "Wartungsarbeiten"},
		"the default language":               {Options{DefaultLanguage: "fr"}, "tlh", "fr", "ltr", "Site en maintenance"},
		"a new default language":             {Options{Messages: files("tlh.json", klingon), DefaultLanguage: "tlh"}, "", "tlh", "ltr", "H"},
		"fewer languages":                    {Options{Languages: []string{"fr", "de"}}, "es,de;q=0.1", "de", "ltr", "Wartungsarbeiten"},
		"the first of fewer is the default":  {Options{Languages: []string{"fr", "de"}}, "en", "fr", "ltr", "Site en maintenance"},
		"the default is another of fewer":    {Options{Languages: []string{"fr", "de"}, DefaultLanguage: "de"}, "en", "de", "ltr", "Wartungsarbeiten"},
		"one of fewer is new":                {Options{Languages: []string{"tlh"}, Messages: files("tlh.json", klingon)}, "en", "tlh", "ltr", "H"},
		"an empty list of languages is none": {Options{Languages: []string{}}, "de", "de", "ltr", "Wartungsarbeiten"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := testAnswers(t, test.options, testFacts)
			w := ask(a, http.MethodGet, "/", "Accept", "text/html", "Accept-Language", test.ask)
			require.Equal(t, test.lang, w.Header().Get("Content-Language"))
			require.Contains(t, w.Body.String(), `<html lang="`+test.lang+`" dir="`+test.dir+`"`)
			require.Contains(t, w.Body.String(), "<title>"+test.heading+"</title>")
		})
	}
}

func TestOwnTextsOfAKind(t *testing.T) {
	t.Parallel()
	o := Options{Messages: files("tlh.json", klingon)}
	for kind, heading := range map[string]string{"planned": "H", "emergency": "E", "starting": "H", "store-lost": "H"} {
		w := ask(testAnswers(t, o, Facts{Kind: kind}), http.MethodGet, "/", "Accept", "text/plain", "Accept-Language", "tlh")
		require.Equal(t, heading+"\n\nL\n\nU: N\n", w.Body.String())
	}
}

func TestOwnCatalogFaults(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", maxCatalogText+1)
	many := fstest.MapFS{}
	for i := range maxCatalogFiles + 1 {
		many[strings.Repeat("a", i+1)] = &fstest.MapFile{}
	}
	crowd := fstest.MapFS{}
	for a := range maxLanguages {
		crowd["x"+string(rune('a'+a/26))+string(rune('a'+a%26))+".json"] = &fstest.MapFile{Data: []byte(klingon)}
	}
	for name, test := range map[string]struct {
		options Options
		wants   []string
	}{
		"an unknown key":               {Options{Messages: files("de.json", `{"text":{"headng":"Zu"}}`)}, []string{`Messages: "de.json": text.headng is no key`, "text.KEY", "heading"}},
		"an unknown kind":              {Options{Messages: files("de.json", `{"kinds":{"holiday":{"heading":"Zu"}}}`)}, []string{"kinds.holiday.heading is no key", "store-lost"}},
		"a key with dots":              {Options{Messages: files("de.json", `{"text.heading":"a"}`)}, []string{`has "text.heading" as a name`}},
		"a key in another case":        {Options{Messages: files("de.json", `{"Text":{"heading":"Zu"}}`)}, []string{"Text.heading is no key"}},
		"a deep object":                {Options{Messages: files("de.json", `{"kinds":{"planned":{"heading":{"a":"b"}}}}`)}, []string{"kinds.planned.heading.a is no key"}},
		"a key twice":                  {Options{Messages: files("de.json", `{"text":{"back":"a","back":"b"}}`)}, []string{"has text.back twice"}},
		"an object twice":              {Options{Messages: files("de.json", `{"text":{"back":"a"},"text":{"back":"b"}}`)}, []string{"has text.back twice"}},
		"a number":                     {Options{Messages: files("de.json", `{"text":{"back":1}}`)}, []string{"text.back is not a text"}},
		"a list":                       {Options{Messages: files("de.json", `{"text":["a"]}`)}, []string{"text is not a text or an object of texts"}},
		"null":                         {Options{Messages: files("de.json", `null`)}, []string{"the file is not an object of texts"}},
		"a text as the file":           {Options{Messages: files("de.json", `"a"`)}, []string{"the file is not an object of texts"}},
		"no JSON":                      {Options{Messages: files("de.json", `{"text":`)}, []string{`"de.json": is not JSON`}},
		"an empty file":                {Options{Messages: files("de.json", ``)}, []string{`"de.json": is not JSON`}},
		"two values":                   {Options{Messages: files("de.json", `{}{}`)}, []string{"has more than one value"}},
		"no UTF-8":                     {Options{Messages: files("de.json", "{\"unavailable\":\"\xff\"}")}, []string{"is not UTF-8"}},
		"markup":                       {Options{Messages: files("de.json", `{"unavailable":"<b>"}`)}, []string{"unavailable holds < or >"}},
		"a bidi control":               {Options{Messages: files("de.json", `{"unavailable":"a\u202eb"}`)}, []string{"unavailable holds a control character"}},
		"a line break":                 {Options{Messages: files("de.json", `{"unavailable":"a\nb"}`)}, []string{"unavailable holds a control character"}},
		"an empty text":                {Options{Messages: files("de.json", `{"unavailable":""}`)}, []string{"unavailable is empty"}},
		"space around a text":          {Options{Messages: files("de.json", `{"unavailable":" a"}`)}, []string{"unavailable begins or ends with space"}},
		"a long text":                  {Options{Messages: files("de.json", `{"unavailable":"`+long+`"}`)}, []string{"unavailable has 501 bytes; want at most 500"}},
		"another direction":            {Options{Messages: files("de.json", `{"direction":"up"}`)}, []string{`direction is not a direction; want "ltr" or "rtl"`}},
		"a language that is not whole": {Options{Messages: files("tlh.json", `{"direction":"ltr","text":{"heading":"H"}}`)}, []string{`"tlh.json": lacks colon, unavailable, kinds.planned.lead`, "must have every text"}},
		"a close language is another":  {Options{Messages: files("nn.json", `{"unavailable":"a"}`)}, []string{`"nn.json": lacks direction`}},
		"a name that is no tag":        {Options{Messages: files("german.json", `{}`)}, []string{`"german.json": want the language as the name`}},
		"a tag in another case":        {Options{Messages: files("zh-hant.json", `{}`)}, []string{"want the language as the name", "zh-Hant.json"}},
		"two files for a language":     {Options{Messages: files("a/de.json", `{}`, "b/de.json", `{}`)}, []string{`"b/de.json": a second file`}},
		"no file":                      {Options{Messages: files("README.md", ``)}, []string{"has no *.json file"}},
		"a large file":                 {Options{Messages: files("de.json", strings.Repeat(" ", maxCatalogFile+1))}, []string{"de.json is larger than 64 KiB"}},
		"a large tree":                 {Options{Messages: many}, []string{"more than 1000 files"}},
		"too many languages":           {Options{Messages: crowd}, []string{`languages": want at most 100`}},
		"an unreadable file system":    {Options{Messages: brokenDisk{}}, []string{"Messages: cannot be read: no disk"}},
		"an unknown default language":  {Options{DefaultLanguage: "tlh"}, []string{`DefaultLanguage: "tlh": want one of`, "fr"}},
		"a default that is left out":   {Options{Languages: []string{"fr"}, DefaultLanguage: "de"}, []string{`DefaultLanguage: "de": want one of fr`}},
		"an unknown language":          {Options{Languages: []string{"fr", "tlh"}}, []string{`Languages[1]: "tlh": want one of`}},
		"several":                      {Options{Languages: []string{"tlh"}, Messages: files("de.json", `{"a":"b","unavailable":""}`)}, []string{"a is no key", "unavailable is empty", "Languages[0]"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := New(test.options)
			for _, want := range test.wants {
				require.ErrorContains(t, err, want)
			}
			var field *period.FieldError
			require.ErrorAs(t, err, &field)
		})
	}
}

// brokenDisk is a file system whose root cannot be read.
type brokenDisk struct{}

func (brokenDisk) Open(string) (fs.File, error) { return nil, errors.New("no disk") }

func FuzzCatalogFile(f *testing.F) {
	for _, file := range []string{
		`{}`, klingon, `{"text":{"back":"a","back":"b"}}`, `{"text":["a"]}`, `{"text":{"back":1}}`, `{} {}`, `null`, `"a"`, `{"a`,
		`{"text":{"text":{"text":{"text":{}}}}}`, `{"":""}`, `{"kinds":{"planned":{"heading":"\u202e"}}}`, "{\"colon\":\"\xff\"}",
		`{"direction":"rtl","colon":" ","unavailable":"a"}`,
	} {
		f.Add([]byte(file))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		texts, problems := parseCatalogFile(content)
		if problems != nil {
			require.NotContains(t, problems, "")
			return
		}
		for key, text := range texts {
			require.True(t, isKey(key), key)
			require.False(t, strings.ContainsFunc(text, forbidden), text)
			require.NotContains(t, text, "<")
		}
		var found faults
		c := newCatalog(Options{Messages: files("de.json", string(content))}, &found)
		require.Empty(t, found, "what a built-in language holds may be replaced")
		l := c.lookup.negotiate([]string{"de"})
		for key, text := range texts {
			if key == keyUnavailable {
				require.Equal(t, text, c.languages[l].unavailable)
			}
		}
	})
}
