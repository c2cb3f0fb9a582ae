package adaptertest

import (
	"bufio"
	"bytes"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/labstack/echo/v4"

	chidowntime "github.com/go-downtime/downtime/adapters/chi"
	echodowntime "github.com/go-downtime/downtime/adapters/echo"
	gindowntime "github.com/go-downtime/downtime/adapters/gin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/gatetest"
	"github.com/go-downtime/downtime/internal/rawhttp"
)

// internal/benchtable runs these benchmarks by name. Compare those of one group, measured
// side by side. A single time means little.

var frameworks = []string{"nethttp", "gin", "echo", "chi"}

// asCurl asks for anything. asVisitor is the header of a browser.
var (
	asCurl    = http.Header{"Accept": {"*/*"}, "User-Agent": {"curl/8.5.0"}}
	asVisitor = http.Header{"Accept": {asBrowser}, "Accept-Language": {"de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7"}, "User-Agent": {"Mozilla/5.0"}}
)

// router is the router of a framework with one route, "/orders", that does nothing.
func router(framework string, m guard) http.Handler {
	nothing := func(http.ResponseWriter, *http.Request) {}
	switch framework {
	case "gin":
		engine := gin.New()
		if m.gin != nil {
			engine.Use(m.gin)
		}
		engine.GET("/orders", func(*gin.Context) {})
		return engine
	case "echo":
		e := echo.New()
		if m.echo != nil {
			e.Use(m.echo)
		}
		e.GET("/orders", func(echo.Context) error { return nil })
		return e
	case "chi":
		r := chi.NewRouter()
		if m.std != nil {
			r.Use(m.std)
		}
		r.Get("/orders", nothing)
		return r
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders", nothing)
	if m.std != nil {
		return m.std(mux)
	}
	return mux
}

// ours is the gate as middleware, with the exemptions of a usual site and these predicates.
func ours(b *testing.B, periods int, bypass ...core.Predicate) guard {
	b.Helper()
	gate := gatetest.NewGate(b, core.Config{
		Store:       gatetest.NewPeriods(gatetest.InForce(periods)...),
		ExemptExact: []string{"/healthz", "/readyz", "/robots.txt"},
		ExemptPaths: []string{"/static", "/assets", "/api/public"},
		Bypass:      bypass,
	})
	return guard{gin: gindowntime.Middleware(gate), echo: echodowntime.Middleware(gate), std: chidowntime.Middleware(gate)}
}

// handwritten is the middleware that an application would write itself: a flag and an answer.
func handwritten(flag *atomic.Bool, answer func(w http.ResponseWriter)) guard {
	return guard{
		gin: func(c *gin.Context) {
			if flag.Load() {
				answer(c.Writer)
				c.Abort()
				return
			}
			c.Next()
		},
		echo: func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c echo.Context) error {
				if flag.Load() {
					answer(c.Response())
					return nil
				}
				return next(c)
			}
		},
		std: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if flag.Load() {
					answer(w)
					return
				}
				next.ServeHTTP(w, r)
			})
		},
	}
}

// idiomatic is the same by the framework's own functions, with these headers, each by Set.
func idiomatic(flag *atomic.Bool, headers []line) guard {
	const text = "Down for maintenance, back soon."
	return guard{
		gin: func(c *gin.Context) {
			if flag.Load() {
				for _, h := range headers {
					c.Header(h.name, h.values[0])
				}
				c.String(http.StatusServiceUnavailable, text)
				c.Abort()
				return
			}
			c.Next()
		},
		echo: func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c echo.Context) error {
				if flag.Load() {
					for _, h := range headers {
						c.Response().Header().Set(h.name, h.values[0])
					}
					return c.String(http.StatusServiceUnavailable, text)
				}
				return next(c)
			}
		},
		std: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if flag.Load() {
					for _, h := range headers {
						w.Header().Set(h.name, h.values[0])
					}
					http.Error(w, text, http.StatusServiceUnavailable)
					return
				}
				next.ServeHTTP(w, r)
			})
		},
	}
}

// line is a line of a header.
type line struct {
	name   string
	values []string
}

// recorded is the gate's answer to a request with this header.
func recorded(b *testing.B, asked http.Header) (lines []line, body []byte) {
	b.Helper()
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/orders", http.NoBody)
	r.Header = asked
	w := httptest.NewRecorder()
	ours(b, 1).std(http.NotFoundHandler()).ServeHTTP(w, r)
	for _, name := range slices.Sorted(maps.Keys(w.Header())) {
		lines = append(lines, line{name, w.Header()[name]})
	}
	return lines, bytes.Clone(w.Body.Bytes())
}

