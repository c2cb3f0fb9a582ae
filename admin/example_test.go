package admin_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/go-downtime/downtime/admin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/store/memstore"
)

// userKey is the context key of the user whom the application's login has authenticated.
type userKey struct{}

type user struct {
	Name  string
	Staff bool
}

// With net/http, the login wraps everything, because the page needs the user. For gin, echo and
// chi see the examples of Wrap in the adapters.
func ExampleNew() {
	cfg := core.Config{Store: memstore.New()}
	admin.Exempt(&cfg, "/ops/downtime")
	gate, err := core.New(cfg)
	if err != nil {
		panic(err)
	}
	page, err := admin.New(gate, admin.Config{
		Path:      "/ops/downtime",
		Authorize: core.ContextValue("staff", userKey{}, func(u user) bool { return u.Staff }),
		Actor: func(ctx context.Context, _ *http.Request) string {
			u, _ := core.Value[user](ctx, userKey{})
			return u.Name
		},
	})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/ops/downtime/", page)
	site := gate.Handler(mux)

	for _, u := range []user{{"ann", true}, {"eve", false}} {
		r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/ops/downtime/", http.NoBody)
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), userKey{}, u)))
		fmt.Println(u.Name, w.Code)
	}
	// Output:
	// ann 200
	// eve 403
}

// Authorize has no default.
func ExampleNew_withoutAuthorization() {
	gate, err := core.New(core.Config{Store: memstore.New()})
	if err != nil {
		panic(err)
	}
	_, err = admin.New(gate, admin.Config{Path: "/ops/downtime"})
	fmt.Println(err)
	// Output:
	// admin: Authorize: is the zero Predicate; make one with Func, ContextValue, APIKeyHeader, …
	// Actor: is nil; return the name of the operator, for the log
}

func ExampleExempt() {
	cfg := core.Config{Store: memstore.New(), ExemptPaths: []string{"/static"}}
	admin.Exempt(&cfg, "/ops/downtime") // otherwise the gate refuses the page while down
	fmt.Println(cfg.ExemptPaths)
	// Output: [/static /ops/downtime]
}
