package admin_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/go-downtime/downtime/admin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/memstore"
)

// userKey is where the application's own login stores who is signed in.
type userKey struct{}

type user struct {
	Name  string
	Staff bool
}

// The page under net/http: the login goes around everything, because the page asks who it is.
// Under gin, echo and chi see the examples of Wrap in the adapters.
func ExampleNew() {
	cfg := core.Config{Store: memstore.New()}
	admin.Exempt(&cfg, "/ops/downtime")
	gate, err := core.New(cfg)
	if err != nil {
		panic(err)
	}
	page, err := admin.New(gate, admin.Config{
		Path:      "/ops/downtime",
		Authorise: core.ContextValue("staff", userKey{}, func(u user) bool { return u.Staff }),
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

// There is no page that is open to everybody by default.
func ExampleNew_withoutAuthorisation() {
	gate, err := core.New(core.Config{Store: memstore.New()})
	if err != nil {
		panic(err)
	}
	_, err = admin.New(gate, admin.Config{Path: "/ops/downtime"})
	fmt.Println(err)
	// Output:
	// admin: Authorise: is the zero Predicate; make one with Func, ContextValue, APIKeyHeader, …
	// Actor: is nil; say who is acting, the log needs a name
}

func ExampleExempt() {
	cfg := core.Config{Store: memstore.New(), ExemptPaths: []string{"/static"}}
	admin.Exempt(&cfg, "/ops/downtime") // else the page is refused with everything else
	fmt.Println(cfg.ExemptPaths)
	// Output: [/static /ops/downtime]
}
