package answer

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"html/template"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The policy allows the page its own style and script, in every rendering.
func TestPagePolicyAllowsThePage(t *testing.T) {
	t.Parallel()
	for name, facts := range map[string]Facts{
		"planned":  testFacts,
		"starting": {Kind: "starting"},
		"hostile":  {Kind: "planned", Reason: "</style><script>alert(1)</script>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := testAnswers(t, Options{}, facts)
			for _, tag := range builtinCatalog().lookup.tags {
				w := ask(a, http.MethodGet, "/", "Accept", "text/html", "Accept-Language", tag)
				policy := map[string]string{}
				for directive := range strings.SplitSeq(w.Header().Get("Content-Security-Policy"), "; ") {
					directive, value, _ := strings.Cut(directive, " ")
					policy[directive] = value
				}
				require.Equal(t, map[string]string{
					"default-src": "'none'", "connect-src": "'self'",
					"base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'",
					"style-src":  hashOf(t, w.Body.String(), "style"),
					"script-src": hashOf(t, w.Body.String(), "script"),
				}, policy)
			}
		})
	}
}

func hashOf(t *testing.T, page, element string) string {
	t.Helper()
	m := regexp.MustCompile(`(?s)<`+element+`[^>]*>(.*?)</`+element+`>`).FindAllStringSubmatch(page, -1)
	require.Len(t, m, 1)
	require.NotEmpty(t, m[0][1])
	sum := sha256.Sum256([]byte(m[0][1]))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func TestPageIsSelfContainedAndAccessible(t *testing.T) {
	t.Parallel()
	page := ask(testAnswers(t, Options{}, testFacts), http.MethodGet, "/", "Accept", "text/html").Body.String()
	for _, wanted := range []string{
		`<meta charset="utf-8">`, `name="viewport"`, `name="color-scheme"`, `<main>`, `<h1 id="heading"`, `role="status"`, `aria-live="polite"`,
		`prefers-color-scheme: dark`, `prefers-reduced-motion: reduce`, `<a class="button" id="try" href="">Try now</a>`,
		`<time id="since" dir="auto" datetime="2026-11-21T11:50:00Z">2026-11-21 11:50 UTC</time>`,
		`<time id="until" dir="auto" datetime="2026-11-21T12:20:00Z">2026-11-21 12:20 UTC</time>`,
		`data-downtime-page data-kind="planned"`, `lang="" dir="auto">Moving to a larger database</p>`,
	} {
		require.Contains(t, page, wanted)
	}
	for _, unwanted := range []string{"http://", "https://", "url(", "@import", " src=", "<link", "style=", "onclick", "innerHTML", "eval(", `http-equiv="refresh"`, "data-sent>"} {
		require.NotContains(t, page, unwanted)
	}
	require.Less(t, len(page), 12_000)
}

// A refused form was not processed. Each form of the answer says so, and the page leads back to it.
func TestARequestThatSentSomethingIsToldThatItWasNotProcessed(t *testing.T) {
	t.Parallel()
	const said = "The request was not processed."
	settings, err := New(Options{Template: template.Must(template.New("own").Parse(`{{if .Sent}}{{.Text.NotProcessed}}{{else}}{{.Reason}}{{end}}`))})
	require.NoError(t, err)
	sites := map[string]*Answers{
		"built-in page": testAnswers(t, Options{RedirectURL: "https://status.test/"}, testFacts),
		"own page":      settings.Prepare(testFacts, testNow, func(err error) { t.Error(err) }),
	}
	for method, sent := range map[string]bool{
		"GET": false, "HEAD": false, "OPTIONS": false, "TRACE": false, "QUERY": false, "PROPFIND": false,
		"POST": true, "PUT": true, "PATCH": true, "DELETE": true, "get": true, "BUY": true,
	} {
		for name, a := range sites {
			for f := range formats {
				t.Run(method+" of "+contentTypes[f][0]+", "+name, func(t *testing.T) {
					t.Parallel()
					w := ask(a, method, "/", "Accept", testAccept[f])
					if w.Code == http.StatusFound {
						require.False(t, sent)
						return
					}
					require.Equal(t, http.StatusServiceUnavailable, w.Code)
					require.Equal(t, sent, strings.Contains(w.Body.String(), said))
					if method != http.MethodHead {
						require.Equal(t, w.Header().Get("Content-Length"), strconv.Itoa(w.Body.Len()))
					}
				})
			}
		}
	}
	a := sites["built-in page"]
	page := ask(a, http.MethodPost, "/", "Accept", "text/html").Body.String()
	require.Contains(t, page, `data-kind="planned" data-sent>`)
	require.NotContains(t, page, "href=", "a link would ask by GET for what was sent")
	require.Contains(t, ask(a, http.MethodPost, "/", "Accept", "application/json").Body.String(), `"detail":"The request was not processed. Moving to a larger database"`)
	require.Contains(t, ask(a, http.MethodPost, "/", "Accept", "text/plain", "Accept-Language", "de").Body.String(), "\n\nDie Anfrage wurde nicht verarbeitet.\n\n  Moving")
	fragment := ask(a, http.MethodPost, "/", "Hx-Request", "true", "Accept", "*/*", "A", "1", "B", "2", "C", "3", "D", "4").Body.String()
	require.Contains(t, fragment, "<p>"+said+"</p>")
	require.Contains(t, ask(testAnswers(t, Options{}, Facts{Kind: "starting"}), "POST", "/", "Accept", "application/json").Body.String(), `"detail":"`+said+`"`)
}

func TestPageLeavesOutWhatIsUnknown(t *testing.T) {
	t.Parallel()
	page := ask(testAnswers(t, Options{}, Facts{Kind: "planned"}), http.MethodGet, "/", "Accept", "text/html").Body.String()
	require.NotContains(t, page, " datetime=")
	require.Contains(t, page, `<div hidden><dt>Down since</dt>`)
	require.Contains(t, page, `dir="auto" hidden></p>`)
	require.NotContains(t, page, "0001")
	require.Contains(t, page, "Not known yet")
}

// The end is rounded up and the beginning down.
func TestPageRoundsOutward(t *testing.T) {
	t.Parallel()
	facts := Facts{Kind: "planned", Since: testNow.Add(59*time.Second + 1), Until: testNow.Add(time.Hour + 1)}
	page := ask(testAnswers(t, Options{}, facts), http.MethodGet, "/", "Accept", "text/html").Body.String()
	require.Contains(t, page, `datetime="2026-11-21T12:00:59Z">2026-11-21 12:00 UTC<`)
	require.Contains(t, page, `datetime="2026-11-21T13:00:01Z">2026-11-21 13:01 UTC<`)
}

func TestPageContrast(t *testing.T) {
	t.Parallel()
	light, dark, ok := strings.Cut(pageHTML, "prefers-color-scheme: dark")
	require.True(t, ok)
	dark, _, ok = strings.Cut(dark, "* { box-sizing")
	require.True(t, ok)
	for name, css := range map[string]string{"light": light, "dark": dark} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			color := func(variable string) []string {
				m := regexp.MustCompile(`--`+variable+`: #([0-9a-f]{6})`).FindAllStringSubmatch(css, -1)
				require.NotEmpty(t, m, variable)
				var all []string
				for _, c := range m {
					all = append(all, c[1])
				}
				return all
			}
			for _, ground := range append(color("ground"), color("glow")...) {
				for _, text := range append(color("ink"), color("soft")...) {
					require.GreaterOrEqual(t, contrast(t, ground, text), 4.5, "WCAG AA for text: %s on %s", text, ground)
				}
				accents := color("accent")
				require.Len(t, accents, 3)
				for _, accent := range accents {
					require.GreaterOrEqual(t, contrast(t, ground, accent), 3.0, "WCAG AA for graphics: %s on %s", accent, ground)
				}
			}
		})
	}
}

