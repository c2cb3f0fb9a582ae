package memstore_test

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

// staffKey is the context key under which the application's own middleware says whether the
// client is staff.
type staffKey struct{}

func authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), staffKey{}, password == "secret")))
	})
}

// This example tests middleware that works together with the gate: while the site is down,
// staff pass, and other clients do not. In a test, use t.Fatal instead of panic.
func Example_middleware() {
	ctx, st := context.Background(), memstore.New()
	gate, err := core.New(core.Config{
		Store:  st,
		Bypass: []core.Predicate{core.ContextValue("staff", staffKey{}, func(staff bool) bool { return staff })},
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		panic(err)
	}
	defer func() { _ = gate.Shutdown(ctx) }() // t.Cleanup
	app := authenticate(gate.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	})))

	op := operator.Operator{Store: st, Actor: "test"}
	if _, err := op.Start(ctx, operator.StartOptions{}); err != nil {
		panic(err)
	}
	if err := gate.Refresh(ctx); err != nil { // from here on the gate is closed
		panic(err)
	}
	for _, password := range []string{"", "secret"} {
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", http.NoBody)
		r.SetBasicAuth("ann", password)
		w := httptest.NewRecorder()
		app.ServeHTTP(w, r)
		fmt.Printf("%q %d\n", password, w.Code)
	}
	// Output:
	// "" 503
	// "secret" 204
}
