package chidowntime_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/go-chi/chi/v5"

	chidowntime "github.com/go-downtime/downtime/adapters/chi"
	"github.com/go-downtime/downtime/core"
)

// request asks h for target and prints the status and the body.
func request(h http.Handler, target string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodGet, target, http.NoBody))
	fmt.Println(target, w.Code, w.Body)
}

func ExampleNew() {
	r := chi.NewRouter()
	r.Use(chidowntime.New(chidowntime.Config{
		Down:        true, // instead of a Store, to keep the example short
		ExemptExact: []string{"/healthz"},
	}))
	r.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })

	request(r, "/healthz")
	// Output: /healthz 200 ok
}

func ExampleMiddleware() {
	gate, err := core.New(core.Config{ExemptExact: []string{"/healthz"}})
	if err != nil {
		fmt.Println(err) // every fault, with field and value
		return
	}
	mux := http.NewServeMux() // any router
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "welcome") })

	request(chidowntime.Middleware(gate)(mux), "/")
	_ = gate.Shutdown(context.Background()) // after the server's own
	// Output: / 200 welcome
}

func ExampleWithResponder() {
	gate, _ := core.New(core.Config{Down: true})
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d, _ := core.DecisionFrom(r.Context())
		_, _ = io.WriteString(w, "down: "+d.Closure.Kind())
	})
	r := chi.NewRouter()
	r.Use(chidowntime.Middleware(gate, chidowntime.WithResponder(page)))
	r.Get("/", http.NotFound)

	request(r, "/")
	// Output: / 503 down: planned
}

func ExamplePredicate() {
	internal := chidowntime.Predicate("internal", func(r *http.Request) bool { return r.Host == "intranet.test" })
	gate, err := core.New(core.Config{Down: true, Bypass: []core.Predicate{internal}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(gate.Decide(context.Background(), httptest.NewRequest(http.MethodGet, "http://shop.test/", http.NoBody)).Outcome)
	// Output: blocked
}
