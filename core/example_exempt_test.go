package core_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/go-downtime/downtime/core"
)

func ExampleExemptHealthChecks() {
	gate, err := core.New(core.Config{
		Down:        true,
		ExemptExact: append(core.ExemptHealthChecks(), "/robots.txt"),
		ExemptPaths: []string{"/static"},
		Logger:      slog.New(slog.DiscardHandler),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, path := range []string{"/healthz", "/healthz/deep", "/static/app.css", "/statistics", "/static/../admin"} {
		r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, nil)
		fmt.Println(path, gate.Decide(r.Context(), r).Outcome)
	}
	// Output:
	// /healthz exempt
	// /healthz/deep blocked
	// /static/app.css exempt
	// /statistics blocked
	// /static/../admin blocked
}
