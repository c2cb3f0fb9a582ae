package answer

import (
	"cmp"
	"encoding/json"
	"errors"
	"html/template"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
)

var (
	testNow   = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	testFacts = Facts{
		Kind: "planned", Reason: "Moving to a larger database",
		Since: testNow.Add(-10 * time.Minute), Until: testNow.Add(20 * time.Minute),
	}
	// testAccept asks for each format.
	testAccept = [formats]string{formatText: "text/plain", formatHTML: "text/html", formatJSON: "application/json"}
)

// testAnswers prepares answers at testNow. A fault of an own page fails the test.
func testAnswers(t *testing.T, o Options, f Facts) *Answers {
	t.Helper()
	s, err := New(o)
	require.NoError(t, err)
	return s.Prepare(f, testNow, func(err error) { t.Errorf("own page: %v", err) })
}

// ask sends a request of this method and these headers (name, value, …) to a.
func ask(a *Answers, method, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	a.Write(w, r)
	return w
}

func TestAnswerBodies(t *testing.T) {
	t.Parallel()
	extensions := [formats]string{formatText: ".txt", formatHTML: ".html", formatJSON: ".json"}
	for name, facts := range map[string]Facts{
		"planned":    testFacts,
		"open-ended": {Kind: "planned", Since: testFacts.Since},
		"emergency":  {Kind: "emergency"},
		"starting":   {Kind: "starting"},
		"store-lost": {Kind: "store-lost", Since: testFacts.Since},
	} {
		a := testAnswers(t, Options{}, facts)
		for _, tag := range []string{"en", "de", "es", "fr", "ar"} {
			for f := range formats {
				t.Run(name+" in "+tag+extensions[f], func(t *testing.T) {
					t.Parallel()
					w := ask(a, http.MethodGet, "/", "Accept", testAccept[f], "Accept-Language", tag)
					require.Equal(t, http.StatusServiceUnavailable, w.Code)
					body := w.Body.String()
					if f == formatJSON {
						body = strings.Replace(body, `"retry_after":`+w.Header().Get("Retry-After"), `"retry_after":0`, 1)
						require.True(t, json.Valid([]byte(body)))
					}
					requireGolden(t, "answers/"+name+"."+tag+extensions[f], []byte(body))
				})
			}
		}
	}
}

func TestAnswerHeaders(t *testing.T) {
	t.Parallel()
	a := testAnswers(t, Options{}, testFacts)
	types := [formats]string{
		formatText: "text/plain; charset=utf-8",
		formatHTML: "text/html; charset=utf-8",
		formatJSON: "application/problem+json",
	}
	for f := range formats {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY", "get"} {
			t.Run(method+" of "+types[f], func(t *testing.T) {
				t.Parallel()
				w := ask(a, method, "/", "Accept", testAccept[f], "Accept-Language", "de", "If-None-Match", "*", "Range", "bytes=0-1")
				h := w.Header()
				require.Equal(t, http.StatusServiceUnavailable, w.Code)
				require.Equal(t, []string{types[f]}, h["Content-Type"])
				require.Equal(t, []string{"no-store"}, h["Cache-Control"])
				require.Equal(t, []string{"Accept, Accept-Language"}, h["Vary"])
				require.Equal(t, []string{"down;kind=planned"}, h["Downtime"])
				seconds, err := strconv.Atoi(h.Get("Retry-After"))
				require.NoError(t, err)
				require.GreaterOrEqual(t, seconds, 300)
				require.LessOrEqual(t, seconds, 360)
				if f == formatHTML {
					require.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'")
				} else {
					require.Equal(t, []string{"nosniff"}, h["X-Content-Type-Options"])
				}
				require.Equal(t, []string{"de"}, h["Content-Language"])
				require.LessOrEqual(t, len(h), 8, "a ninth header costs each response a larger map")
				length, err := strconv.Atoi(h.Get("Content-Length"))
				require.NoError(t, err)
				require.Positive(t, length)
				if method == http.MethodHead {
					require.Zero(t, w.Body.Len())
				} else {
					require.Equal(t, length, w.Body.Len())
				}
			})
		}
	}
}

func TestAnswerDowntimeHeader(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"planned", "emergency", "starting", "store-lost"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, "down;kind="+kind, ask(testAnswers(t, Options{}, Facts{Kind: kind}), "GET", "/").Header().Get("Downtime"))
		})
	}
}

