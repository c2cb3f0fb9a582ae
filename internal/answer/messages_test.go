package answer

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// flatten returns every text of m by a name.
func flatten(m *messages) map[string]string {
	all := map[string]string{"tag": m.tag, "unavailable": m.unavailable, "colon": m.colon}
	for kind, h := range m.kinds {
		all[kind+".heading"], all[kind+".lead"] = h.heading, h.lead
	}
	page := reflect.ValueOf(m.page)
	for i := range page.NumField() {
		switch name := page.Type().Field(i).Name; name {
		case "Heading", "Lead": // come from kinds
		default:
			all["page."+name] = page.Field(i).String()
		}
	}
	return all
}

func TestMessagesAreComplete(t *testing.T) {
	t.Parallel()
	// These are the same as in English.
	same := map[string]bool{"de colon": true, "es colon": true}
	kinds := []string{"planned", "emergency", "starting", "store-lost"}
	inEnglish := flatten(&translations[english])
	for l := range languages {
		m := &translations[l]
		t.Run(m.tag, func(t *testing.T) {
			t.Parallel()
			own := flatten(m)
			require.Len(t, own, len(inEnglish))
			for name, text := range inEnglish {
				require.NotEmpty(t, strings.TrimSpace(own[name]), "%s is missing", name)
				require.NotContains(t, own[name], "%")
				if l != english {
					require.Equal(t, same[m.tag+" "+name], own[name] == text, "%s: %q", name, text)
				}
			}
			require.Len(t, m.kinds, len(kinds))
			for _, kind := range kinds {
				text := reflect.ValueOf(m.text(kind))
				for i := range text.NumField() {
					require.NotEmpty(t, text.Field(i).String(), "%s: %s", kind, text.Type().Field(i).Name)
				}
			}
		})
	}
}

func TestEveryLanguageIsChosen(t *testing.T) {
	t.Parallel()
	a := testAnswers(t, Options{}, testFacts)
	for l := range languages {
		m := &translations[l]
		for f := range formats {
			w := ask(a, http.MethodGet, "/", "Accept", testAccept[f], "Accept-Language", "ja,"+m.tag+"-XX;q=0.7,it;q=0.6")
			switch f {
			case formatText:
				require.Contains(t, w.Body.String(), m.kinds["planned"].heading)
				require.Equal(t, m.tag, w.Header().Get("Content-Language"))
			case formatHTML:
				require.Contains(t, w.Body.String(), "<title>"+m.kinds["planned"].heading+"</title>")
				require.Contains(t, w.Body.String(), `<html lang="`+m.tag+`" dir="ltr"`)
			case formatJSON:
				require.Contains(t, w.Body.String(), `"title":"`+m.unavailable+`"`)
				require.Equal(t, m.tag, w.Header().Get("Content-Language"))
			}
		}
	}
}
