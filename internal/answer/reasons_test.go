package answer

import (
	"encoding/json"
	"html/template"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

var spokenFacts = Facts{
	Kind: "planned", Reason: "Moving the data", ReasonLang: "en",
	Reasons: map[string]string{"de": "Umzug der Daten", "cy": "Symud y data", "ar": "نقل البيانات", "pt-BR": "Mudança"},
}

func TestTheReasonIsNegotiatedAsThePageIs(t *testing.T) {
	t.Parallel()
	a := testAnswers(t, Options{}, spokenFacts)
	german := testAnswers(t, Options{DefaultLanguage: "de"}, spokenFacts)
	for name, test := range map[string]struct {
		a              *Answers
		accept         string
		page, language string
	}{
		"the language of the page":                {a, "de", "de", "de"},
		"a region of it":                          {a, "de-AT,de;q=0.9", "de", "de"},
		"a language with a region":                {a, "pt-BR", "pt-BR", "pt-BR"},
		"another region of that language":         {a, "pt", "pt-PT", "pt-BR"},
		"none of the languages of the reason":     {a, "fr", "fr", "en"},
		"the second choice":                       {a, "fr,de;q=0.5", "fr", "de"},
		"a language without texts":                {a, "cy", "en", "cy"},
		"the first one of two":                    {a, "en,de;q=0.9", "en", "en"},
		"the heavier one of two":                  {a, "en;q=0.2,de;q=0.9", "de", "de"},
		"all but one":                             {a, "en;q=0,de;q=0.1", "de", "de"},
		"every language":                          {a, "*", "en", "en"},
		"no language":                             {a, "", "en", "en"},
		"no language, and the page is German":     {german, "", "de", "de"},
		"an unknown one, and the page is German":  {german, "tlh", "de", "de"},
		"an excluded one, and the page is German": {german, "fr;q=0.1", "fr", "en"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := spokenFacts.Reasons[test.language]
			if test.language == "en" {
				text = spokenFacts.Reason
			}
			w := ask(test.a, http.MethodGet, "/", "Accept", "application/json", "Accept-Language", test.accept)
			var p problem
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p))
			require.Equal(t, text, p.Detail)
			require.Equal(t, test.language, p.ReasonLang)
			require.Equal(t, test.page, w.Header().Get("Content-Language"))
			require.Equal(t, "Accept, Accept-Language", w.Header().Get("Vary"))

			w = ask(test.a, http.MethodGet, "/", "Accept", "text/html", "Accept-Language", test.accept)
			require.Contains(t, w.Body.String(), `lang="`+test.language+`" dir="`+p.ReasonDir+`">`+text)
			require.Contains(t, w.Body.String(), `<html lang="`+test.page+`"`)
			require.Equal(t, test.page, w.Header().Get("Content-Language"))
			require.Contains(t, ask(test.a, http.MethodGet, "/", "Accept", "text/plain", "Accept-Language", test.accept).Body.String(), "  "+text+"\n")
		})
	}
}

func TestTheReasonSaysItsLanguageAndDirection(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		language, page string
		dir            string
	}{
		"as the page":               {"de", "de", "ltr"},
		"as a page in Arabic":       {"ar", "ar", "rtl"},
		"Persian on a German page":  {"fa", "de", "rtl"},
		"English on an Arabic page": {"en", "ar", "ltr"},
		"a variant of Arabic":       {"ar-EG", "en", "rtl"},
		"not known":                 {"", "ar", "auto"},
		"of an unknown script":      {"ur", "en", "auto"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := testAnswers(t, Options{}, Facts{Kind: "planned", Reason: "Disks", ReasonLang: test.language})
			page := ask(a, http.MethodGet, "/", "Accept", "text/html", "Accept-Language", test.page).Body.String()
			require.Contains(t, page, `lang="`+test.language+`" dir="`+test.dir+`">Disks</p>`)
			fragment := ask(a, http.MethodGet, "/", "Accept", "text/html", "Accept-Language", test.page, "Hx-Request", "true", "User-Agent", "x", "Accept-Encoding", "gzip", "Cookie", "a=b").Body.String()
			if test.language == test.page {
				require.Contains(t, fragment, "<p>Disks</p>")
			} else {
				require.Contains(t, fragment, `<p lang="`+test.language+`" dir="`+test.dir+`">Disks</p>`)
			}
			program := ask(a, http.MethodGet, "/", "Accept", "application/json", "Accept-Language", test.page).Body.String()
			if test.language == "" {
				require.NotContains(t, program, "reason_")
			} else {
				require.Contains(t, program, `"reason_lang":"`+test.language+`","reason_dir":"`+test.dir+`"`)
			}
		})
	}
}

func TestAnOwnPageGetsTheReasonOfTheVisitor(t *testing.T) {
	t.Parallel()
	page := template.Must(template.New("").Parse(`{{.Lang}}, {{.ReasonLang}} {{.ReasonDir}}: {{.Reason}}`))
	a := testAnswers(t, Options{Template: page}, spokenFacts)
	for accept, want := range map[string]string{
		"de": "de, de ltr: Umzug der Daten",
		"ar": "ar, ar rtl: نقل البيانات",
		"fr": "fr, en ltr: Moving the data",
	} {
		require.Equal(t, want, ask(a, http.MethodGet, "/", "Accept", "text/html", "Accept-Language", accept).Body.String())
	}
}

// The choice of a reason must not cost memory for each request.
//
//nolint:paralleltest // AllocsPerRun counts the allocations of every goroutine
func TestReasonsInSeveralLanguagesAllocateNothing(t *testing.T) {
	plain := spokenFacts
	plain.Reasons = nil
	perRequest := func(f Facts, accept string) float64 {
		a := testAnswers(t, Options{}, f)
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept", "text/html")
		r.Header.Set("Accept-Language", accept)
		w := &sink{header: http.Header{}}
		return testing.AllocsPerRun(100, func() {
			clear(w.header)
			a.Write(w, r)
		})
	}
	for _, accept := range []string{"de", "fr,de;q=0.5", "tlh", languageUsual} {
		require.Equal(t, perRequest(plain, accept), perRequest(spokenFacts, accept), accept)
	}
}