func TestAnswerRetryAfterInJSONIsTheHeader(t *testing.T) {
	t.Parallel()
	a := testAnswers(t, Options{}, testFacts)
	seen := map[string]bool{}
	for _, left := range []time.Duration{time.Hour, 90 * time.Second, 8 * time.Second, 2 * time.Second, -time.Second} {
		a.Tick(testFacts.Until.Add(-left))
		for range 100 {
			w := ask(a, "GET", "/", "Accept", "application/json")
			var body struct {
				RetryAfter int `json:"retry_after"`
			}
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
			require.Equal(t, w.Header().Get("Retry-After"), strconv.Itoa(body.RetryAfter))
			require.Equal(t, w.Header().Get("Content-Length"), strconv.Itoa(w.Body.Len()))
			seen[w.Header().Get("Retry-After")] = true
		}
	}
	require.Greater(t, len(seen), 25, "the values spread")
}

func TestAnswerRetryAfterIsNotKeyedByTheAddress(t *testing.T) {
	t.Parallel()
	a := testAnswers(t, Options{}, testFacts)
	seen := map[string]bool{}
	for range 500 {
		seen[ask(a, "GET", "/").Header().Get("Retry-After")] = true // all from one address
	}
	require.Len(t, seen, retryVariants)
}

func TestAnswerJSON(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		options Options
		facts   Facts
		want    map[string]any
	}{
		"everything known": {Options{}, testFacts, map[string]any{
			"type": problemType, "title": "Service Unavailable", "status": 503.0, "kind": "planned",
			"detail": "Moving to a larger database", "since": "2026-11-21T11:50:00Z", "until": "2026-11-21T12:20:00Z",
		}},
		"nothing known": {Options{}, Facts{Kind: "starting"}, map[string]any{
			"type": problemType, "title": "Service Unavailable", "status": 503.0, "kind": "starting",
		}},
		"another status": {Options{Status: 429}, Facts{Kind: "planned"}, map[string]any{
			"type": problemType, "title": "Service Unavailable", "status": 429.0, "kind": "planned",
		}},
		"a status without a name": {Options{Status: 599}, Facts{Kind: "planned"}, map[string]any{
			"type": problemType, "title": "Service Unavailable", "status": 599.0, "kind": "planned",
		}},
		"instants in UTC and whole seconds, the end rounded up": {Options{}, Facts{
			Kind:  "planned",
			Since: time.Date(2026, 11, 21, 12, 0, 0, 999, time.FixedZone("", 3600)),
			Until: time.Date(2026, 11, 21, 14, 0, 0, 1, time.FixedZone("", 3600)),
		}, map[string]any{
			"type": problemType, "title": "Service Unavailable", "status": 503.0, "kind": "planned",
			"since": "2026-11-21T11:00:00Z", "until": "2026-11-21T13:00:01Z",
		}},
		"an instant that JSON cannot hold is left out": {Options{}, Facts{
			Kind: "planned", Until: time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC),
		}, map[string]any{
			"type": problemType, "title": "Service Unavailable", "status": 503.0, "kind": "planned",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := ask(testAnswers(t, test.options, test.facts), "GET", "/", "Accept", "application/json")
			var got map[string]any
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
			require.Contains(t, got, "retry_after")
			delete(got, "retry_after")
			require.Equal(t, test.want, got)
		})
	}
}

func TestAnswerRepeatsNothingOfTheRequest(t *testing.T) {
	t.Parallel()
	a := testAnswers(t, Options{}, testFacts)
	for f := range formats {
		w := ask(a, "GET", "/secret-path?secret=query", "Accept", testAccept[f], "User-Agent", "secret-agent")
		require.NotContains(t, w.Body.String(), "secret")
		for name, values := range w.Header() {
			require.NotContains(t, name+strings.Join(values, ""), "secret")
		}
	}
}

