package chidowntime_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/go-chi/chi/v5"

	chidowntime "github.com/go-downtime/downtime/adapters/chi"
	"github.com/go-downtime/downtime/core"
)

func ExampleWrap() {
	admin := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "hello, admin") })
	r := chi.NewRouter()
	r.Mount("/admin", chidowntime.Wrap(admin)) // the handler itself

	request(r, "/admin")
	// Output: /admin 200 hello, admin
}

func ExampleFrom() {
	gate, _ := core.New(core.Config{
		Down: true,
		OnDecision: func(ctx context.Context, _ *http.Request, d core.Decision) {
			if c, ok := chidowntime.From(ctx); ok {
				fmt.Println(c.RouteMethod, c.URLParam("id"), d.Outcome)
			}
		},
	})
	r := chi.NewRouter()
	r.With(chidowntime.Middleware(gate)).Get("/orders/{id}", http.NotFound) // behind the match, so that there is a parameter

	r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/orders/7", http.NoBody))
	// Output: GET 7 blocked
}
