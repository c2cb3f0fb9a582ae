package admin_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/labstack/echo/v4"

	chidowntime "github.com/go-downtime/downtime/adapters/chi"
	echodowntime "github.com/go-downtime/downtime/adapters/echo"
	gindowntime "github.com/go-downtime/downtime/adapters/gin"
	"github.com/go-downtime/downtime/admin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/memstore"
)

func init() { gin.SetMode(gin.TestMode) } // less to read

// account is what the application knows about whoever is signed in.
type account struct {
	Name  string
	Staff bool
}

// staff is the application's own authorisation, as a predicate.
var staff = core.ContextValue("staff", "account", func(a account) bool { return a.Staff })

// name says who is acting.
func name(ctx context.Context, _ *http.Request) string {
	a, _ := core.Value[account](ctx, "account")
	return a.Name
}

// operated makes a gate and the operator's page of it.
func operated() (*core.Gate, http.Handler) {
	cfg := core.Config{Store: memstore.New()}
	admin.Exempt(&cfg, "/ops/downtime") // so that it is served while down
	gate, err := core.New(cfg)
	if err != nil {
		panic(err)
	}
	page, err := admin.New(gate, admin.Config{Path: "/ops/downtime", Authorise: staff, Actor: name})
	if err != nil {
		panic(err)
	}
	return gate, page
}

func ExampleNew_gin() {
	gate, page := operated()
	r := gin.New()
	r.Use(func(c *gin.Context) { c.Set("account", account{"ann", true}) }) // the session
	r.Use(gindowntime.Middleware(gate))
	r.Any("/ops/downtime", gindowntime.Wrap(page))
	r.Any("/ops/downtime/*page", gindowntime.Wrap(page))

	visit(r)
	// Output:
	// /ops/downtime 303
	// /ops/downtime/ 200
}

func ExampleNew_echo() {
	gate, page := operated()
	e := echo.New()
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc { // the session
		return func(c echo.Context) error {
			c.Set("account", account{"ann", true})
			return next(c)
		}
	})
	e.Use(echodowntime.Middleware(gate))
	e.Any("/ops/downtime", echodowntime.Wrap(page))
	e.Any("/ops/downtime/*", echodowntime.Wrap(page))

	visit(e)
	// Output:
	// /ops/downtime 303
	// /ops/downtime/ 200
}

func ExampleNew_chi() {
	gate, page := operated()
	r := chi.NewRouter()
	r.Use(func(next http.Handler) http.Handler { // the session
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx := context.WithValue(r.Context(), "account", account{"ann", true}) //nolint:revive,staticcheck // a string, as under gin and echo, to keep the examples alike
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	})
	r.Use(chidowntime.Middleware(gate))
	r.Mount("/ops/downtime", page)

	visit(r)
	// Output:
	// /ops/downtime 303
	// /ops/downtime/ 200
}

func visit(h http.Handler) {
	for _, path := range []string{"/ops/downtime", "/ops/downtime/"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, http.NoBody))
		fmt.Println(path, w.Code)
	}
}
