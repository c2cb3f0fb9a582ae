package answer

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sink is a ResponseWriter that costs little, so that a benchmark measures its caller.
type sink struct {
	header http.Header
	status int
	bytes  int
}

func (s *sink) Header() http.Header { return s.header }

func (s *sink) WriteHeader(status int) { s.status = status }

func (s *sink) Write(b []byte) (int, error) {
	s.bytes += len(b)
	return len(b), nil
}

// Accept headers as clients send them.
const (
	acceptChrome  = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
	acceptImage   = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
	acceptAxios   = "application/json, text/plain, */*"
	languageUsual = "en-US,en;q=0.9,de;q=0.8"
)

// benchWrite measures answer with an empty header map, as the outermost middleware finds
// it, or with the headers of outer middleware.
func benchWrite(b *testing.B, answer http.HandlerFunc, r *http.Request, outer http.Header) {
	b.Helper()
	w := &sink{header: make(http.Header)}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		maps.Copy(w.header, outer)
		answer(w, r)
	}
}

func benchRequest(accept, language string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/shop/cart", nil)
	for name, value := range map[string]string{
		"Accept": accept, "Accept-Language": language,
		"User-Agent": "Mozilla/5.0", "Accept-Encoding": "gzip", "Cookie": "a=b",
	} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	return r
}

func BenchmarkAnswer(b *testing.B) {
	now := time.Now()
	settings, err := New(Options{})
	require.NoError(b, err)
	a := settings.Prepare(Facts{
		Kind: "planned", Reason: "Moving to a larger database", Since: now, Until: now.Add(time.Hour),
	}, now, nil)
	for name, header := range map[string][2]string{
		"no headers":           {"", ""},
		"anything":             {"*/*", ""},
		"text-html":            {"text/html", ""},
		"application-json":     {"application/json", ""},
		"browser":              {acceptChrome, languageUsual},
		"browser's image":      {acceptImage, languageUsual},
		"program in a browser": {acceptAxios, languageUsual},
	} {
		b.Run("write, "+name, func(b *testing.B) { benchWrite(b, a.Write, benchRequest(header[0], header[1]), nil) })
	}
	outer := http.Header{"Access-Control-Allow-Origin": {"*"}, "X-Request-Id": {"1"}, "Strict-Transport-Security": {"max-age=1"}}
	b.Run("write, browser, behind middleware", func(b *testing.B) {
		benchWrite(b, a.Write, benchRequest(acceptChrome, languageUsual), outer)
	})

	// For comparison: answers written by hand.
	page := a.page(0, 0, false)
	four := http.Header{
		"Content-Type": page.contentType, "Content-Length": page.contentLength[0],
		"Retry-After": {"60"}, "Cache-Control": cacheNoStore,
	}
	r := benchRequest(acceptChrome, languageUsual)
	typ, length, after, store := four["Content-Type"], four["Content-Length"], four["Retry-After"], four["Cache-Control"]
	fixed := func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h["Content-Type"] = typ
		h["Content-Length"] = length
		h["Retry-After"] = after
		h["Cache-Control"] = store
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write(page.body)
	}
	b.Run("by hand, static, 4 headers", func(b *testing.B) { benchWrite(b, fixed, r, nil) })
	b.Run("by hand, static, 4 headers, behind middleware", func(b *testing.B) { benchWrite(b, fixed, r, outer) })
	same := func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h["Content-Type"] = typ
		h["Content-Length"] = length
		h["Retry-After"] = after
		h["Cache-Control"] = store
		h["Vary"] = varyNegotiation
		h["Downtime"] = a.downtime
		h["Content-Language"] = page.contentLanguage
		h["Content-Security-Policy"] = page.csp
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write(page.body)
	}
	b.Run("by hand, static, the same headers", func(b *testing.B) { benchWrite(b, same, r, nil) })
	b.Run("by hand, http.Error", func(b *testing.B) {
		benchWrite(b, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", strconv.Itoa(60))
			http.Error(w, "down for maintenance", http.StatusServiceUnavailable)
		}, r, nil)
	})
}

// BenchmarkPrepare measures what a gate does when it closes, and the first answer after that.
func BenchmarkPrepare(b *testing.B) {
	now := time.Now()
	settings, err := New(Options{})
	require.NoError(b, err)
	facts := Facts{Kind: "planned", Reason: "Moving to a larger database", Since: now, Until: now.Add(time.Hour)}
	b.Run("a closed state", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			settings.Prepare(facts, now, nil)
		}
	})
	for name, accept := range map[string]string{"text": "text/plain", "page": acceptChrome} {
		b.Run("a closed state and its first "+name, func(b *testing.B) {
			benchWrite(b, func(w http.ResponseWriter, r *http.Request) { settings.Prepare(facts, now, nil).Write(w, r) }, benchRequest(accept, languageUsual), nil)
		})
	}
}

// BenchmarkReasons measures an answer whose reason has several languages.
func BenchmarkReasons(b *testing.B) {
	settings, err := New(Options{})
	require.NoError(b, err)
	benchWrite(b, settings.Prepare(spokenFacts, time.Now(), nil).Write, benchRequest(acceptChrome, languageUsual), nil)
}

func BenchmarkNegotiate(b *testing.B) {
	languages := &builtinCatalog().lookup
	for name, accept := range map[string]string{
		"browser":             acceptChrome,
		"browser's image":     acceptImage,
		"Taiwan":              "zh-TW,zh;q=0.9,en-US;q=0.8,en;q=0.7",
		"no language of ours": "eo,tlh;q=0.9,ia;q=0.8",
		"1 MB of ranges":      strings.Repeat("a/b;q=0.1,", 1<<20/10),
		"1 MB of one range":   strings.Repeat("a", 1<<20),
		"1 MB of commas":      strings.Repeat(",", 1<<20),
		"1 MB of parameters":  "text/html" + strings.Repeat(";a=b", 1<<20/4),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			lines := []string{accept}
			for b.Loop() {
				negotiateFormat(lines, formatText)
				languages.negotiate(lines)
			}
		})
	}
	b.Run("100,000 empty lines", func(b *testing.B) {
		b.ReportAllocs()
		lines := make([]string, 100_000)
		for b.Loop() {
			negotiateFormat(lines, formatText)
			languages.negotiate(lines)
		}
	})
}
