package browser

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/answer"
)

// A page of "downtime page" speaks the language of each visitor, follows the answers of a proxy, and
// reloads when the site is back. A browser that complains, also about its policy, fails the test.
func TestThePageOfAProxySpeaksTheVisitorsLanguage(t *testing.T) {
	t.Parallel()
	settings, err := answer.New(answer.Options{SiteName: "Small shop", Contact: "mailto:help@example.com", StatusURL: "https://status.example.com/"})
	require.NoError(t, err)
	facts := answer.Facts{Kind: answer.Unreachable, Until: time.Now().Add(90 * time.Minute)}
	many, one := settings.Standin(facts, "", false, false), settings.Standin(facts, "ru", false, true)
	for name, c := range map[string]struct {
		page                                  answer.Standin
		visitor, language, direction, heading string
	}{
		"a language of the page": {many, "de", "de", "ltr", "Vorübergehend nicht erreichbar"},
		"a variant of one":       {many, "zh-TW", "zh-Hant", "ltr", "暫時無法使用"},
		"one from right to left": {many, "ar", "ar", "rtl", "غير متاح مؤقتًا"},
		"another language":       {many, "sw", "en", "ltr", "Temporarily unavailable"},
		"a page of one language": {one, "de", "ru", "ltr", "Сайт временно недоступен"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var back atomic.Bool
			site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if back.Load() {
					_, _ = w.Write([]byte("<title>welcome</title>"))
					return
				}
				w.Header().Set("Downtime", "down;kind=unreachable")
				w.Header().Set("Content-Security-Policy", c.page.Policy+"; frame-ancestors 'none'")
				body := c.page.Page
				if w.Header().Set("Content-Type", "text/html; charset=utf-8"); r.Header.Get("Accept") == "application/problem+json" {
					w.Header().Set("Content-Type", "application/problem+json")
					body = c.page.Problem
				}
				w.WriteHeader(http.StatusServiceUnavailable)
				_, _ = w.Write(body)
			}))
			t.Cleanup(site.Close)
			b := newTab(t, person{language: c.visitor})
			require.Equal(t, http.StatusServiceUnavailable, b.open(site.URL))
			require.Equal(t, c.language, read[string](b, "document.documentElement.lang"))
			require.Equal(t, c.direction, read[string](b, "document.documentElement.dir"))
			require.Equal(t, c.heading, read[string](b, "document.querySelector('h1').textContent"))
			require.Equal(t, c.heading+" – Small shop", read[string](b, "document.title"))
			require.NotEmpty(t, read[string](b, "document.getElementById('left').textContent"))
			b.requireNoSidewaysScrolling()
			b.requireAccessibleOn("ground", name)
			back.Store(true)
			b.do(chromedp.Click(chromedp.CSS("#try")))
			b.until("document.title === 'welcome'")
		})
	}
}