// contrast is the ratio of WCAG 2 between two colors.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	luminance := func(hex string) float64 {
		n, err := strconv.ParseUint(hex, 16, 32)
		require.NoError(t, err)
		sum := 0.0
		for i, share := range []float64{0.2126, 0.7152, 0.0722} {
			c := float64(n>>(16-8*i)&0xff) / 255
			if c <= 0.04045 {
				c /= 12.92
			} else {
				c = math.Pow((c+0.055)/1.055, 2.4)
			}
			sum += share * c
		}
		return sum
	}
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func TestPageTemplate(t *testing.T) {
	t.Parallel()
	own := template.Must(template.New("own").Parse(
		`{{.Lang}}|{{.Kind}}|{{.Status}}|{{.Reason}}|{{.Since.Format "15:04"}}|{{.Until.IsZero}}|{{.Text.Heading}}`))
	a := testAnswers(t, Options{Template: own, CSP: "default-src 'self'", Status: 500}, Facts{Kind: "planned", Reason: "A & B", Since: testNow})
	w := ask(a, http.MethodGet, "/", "Accept", "text/html", "Accept-Language", "fr")
	require.Equal(t, "fr|planned|500|A &amp; B|12:00|true|Site en maintenance", w.Body.String())
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.Equal(t, "default-src 'self'", w.Header().Get("Content-Security-Policy"))
	require.Equal(t, "text/html; charset=utf-8", w.Header().Get("Content-Type"))
}

func TestPageTemplateSeesTheConvertedPage(t *testing.T) {
	t.Parallel()
	type data struct{ Language string }
	own := template.Must(template.New("own").Parse(`{{.Language}}`))
	_, err := New(Options{Template: own})
	require.ErrorContains(t, err, "Language", "without a conversion it sees the Page")
	a := testAnswers(t, Options{Template: own, TemplateData: func(p Page) any { return data{p.Lang} }}, testFacts)
	require.Equal(t, "es", ask(a, http.MethodGet, "/", "Accept", "text/html", "Accept-Language", "es").Body.String())
}

func TestPageTemplateBelongsToTheSettings(t *testing.T) {
	t.Parallel()
	own := template.Must(template.New("own").Parse(`{{template "name"}}{{define "name"}}before{{end}}`))
	s, err := New(Options{Template: own})
	require.NoError(t, err)
	_, err = own.Parse(`{{define "name"}}after{{end}}`)
	require.NoError(t, err, "the check leaves the caller's template unexecuted")
	w := ask(s.Prepare(testFacts, testNow, nil), http.MethodGet, "/", "Accept", "text/html")
	require.Equal(t, "before", w.Body.String())
}

