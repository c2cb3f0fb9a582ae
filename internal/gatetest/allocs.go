package gatetest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
)

// Allocations is how many allocations h makes to answer a GET of target, without those of
// the request and the writer. Not for parallel tests.
func Allocations(tb testing.TB, h http.Handler, target string) float64 {
	tb.Helper()
	r := httptest.NewRequestWithContext(tb.Context(), http.MethodGet, target, http.NoBody)
	w := NewSink()
	return testing.AllocsPerRun(1000, func() {
		w.Reset()
		h.ServeHTTP(w, r)
	})
}

// Bytes is how many bytes h allocates to answer a GET of target, like [Allocations]. Not
// for parallel tests.
func Bytes(h http.Handler, target string) uint64 {
	const runs = 10000
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, target, http.NoBody)
	w := NewSink()
	h.ServeHTTP(w, r) // fills the pools
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		w.Reset()
		h.ServeHTTP(w, r)
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / runs
}

// Sink is a writer that keeps the header, as the server's own does, and drops the body.
// It allocates nothing by itself.
type Sink struct {
	header http.Header
	Status int
}

// NewSink makes one, with the kind of map that the server makes for each response.
func NewSink() *Sink { return &Sink{header: make(http.Header)} }

// Reset empties it for the next answer.
func (s *Sink) Reset() {
	clear(s.header)
	s.Status = 0
}

// Header implements http.ResponseWriter.
func (s *Sink) Header() http.Header { return s.header }

// WriteHeader implements http.ResponseWriter.
func (s *Sink) WriteHeader(status int) { s.Status = status }

// Write implements http.ResponseWriter.
func (s *Sink) Write(b []byte) (int, error) { return len(b), nil }

// WriteString implements io.StringWriter.
func (s *Sink) WriteString(b string) (int, error) { return len(b), nil }
