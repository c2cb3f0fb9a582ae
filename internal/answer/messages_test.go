package answer

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every language has every text, for every kind, and nothing else.
func TestBuiltinCatalogIsComplete(t *testing.T) {
	t.Parallel()
	inEnglish := builtinTexts()["en"]
	for tag, texts := range builtinTexts() {
		t.Run(tag, func(t *testing.T) {
			t.Parallel()
			_, missing := newMessages(tag, texts)
			require.Empty(t, missing)
			require.Contains(t, texts, keyReviewedBy)
			for key, text := range texts {
				require.Contains(t, inEnglish, key, "English has no text of its own for this")
				require.Empty(t, textProblem(key, text), key)
				require.NotContains(t, text, "%")
				require.NotContains(t, text, "&")
				require.NotContains(t, text, "...", "an ellipsis is one character")
				if tag == "fr" {
					require.NotRegexp(t, `[^\x{a0}][:;!?]`, text, "a no-break space stands before double punctuation")
				}
				if key != underText+"contact" && tag != "en" && (strings.HasPrefix(key, underText) || strings.HasPrefix(key, underKinds)) {
					require.NotEqual(t, inEnglish[key], text, "%s is not translated", key)
				}
			}
			for key := range inEnglish {
				require.Contains(t, texts, key)
			}
		})
	}
}

func TestEveryLanguageIsChosen(t *testing.T) {
	t.Parallel()
	a := testAnswers(t, Options{}, testFacts)
	for _, m := range builtinCatalog().languages {
		for f := range formats {
			w := ask(a, http.MethodGet, "/", "Accept", testAccept[f], "Accept-Language", "tlh,"+m.tag+"-XX;q=0.7,x-none;q=0.6")
			switch f {
			case formatText:
				require.Contains(t, w.Body.String(), m.kinds["planned"].Heading)
				require.Equal(t, m.tag, w.Header().Get("Content-Language"))
			case formatHTML:
				require.Contains(t, w.Body.String(), "<title>"+m.kinds["planned"].Heading+"</title>")
				require.Contains(t, w.Body.String(), `<html lang="`+m.tag+`" dir="`+m.dir+`"`)
				require.Equal(t, m.tag, w.Header().Get("Content-Language"))
			case formatJSON:
				require.Contains(t, w.Body.String(), `"title":"`+m.unavailable+`"`)
				require.Equal(t, m.tag, w.Header().Get("Content-Language"))
			}
		}
	}
}