func TestPageTemplateThatWasExecutedBefore(t *testing.T) {
	t.Parallel()
	own := template.Must(template.New("own").Parse(`hello {{.Kind}}`))
	require.NoError(t, own.Execute(&bytes.Buffer{}, Page{}))
	a := testAnswers(t, Options{Template: own}, testFacts)
	require.Equal(t, "hello planned", ask(a, http.MethodGet, "/", "Accept", "text/html").Body.String())
}

// A template can fail on data that the check in New did not have.
func TestPageTemplateThatFailsLaterIsReplaced(t *testing.T) {
	t.Parallel()
	fail := func(kind, lang string) (string, error) {
		if kind == "emergency" && lang == "de" {
			return "", errors.New("no such picture")
		}
		return kind, nil
	}
	own := template.Must(template.New("own").Funcs(template.FuncMap{"picture": fail}).Parse(`own {{picture .Kind .Lang}}`))
	settings, err := New(Options{Template: own, CSP: "default-src 'self'"})
	require.NoError(t, err)
	var faults []error
	a := settings.Prepare(Facts{Kind: "emergency"}, testNow, func(err error) { faults = append(faults, err) })
	w := ask(a, http.MethodGet, "/", "Accept", "text/html", "Accept-Language", "de")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Contains(t, w.Body.String(), "Es gibt eine Störung")
	ask(a, http.MethodGet, "/", "Accept", "text/html", "Accept-Language", "de")
	require.Len(t, faults, 1, "it is rendered once")
	require.ErrorContains(t, faults[0], "no such picture")
	require.ErrorContains(t, faults[0], "built-in page")
	require.NotContains(t, w.Body.String(), "picture")
	require.Contains(t, w.Header().Get("Content-Security-Policy"), "'sha256-", "the policy of the page that is sent")
	w = ask(a, http.MethodGet, "/", "Accept", "text/html")
	require.Equal(t, "own emergency", w.Body.String(), "in other languages it works")

	a = settings.Prepare(Facts{Kind: "emergency"}, testNow, nil)
	w = ask(a, http.MethodGet, "/", "Accept", "text/html", "Accept-Language", "de")
	require.Contains(t, w.Body.String(), "Es gibt eine Störung", "a nil onFault changes nothing else")
}

func TestPageTemplateThatPanics(t *testing.T) {
	t.Parallel()
	own := template.Must(template.New("own").Funcs(template.FuncMap{"boom": func() string { panic("boom") }}).Parse(`{{boom}}`))
	_, err := New(Options{Template: own})
	require.ErrorContains(t, err, "boom")
}

func TestPageBytes(t *testing.T) {
	t.Parallel()
	own := []byte("<!DOCTYPE html><title>Closed</title>{{.Reason}}")
	a := testAnswers(t, Options{Bytes: own}, testFacts)
	own[0] = 'X'
	w := ask(a, http.MethodGet, "/", "Accept", "text/html", "Accept-Language", "de")
	require.Equal(t, "<!DOCTYPE html><title>Closed</title>{{.Reason}}", w.Body.String())
	require.NotContains(t, w.Header(), "Content-Security-Policy", "the policy is for the page's author to set")
	require.NotContains(t, w.Header(), "Content-Language", "its language is unknown")
	require.Equal(t, http.StatusServiceUnavailable, ask(a, http.MethodGet, "/", "Accept", "application/json").Code)
}

// Concurrent first clients get the same answers, in every form and language.
func TestAnswersAreRenderedOnce(t *testing.T) {
	t.Parallel()
	a := testAnswers(t, Options{}, testFacts)
	var wg sync.WaitGroup
	for l, tag := range builtinCatalog().lookup.tags {
		for f := range formats {
			for _, method := range []string{"GET", "POST"} {
				first := make(chan *byte, 8)
				for range cap(first) {
					wg.Go(func() {
						require.Equal(t, tag, ask(a, method, "/", "Accept", testAccept[f], "Accept-Language", tag).Header().Get("Content-Language"))
						first <- &a.form(f, language(l), 0, method == "POST").body[0]
					})
				}
				wg.Wait()
				body := <-first
				for range cap(first) - 1 {
					require.Same(t, body, <-first)
				}
			}
		}
	}
}

// Concurrent first clients get one page, rendered once.
func TestPageIsRenderedOnce(t *testing.T) {
	t.Parallel()
	var rendered atomic.Int64
	own := template.Must(template.New("own").Funcs(template.FuncMap{"count": func() int64 { return rendered.Add(1) }}).Parse(`{{count}} {{.Lang}}`))
	a := testAnswers(t, Options{Template: own}, testFacts)
	before := rendered.Load() // New has rendered it as well
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for _, lang := range []string{"en", "de"} {
				require.Contains(t, ask(a, http.MethodGet, "/", "Accept", "text/html", "Accept-Language", lang).Body.String(), lang)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 2, rendered.Load()-before)
}
