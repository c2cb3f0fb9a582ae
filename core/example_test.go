package core_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/memstore"
)

// visit requests path from the site and prints the answer.
func visit(site http.Handler, path string) {
	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, http.NoBody))
	fmt.Println(path, w.Code, http.StatusText(w.Code))
}

// A site goes down, refuses requests, and comes back.
func Example() {
	ctx := context.Background()
	st := memstore.New() // a file or a database, where the command works on it too
	gate, err := core.New(core.Config{
		Store:       st,
		ExemptExact: []string{"/healthz"},
		Logger:      slog.New(slog.DiscardHandler),
	})
	if err != nil {
		panic(err)
	}
	site := gate.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintln(w, "welcome")
	}))
	visit(site, "/")

	// This does the same as "downtime start --for 30m".
	op := operator.Operator{Store: st, Actor: "ann"}
	if _, err := op.Start(ctx, operator.StartOptions{ExpectedAfter: 30 * time.Minute}); err != nil {
		panic(err)
	}
	<-gate.Closing() // wait until the gate has read the write; only an example needs this
	visit(site, "/")
	visit(site, "/healthz")

	// This does the same as "downtime end".
	if _, err := op.End(ctx, operator.EndOptions{Holder: "ann"}); err != nil {
		panic(err)
	}
	if err := gate.Refresh(ctx); err != nil { // without Refresh the gate reads the write a moment later
		panic(err)
	}
	visit(site, "/")

	if err := gate.Shutdown(ctx); err != nil { // after the server's own
		panic(err)
	}
	// Output:
	// / 200 OK
	// / 503 Service Unavailable
	// /healthz 200 OK
	// / 200 OK
}
