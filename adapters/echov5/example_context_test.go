package echodowntime_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/labstack/echo/v5"

	echodowntime "github.com/go-downtime/downtime/adapters/echov5"
	"github.com/go-downtime/downtime/core"
)

// as is an authentication, which stores the user.
func as(role string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			c.Set("role", role)
			return next(c)
		}
	}
}

func ExampleWrap() {
	// A net/http handler, such as an admin page, that reads a value of an echo handler.
	admin := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		role, _ := core.Value[string](r.Context(), "role")
		_, _ = fmt.Fprint(w, "hello, ", role)
	})
	e := echo.New()
	e.Use(as("admin"))
	e.GET("/admin", echodowntime.Wrap(admin))

	request(e, "/admin")
	// Output: /admin 200 hello, admin
}

func ExampleFrom() {
	gate, _ := core.New(core.Config{
		Down: true,
		OnDecision: func(ctx context.Context, _ *http.Request, d core.Decision) {
			if c, ok := echodowntime.From(ctx); ok {
				fmt.Println(c.Get("role"), d.Outcome)
			}
		},
	})
	e := echo.New()
	e.Use(as("guest"), echodowntime.Middleware(gate))

	e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", http.NoBody))
	// Output: guest blocked
}

func ExampleWithSkipper() {
	gate, _ := core.New(core.Config{Down: true})
	e := echo.New()
	e.Use(echodowntime.Middleware(gate, echodowntime.WithSkipper(func(c *echo.Context) bool {
		return strings.HasPrefix(c.Request().Host, "internal.") // another site, on the same server
	})))
	e.GET("/", func(c *echo.Context) error { return c.String(http.StatusOK, "welcome") })

	request(e, "http://internal.test/")
	// Output: http://internal.test/ 200 welcome
}

func ExampleDelegateErrors() {
	gate, _ := core.New(core.Config{Down: true})
	e := echo.New()
	e.HTTPErrorHandler = func(c *echo.Context, err error) { // the application's own renders every failure
		if blocked, ok := errors.AsType[*core.BlockedError](err); ok {
			_ = c.String(blocked.Status, "sorry: "+blocked.Error())
		}
	}
	e.Use(echodowntime.Middleware(gate, echodowntime.WithResponder(echodowntime.DelegateErrors)))

	request(e, "/")
	// Output: / 503 sorry: down for now (planned), status 503
}
