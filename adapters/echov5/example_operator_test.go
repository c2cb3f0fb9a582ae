package echodowntime_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/labstack/echo/v5"

	echodowntime "github.com/go-downtime/downtime/adapters/echov5"
	"github.com/go-downtime/downtime/admin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/store/memstore"
)

// account is the signed-in user of the application.
type account struct {
	Name  string
	Staff bool
}

func ExampleWrap_operatorsPage() {
	cfg := core.Config{Store: memstore.New()}
	admin.Exempt(&cfg, "/ops/downtime") // so that it is served while down
	gate, err := core.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	// The application's own authorization, and the name of the operator.
	staff := core.ContextValue("staff", "account", func(a account) bool { return a.Staff })
	name := func(ctx context.Context, _ *http.Request) string {
		a, _ := core.Value[account](ctx, "account")
		return a.Name
	}
	page, err := admin.New(gate, admin.Config{Path: "/ops/downtime", Authorize: staff, Actor: name})
	if err != nil {
		fmt.Println(err)
		return
	}

	r := echo.New()
	r.Use(func(next echo.HandlerFunc) echo.HandlerFunc { // the session
		return func(c *echo.Context) error {
			c.Set("account", account{"ann", true})
			return next(c)
		}
	})
	r.Use(echodowntime.Middleware(gate))
	r.Any("/ops/downtime", echodowntime.Wrap(page))
	r.Any("/ops/downtime/*", echodowntime.Wrap(page))

	for _, path := range []string{"/ops/downtime", "/ops/downtime/"} {
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, http.NoBody))
		fmt.Println(path, w.Code)
	}
	// Output:
	// /ops/downtime 200
	// /ops/downtime/ 200
}
