package promdowntime_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/store/memstore"
)

// BenchmarkOpen serves requests through an open gate: alone, and while a scraper reads the metrics
// each 10 ms. internal/benchtable compares the two.
func BenchmarkOpen(b *testing.B) {
	for _, scraped := range []bool{false, true} {
		name := "alone"
		if scraped {
			name = "scraped"
		}
		b.Run(name, func(b *testing.B) {
			gate := newGate(b, core.Config{Store: memstore.New()})
			reg := registry(b, gate)
			stop, stopped := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(stopped)
				each := time.NewTicker(10 * time.Millisecond)
				defer each.Stop()
				for scraped {
					select {
					case <-each.C:
						if _, err := reg.Gather(); err != nil {
							b.Error(err)
							return
						}
					case <-stop:
						return
					}
				}
			}()
			site := gate.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", http.NoBody)
			b.ReportAllocs()
			for b.Loop() {
				site.ServeHTTP(w, r)
			}
			b.StopTimer()
			close(stop)
			<-stopped
			require.True(b, gate.Status().Open)
		})
	}
}
