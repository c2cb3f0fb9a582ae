package answer

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// A client chooses the language of the page and that of the reason by one header.
func TestClientsCannotFillTheMemoryWithPairsOfLanguages(t *testing.T) {
	t.Parallel()
	facts := spokenFacts
	facts.Reasons = map[string]string{}
	for n := range 32 {
		facts.Reasons[fmt.Sprintf("q%c%c", 'a'+n/26, 'a'+n%26)] = fmt.Sprintf("reason %d.", n)
	}
	a := testAnswers(t, Options{}, facts)
	for _, page := range a.settings.Languages() {
		for tag, reason := range facts.Reasons {
			for _, accept := range []string{"text/html", "application/json", "text/plain"} {
				for _, method := range []string{http.MethodGet, http.MethodPost} {
					got := ask(a, method, "/", "Accept", accept, "Accept-Language", tag+","+page)
					require.Equal(t, page, got.Header().Get("Content-Language"))
					require.Contains(t, got.Body.String(), reason)
				}
			}
		}
	}
	kept := 0
	for i := range a.languages {
		if v := &a.languages[i]; v.pages[0].value != nil || v.pages[1].value != nil || v.forms[0].value != nil || v.forms[1].value != nil {
			kept++
		}
	}
	require.LessOrEqual(t, kept, len(a.settings.Languages())+64)
	require.Greater(t, kept, 32)
}
