package core_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/memstore"
)

// To test an application, use a store in memory, an Operator, and Refresh instead of waiting. In
// a test, use t.Fatal for the panics and t.Cleanup for Shutdown.
func Example_testing() {
	ctx, st := context.Background(), memstore.New()
	gate, err := core.New(core.Config{Store: st, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	defer func() { _ = gate.Shutdown(ctx) }()
	app := gate.Handler(http.NotFoundHandler()) // the application's routes

	op := operator.Operator{Store: st, Actor: "test"}
	if _, err := op.Start(ctx, operator.StartOptions{}); err != nil {
		panic(err)
	}
	if err := gate.Refresh(ctx); err != nil { // after it the gate has applied the document of the store
		panic(err)
	}
	w := httptest.NewRecorder()
	app.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/", http.NoBody))
	fmt.Println(w.Code, gate.Status().Closure.Kind())
	// Output: 503 planned
}
