package promdowntime_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/go-downtime/downtime/core"
	promdowntime "github.com/go-downtime/downtime/metrics/prometheus"
)

// The path of the metrics is exempt, so that Prometheus also scrapes a site that is down.
func Example() {
	gate, err := core.New(core.Config{
		Down:        true, // instead of a Store, to keep the example short
		ExemptExact: []string{"/metrics"},
		Logger:      slog.New(slog.DiscardHandler),
	})
	if err != nil {
		panic(err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(promdowntime.New(gate)) // or prometheus.MustRegister, for the default registry
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	site := gate.Handler(mux)

	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, http.NoBody))
		return w
	}
	get("/")
	for line := range strings.Lines(get("/metrics").Body.String()) {
		if strings.HasPrefix(line, "downtime_closed ") || strings.HasPrefix(line, "downtime_requests_total") && !strings.HasSuffix(line, " 0\n") {
			fmt.Print(line)
		}
	}
	// Output:
	// downtime_closed 1
	// downtime_requests_total{cause="override",outcome="blocked"} 1
	// downtime_requests_total{cause="override",outcome="exempt"} 1
}
