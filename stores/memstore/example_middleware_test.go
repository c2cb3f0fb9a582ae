package memstore_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/memstore"
)

// staffKey is where authenticate, the application's own middleware, stores who it is.
type staffKey struct{}

func authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), staffKey{}, password == "secret")))
	})
}

// How to test middleware that works together with the gate: here, that staff pass while
// the site is down, and nobody else. In a test, the panics are t.Fatal.
func Example_middleware() {
	ctx, store := context.Background(), memstore.New()
	gate, err := core.New(core.Config{
		Store:  store,
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

	if _, err := core.Start(ctx, store, core.StartOptions{Holder: "test"}); err != nil {
		panic(err)
	}
	if err := gate.Refresh(ctx); err != nil { // instead of waiting: from here on the gate is closed
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
