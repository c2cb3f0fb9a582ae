package core_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/memstore"
)

// How to test an application: a store in memory, the operator's own verbs, and Refresh in
// place of waiting. In a test, the panics are t.Fatal, and Shutdown belongs into t.Cleanup.
func Example_testing() {
	ctx, store := context.Background(), memstore.New()
	gate, err := core.New(core.Config{Store: store, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	defer func() { _ = gate.Shutdown(ctx) }()
	app := gate.Handler(http.NotFoundHandler()) // the application's routes

	if _, err := core.Start(ctx, store, core.StartOptions{Holder: "test"}); err != nil {
		panic(err)
	}
	if err := gate.Refresh(ctx); err != nil { // when it returns, the gate honours what the store says
		panic(err)
	}
	w := httptest.NewRecorder()
	app.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/", http.NoBody))
	fmt.Println(w.Code, gate.Status().Closure.Kind())
	// Output: 503 planned
}
