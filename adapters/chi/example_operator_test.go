package chidowntime_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/go-chi/chi/v5"

	chidowntime "github.com/go-downtime/downtime/adapters/chi"
	"github.com/go-downtime/downtime/admin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/store/memstore"
)

// account is the signed-in user of the application.
type account struct {
	Name  string
	Staff bool
}

type accountKey struct{}

func ExampleWrap_operatorsPage() {
	cfg := core.Config{Store: memstore.New()}
	admin.Exempt(&cfg, "/ops/downtime") // so that it is served while down
	gate, err := core.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	// The application's own authorization, and the name of the operator.
	staff := core.ContextValue("staff", accountKey{}, func(a account) bool { return a.Staff })
	name := func(ctx context.Context, _ *http.Request) string {
		a, _ := core.Value[account](ctx, accountKey{})
		return a.Name
	}
	page, err := admin.New(gate, admin.Config{Path: "/ops/downtime", Authorize: staff, Actor: name})
	if err != nil {
		fmt.Println(err)
		return
	}

	r := chi.NewRouter()
	r.Use(func(next http.Handler) http.Handler { // the session
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx := context.WithValue(r.Context(), accountKey{}, account{"ann", true})
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	})
	r.Use(chidowntime.Middleware(gate))
	r.Mount("/ops/downtime", chidowntime.Wrap(page))

	for _, path := range []string{"/ops/downtime", "/ops/downtime/"} {
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, http.NoBody))
		fmt.Println(path, w.Code)
	}
	// Output:
	// /ops/downtime 200
	// /ops/downtime/ 200
}
