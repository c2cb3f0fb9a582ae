package echodowntime_test

import (
	"bytes"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/labstack/echo/v5"

	echodowntime "github.com/go-downtime/downtime/adapters/echov5"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/gatetest"
)

// internal/benchtable runs these benchmarks by name. Compare those of one group, measured
// side by side. A single time means little.

var (
	asCurl    = http.Header{"Accept": {"*/*"}, "User-Agent": {"curl/8.5.0"}}
	asVisitor = http.Header{
		"Accept":          {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
		"Accept-Language": {"de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7"}, "User-Agent": {"Mozilla/5.0"},
	}
)

const benchKey = "0123456789abcdef-key"

// ours is the gate as middleware, with the exemptions of a usual site and these predicates.
func ours(b *testing.B, periods int, bypass ...core.Predicate) echo.MiddlewareFunc {
	b.Helper()
	return echodowntime.Middleware(gatetest.NewGate(b, core.Config{
		Store:       gatetest.NewPeriods(gatetest.InForce(periods)...),
		ExemptExact: []string{"/healthz", "/readyz", "/robots.txt"},
		ExemptPaths: []string{"/static", "/assets", "/api/public"},
		Bypass:      bypass,
	}))
}

// flagged is the middleware that an application would write itself: a flag and an answer.
func flagged(down bool, answer func(c *echo.Context) error) echo.MiddlewareFunc {
	flag := &atomic.Bool{}
	flag.Store(down)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			if flag.Load() {
				return answer(c)
			}
			return next(c)
		}
	}
}

func request503(b *testing.B, asked http.Header) *httptest.ResponseRecorder {
	b.Helper()
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/orders", http.NoBody)
	r.Header = asked
	w := httptest.NewRecorder()
	benchSite(ours(b, 1)).ServeHTTP(w, r)
	return w
}

// static writes the gate's answer to a request with this header from prepared values: the same
// header lines and the same body.
func static(b *testing.B, asked http.Header) func(c *echo.Context) error {
	b.Helper()
	type line struct {
		name   string
		values []string
	}
	w := request503(b, asked)
	body := bytes.Clone(w.Body.Bytes())
	var lines []line
	for _, name := range slices.Sorted(maps.Keys(w.Header())) {
		lines = append(lines, line{name, w.Header()[name]})
	}
	return func(c *echo.Context) error {
		res := c.Response()
		h := res.Header()
		for i := range lines {
			h[lines[i].name] = lines[i].values
		}
		res.WriteHeader(http.StatusServiceUnavailable)
		_, err := res.Write(body)
		return err
	}
}

// idiomatic is the same by echo's own functions, each header by Set.
func idiomatic(b *testing.B, asked http.Header) func(c *echo.Context) error {
	b.Helper()
	headers := request503(b, asked).Header()
	headers.Del("Content-Type") // c.String and the server set these two
	headers.Del("Content-Length")
	names := slices.Sorted(maps.Keys(headers))
	return func(c *echo.Context) error {
		for _, name := range names {
			c.Response().Header().Set(name, headers[name][0])
		}
		return c.String(http.StatusServiceUnavailable, "Down for maintenance, back soon.")
	}
}

func benchSite(m ...echo.MiddlewareFunc) *echo.Echo {
	e := echo.New()
	e.Use(m...)
	e.GET("/orders", func(*echo.Context) error { return nil })
	return e
}

// measure sends the same request again and again, without a server.
func measure(b *testing.B, h http.Handler, asked http.Header, want int) {
	b.Helper()
	b.ReportAllocs()
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/orders", http.NoBody)
	r.Header = asked
	w := gatetest.NewSink()
	h.ServeHTTP(w, r)
	if status := max(w.Status, http.StatusOK); status != want {
		b.Fatalf("status %d, want %d", status, want)
	}
	for b.Loop() {
		w.Reset()
		h.ServeHTTP(w, r)
	}
}

// BenchmarkOpen is a request while the site is up.
func BenchmarkOpen(b *testing.B) {
	b.Run("echov5/bare", func(b *testing.B) { measure(b, benchSite(), asCurl, http.StatusOK) })
	b.Run("echov5/handwritten", func(b *testing.B) {
		measure(b, benchSite(flagged(false, static(b, asCurl))), asCurl, http.StatusOK)
	})
	b.Run("echov5/ours", func(b *testing.B) { measure(b, benchSite(ours(b, 0)), asCurl, http.StatusOK) })
}

// BenchmarkBlocked is a refused request: text for a program, a page for a browser.
func BenchmarkBlocked(b *testing.B) {
	for _, of := range []struct {
		name  string
		asked http.Header
		m     func(b *testing.B) echo.MiddlewareFunc
	}{
		{"static", asCurl, func(b *testing.B) echo.MiddlewareFunc { b.Helper(); return flagged(true, static(b, asCurl)) }},
		{"idiomatic", asCurl, func(b *testing.B) echo.MiddlewareFunc { b.Helper(); return flagged(true, idiomatic(b, asCurl)) }},
		{"ours", asCurl, func(b *testing.B) echo.MiddlewareFunc { b.Helper(); return ours(b, 1) }},
		{"ours-key", asCurl, func(b *testing.B) echo.MiddlewareFunc {
			b.Helper()
			return ours(b, 1, core.APIKeyHeader("X-Api-Key", core.KeyLiteral(benchKey)))
		}},
		{"page-static", asVisitor, func(b *testing.B) echo.MiddlewareFunc { b.Helper(); return flagged(true, static(b, asVisitor)) }},
		{"page-ours", asVisitor, func(b *testing.B) echo.MiddlewareFunc { b.Helper(); return ours(b, 1) }},
	} {
		b.Run("echov5/"+of.name, func(b *testing.B) { measure(b, benchSite(of.m(b)), of.asked, http.StatusServiceUnavailable) })
	}
}
