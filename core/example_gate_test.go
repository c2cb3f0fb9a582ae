package core_test

import (
	"context"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/memstore"
)

func ExampleNew() {
	_, err := core.New(core.Config{
		Store:       memstore.New(),
		ExemptPaths: []string{"static"},
		StatusCode:  200,
	})
	fmt.Println(err) // every fault, with field and value
	// Output:
	// ExemptPaths[0]: "static": want a path that begins with "/"
	// StatusCode: 200: want 400 to 599, or 0 for 503; with another status clients and caches take the refusal for the page
}

func ExampleGate_Handler() {
	gate, err := core.New(core.Config{
		Down:        true, // instead of a Store, to keep the example short
		ExemptExact: []string{"/healthz"},
		Logger:      slog.New(slog.DiscardHandler),
	})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "welcome") })
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "ok") })
	site := gate.Handler(mux) // around the finished router: its 404s and redirects are refused too

	for _, path := range []string{"/", "/healthz", "/nothing"} {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, http.NoBody))
		fmt.Println(path, w.Code)
	}
	// Output:
	// / 503
	// /healthz 200
	// /nothing 503
}

// The gate renders a custom page once for each downtime and language, and not for each request.
func ExamplePageData() {
	page := template.Must(template.New("down").Parse(
		`<!doctype html><html lang="{{.Lang}}"><title>{{.Text.Heading}}</title><p>{{.Reason}}{{if not .Until.IsZero}} Back at {{.Until}}.{{end}}`))
	st := memstore.New()
	op := operator.Operator{Store: st, Actor: "ann"}
	if _, err := op.Start(context.Background(), operator.StartOptions{Reason: new("Moving <house>.")}); err != nil {
		panic(err)
	}
	gate, err := core.New(core.Config{Store: st, PageTemplate: page, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", http.NoBody)
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Accept-Language", "de")
	w := httptest.NewRecorder()
	gate.Handler(http.NotFoundHandler()).ServeHTTP(w, r)
	fmt.Println(w.Body)
	// Output: <!doctype html><html lang="de"><title>Wartungsarbeiten</title><p>Moving &lt;house&gt;.
}