// static writes the gate's answer to a request with this header from prepared values: the same
// header lines and the same body.
func static(b *testing.B, asked http.Header) func(w http.ResponseWriter) {
	b.Helper()
	lines, body := recorded(b, asked)
	return func(w http.ResponseWriter) {
		h := w.Header()
		for i := range lines {
			h[lines[i].name] = lines[i].values
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write(body)
	}
}

func on() *atomic.Bool {
	flag := &atomic.Bool{}
	flag.Store(true)
	return flag
}

// measure sends h the same request again and again, without a server.
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
	for _, framework := range frameworks {
		for _, of := range []struct {
			name string
			m    func(b *testing.B) guard
		}{
			{"bare", func(*testing.B) guard { return guard{} }},
			{"handwritten", func(b *testing.B) guard { b.Helper(); return handwritten(&atomic.Bool{}, static(b, asCurl)) }},
			{"ours", func(b *testing.B) guard { b.Helper(); return ours(b, 0) }},
		} {
			b.Run(framework+"/"+of.name, func(b *testing.B) {
				measure(b, router(framework, of.m(b)), asCurl, http.StatusOK)
			})
		}
	}
}

// BenchmarkBlocked is a refused request: text for a program, a page for a browser.
func BenchmarkBlocked(b *testing.B) {
	for _, framework := range frameworks {
		for _, of := range []struct {
			name  string
			asked http.Header
			m     func(b *testing.B) guard
		}{
			{"static", asCurl, func(b *testing.B) guard { b.Helper(); return handwritten(on(), static(b, asCurl)) }},
			{"idiomatic", asCurl, func(b *testing.B) guard {
				b.Helper()
				lines, _ := recorded(b, asCurl)
				// The framework itself sets these two.
				return idiomatic(on(), slices.DeleteFunc(lines, func(l line) bool { return l.name == "Content-Type" || l.name == "Content-Length" }))
			}},
			{"ours", asCurl, func(b *testing.B) guard { b.Helper(); return ours(b, 1) }},
			{"ours-key", asCurl, func(b *testing.B) guard {
				b.Helper()
				return ours(b, 1, core.APIKeyHeader("X-Api-Key", core.KeyLiteral(keyNew)))
			}},
			{"page-static", asVisitor, func(b *testing.B) guard { b.Helper(); return handwritten(on(), static(b, asVisitor)) }},
			{"page-ours", asVisitor, func(b *testing.B) guard { b.Helper(); return ours(b, 1) }},
		} {
			b.Run(framework+"/"+of.name, func(b *testing.B) {
				measure(b, router(framework, of.m(b)), of.asked, http.StatusServiceUnavailable)
			})
		}
	}
}

// BenchmarkWrapped is the gate around the finished router.
func BenchmarkWrapped(b *testing.B) {
	for _, framework := range frameworks {
		b.Run(framework+"/blocked", func(b *testing.B) {
			measure(b, ours(b, 1).std(router(framework, guard{})), asCurl, http.StatusServiceUnavailable)
		})
	}
}

// BenchmarkBlockedPeriods is a refusal beside few and many periods.
func BenchmarkBlockedPeriods(b *testing.B) {
	for name, n := range map[string]int{"1": 1, "100": 100, "2000": 2000} {
		b.Run(name, func(b *testing.B) {
			measure(b, router("nethttp", ours(b, n)), asCurl, http.StatusServiceUnavailable)
		})
	}
}

// BenchmarkWire is a refusal end to end: loopback, keep-alive, client and server on the same
// processors. A static Go 503 without a router and the gate are asked in turns, fifty times
// each, so that other load affects both. "rate" is the gate's number of requests a second,
// divided by that of the static 503, by the medians of the turns.
func BenchmarkWire(b *testing.B) {
	for _, framework := range frameworks {
		b.Run(framework, func(b *testing.B) {
			answer := static(b, asCurl)
			byHand := dialWire(b, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w) }))
			byGate := dialWire(b, router(framework, ours(b, 1)))
			var hand, gate []time.Duration
			for b.Loop() {
				hand = append(hand, byHand.turn(b))
				gate = append(gate, byGate.turn(b))
			}
			slices.Sort(hand)
			slices.Sort(gate)
			b.ReportMetric(float64(hand[len(hand)/2])/float64(gate[len(gate)/2]), "rate")
			b.ReportMetric(float64(gate[len(gate)/2])/wireTurn, "gate-ns")
		})
	}
}

const wireTurn = 50

// wire is a keep-alive connection to a server of its own.
type wire struct {
	conn net.Conn
	in   *bufio.Reader
}

func dialWire(b *testing.B, h http.Handler) wire {
	b.Helper()
	conn, in := rawhttp.Dial(b, rawhttp.Serve(b, h))
	return wire{conn, in}
}

var question = []byte("GET /orders HTTP/1.1\r\nHost: site.test\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n")

// turn asks wireTurn times, one after the other.
func (c wire) turn(b *testing.B) time.Duration {
	b.Helper()
	began := time.Now()
	for range wireTurn {
		if _, err := c.conn.Write(question); err != nil {
			b.Fatalf("write: %v", err)
		}
		length := 0
		for {
			line, err := c.in.ReadSlice('\n')
			if err != nil {
				b.Fatalf("read: %v", err)
			}
			if len(line) == len("\r\n") {
				break
			}
			if digits, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
				for _, d := range bytes.TrimSpace(digits) {
					length = 10*length + int(d-'0')
				}
			}
		}
		if _, err := c.in.Discard(length); err != nil {
			b.Fatalf("read: %v", err)
		}
	}
	return time.Since(began)
}