func TestAnswerHostileReason(t *testing.T) {
	t.Parallel()
	own := template.Must(template.New("own").Parse(`<!DOCTYPE html><title>{{.Reason}}</title><p title="{{.Reason}}">{{.Reason}}</p><script>let r = {{.Reason}};</script>`))
	for name, reason := range map[string]string{
		"a script":                    `<script>alert(1)</script>`,
		"an attribute that ends":      `"><img src=x onerror=alert(1)>`,
		"an apostrophe":               `' onmouseover='alert(1)`,
		"a title that ends":           `</title><script>alert(1)</script>`,
		"a paragraph that ends":       `</p></main><script>alert(1)</script>`,
		"a template action":           `{{.}} {{template "x"}} {{printf "%s" .Reason}}`,
		"line separators":             "a\u2028b\u2029c",
		"terminal escapes":            "\x1b]0;pwned\x07\x1b[2J\x9b31m",
		"text that runs backwards":    "a\u202eb\u2066c",
		"invisible text":              "a\u200b\u200f\ufeff\U000e0041\U000e007fb",
		"a line that looks like ours": "later\r\nExpected end: 2020-01-01T00:00:00Z",
		"a NUL":                       "a\x00b",
		"not UTF-8":                   "a\xff\xfeb",
		"a JSON string that ends":     `","status":200,"x":"`,
		"a comment":                   `<!-- --!> -->`,
	} {
		for page, o := range map[string]Options{"built-in page": {}, "own page": {Template: own}} {
			t.Run(name+", "+page, func(t *testing.T) {
				t.Parallel()
				facts := testFacts
				facts.Reason = reason
				a := testAnswers(t, o, facts)
				body := func(f format) string {
					return ask(a, "GET", "/", "Accept", testAccept[f]).Body.String()
				}
				html, text := body(formatHTML), body(formatText)
				require.Equal(t, 1, strings.Count(html, "<script"))
				require.Equal(t, 1, strings.Count(html, "</title>"))
				for _, s := range []string{"<img", "<!-- -", "\u2028", "\u202e", "\x00", "\x1b", "\u200b", "\u200f", "\ufeff", "\U000e0041"} {
					require.NotContains(t, html, s)
				}
				for _, r := range text {
					require.True(t, r == '\n' || (r >= 0x20 && r != 0x7f && (r < 0x80 || r > 0x9f) &&
						r != 0x2028 && r != 0x2029 && r != 0x202e && r != 0x2066 && r != 0x200f && r < 0xe0000), "%q", r)
				}
				ends := 0
				for line := range strings.Lines(text) {
					if strings.HasPrefix(line, "Expected end") {
						ends++
					}
				}
				require.Equal(t, 1, ends)
				var p struct {
					Status int    `json:"status"`
					Detail string `json:"detail"`
				}
				require.NoError(t, json.Unmarshal([]byte(body(formatJSON)), &p))
				require.Equal(t, http.StatusServiceUnavailable, p.Status)
				require.Equal(t, cleanReason(reason), p.Detail)
				require.NotContains(t, body(formatJSON), "<")
			})
		}
	}
}

// unreadable is a body that must not be read.
type unreadable struct{ t *testing.T }

func (u unreadable) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

func TestAnswerDoesNotReadTheBody(t *testing.T) {
	t.Parallel()
	a := testAnswers(t, redirectTo("/down"), testFacts)
	for f := range formats {
		r := httptest.NewRequest(http.MethodPost, "/", unreadable{t})
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept", testAccept[f])
		w := httptest.NewRecorder()
		a.Write(w, r)
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
	}
}

func TestAnswerOnTheWire(t *testing.T) {
	t.Parallel()
	a := testAnswers(t, Options{}, testFacts)
	server := httptest.NewServer(http.HandlerFunc(a.Write))
	t.Cleanup(server.Close)
	for f := range formats {
		var headers [2]http.Header
		for i, method := range []string{http.MethodGet, http.MethodHead} {
			r, err := http.NewRequestWithContext(t.Context(), method, server.URL, nil)
			require.NoError(t, err)
			r.Header.Set("Accept", testAccept[f])
			response, err := server.Client().Do(r)
			require.NoError(t, err)
			body, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
			if method == http.MethodHead {
				require.Empty(t, body)
			} else {
				require.Equal(t, response.ContentLength, int64(len(body)))
			}
			response.Header.Del("Date")
			response.Header.Del("Retry-After")
			headers[i] = response.Header
		}
		require.Equal(t, headers[0], headers[1])
	}
}

func TestAnswerWhileItTicks(t *testing.T) {
	t.Parallel()
	a := testAnswers(t, Options{}, testFacts)
	var wg sync.WaitGroup
	wg.Go(func() {
		for now := testNow; !now.IsZero(); {
			now = a.Tick(now)
		}
	})
	for range 4 {
		wg.Go(func() {
			for range 200 {
				w := ask(a, "GET", "/", "Accept", "application/json")
				if !strings.HasSuffix(w.Body.String(), `"retry_after":`+w.Header().Get("Retry-After")+"}\n") {
					t.Errorf("Retry-After %s: %s", w.Header().Get("Retry-After"), w.Body)
				}
			}
		})
	}
	wg.Wait()
	require.Zero(t, a.Tick(testFacts.Until), "overdue stays overdue")
}

func TestAnswerAllocatesNothing(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts the allocations of the whole process
	a := testAnswers(t, Options{}, testFacts)
	redirect := testAnswers(t, redirectTo("/down"), testFacts)
	for name, headers := range map[string][2]string{
		"nothing asked":   {"", ""},
		"HTML":            {"text/html", "de"},
		"JSON":            {"application/json", "fr"},
		"a browser":       {acceptChrome, languageUsual},
		"an image":        {acceptImage, languageUsual},
		"something odd":   {`x/y;a="b,c";q=0.1, text/*;q=0.5`, "ja;q=0.1, *"},
		"a large header":  {strings.Repeat("a/b;q=0.1,", 1<<16), strings.Repeat("x,", 1<<16)},
		"a quote, no end": {`a/b;c="` + strings.Repeat("x", 1<<16), `a;b="`},
	} {
		r := benchRequest(headers[0], headers[1])
		w := &sink{header: make(http.Header)}
		require.Zero(t, testing.AllocsPerRun(100, func() {
			clear(w.header)
			a.Write(w, r)
		}), name)
		require.Zero(t, testing.AllocsPerRun(100, func() {
			clear(w.header)
			redirect.Write(w, r)
		}), name)
		require.Zero(t, testing.AllocsPerRun(100, func() {
			clear(w.header)
			a.Announce(w, r)
		}), name)
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		options Options
		fields  []string // of the faults
	}{
		"the zero value is fine":         {Options{}, nil},
		"another status":                 {Options{Status: 500}, nil},
		"the lowest status":              {Options{Status: 400}, nil},
		"the highest status":             {Options{Status: 599}, nil},
		"a status of success":            {Options{Status: 200}, []string{"StatusCode"}},
		"a status of redirection":        {Options{Status: 302}, []string{"StatusCode"}},
		"a status that is none":          {Options{Status: 600}, []string{"StatusCode"}},
		"a negative status":              {Options{Status: -1}, []string{"StatusCode"}},
		"a policy without a page":        {Options{CSP: "default-src 'none'"}, []string{"PageCSP"}},
		"a policy of two lines":          {Options{Bytes: []byte("x"), CSP: "a\r\nb"}, []string{"PageCSP"}},
		"a policy with a letter é":       {Options{Bytes: []byte("x"), CSP: "é"}, []string{"PageCSP"}},
		"an empty page":                  {Options{Bytes: []byte{}}, []string{"PageBytes"}},
		"a page that is not UTF-8":       {Options{Bytes: []byte("\xe9")}, []string{"PageBytes"}},
		"a page and a template":          {Options{Bytes: []byte("x"), Template: template.Must(template.New("t").Parse("x"))}, []string{"PageBytes"}},
		"a template never parsed":        {Options{Template: template.New("t")}, []string{"PageTemplate"}},
		"a template with a wrong field":  {Options{Template: template.Must(template.New("t").Parse("{{.Reasons}}"))}, []string{"PageTemplate"}},
		"a template that fails if bare":  {Options{Template: template.Must(template.New("t").Parse("{{slice .Reason 0 3}}"))}, []string{"PageTemplate"}},
		"a template that cannot escape":  {Options{Template: template.Must(template.New("t").Parse("<a href='{{if .Reason}}'{{end}}>"))}, []string{"PageTemplate"}},
		"several at once are all named":  {Options{Status: 1, CSP: "a\nb", RedirectURL: "//x"}, []string{"StatusCode", "PageCSP", "PageCSP", "RedirectURL"}},
		"a template that calls too much": {Options{Template: template.Must(template.New("t").Parse("{{call .Reason}}"))}, []string{"PageTemplate"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := New(test.options)
			var got []string
			for _, fault := range fieldErrors(err) {
				require.NotEmpty(t, fault.Problem)
				got = append(got, fault.Field)
			}
			require.Equal(t, test.fields, got, "%v", err)
			if err == nil {
				require.Equal(t, cmp.Or(test.options.Status, 503), s.Status())
			}
		})
	}
}

// fieldErrors are all faults that are joined in err.
func fieldErrors(err error) []*period.FieldError {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		var all []*period.FieldError
		for _, e := range joined.Unwrap() {
			all = append(all, fieldErrors(e)...)
		}
		return all
	}
	if fault, ok := errors.AsType[*period.FieldError](err); ok {
		return []*period.FieldError{fault}
	}
	return nil
}
