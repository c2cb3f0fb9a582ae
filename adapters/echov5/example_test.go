package echodowntime_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	echodowntime "github.com/go-downtime/downtime/adapters/echov5"
	"github.com/go-downtime/downtime/core"
)

// request asks h for target and prints the status and the body.
func request(h http.Handler, target string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodGet, target, http.NoBody))
	fmt.Println(target, w.Code, w.Body)
}

func ExampleNew() {
	e := echo.New()
	e.Use(echodowntime.New(echodowntime.Config{
		Down:        true, // instead of a Store, to keep the example short
		ExemptExact: []string{"/healthz"},
	}))
	e.GET("/healthz", func(c *echo.Context) error { return c.String(http.StatusOK, "ok") })

	request(e, "/healthz")
	// Output: /healthz 200 ok
}

func ExampleMiddleware() {
	gate, err := core.New(core.Config{ExemptExact: []string{"/healthz"}})
	if err != nil {
		fmt.Println(err) // every fault, with field and value
		return
	}
	e := echo.New()
	// Under Pre, code that rewrites paths goes before the gate.
	e.Pre(middleware.RemoveTrailingSlash(), echodowntime.Middleware(gate))
	e.GET("/welcome", func(c *echo.Context) error { return c.String(http.StatusOK, "welcome") })

	request(e, "/welcome/")
	_ = gate.Shutdown(context.Background()) // after the server's own
	// Output: /welcome/ 200 welcome
}

func ExampleWithResponder() {
	gate, _ := core.New(core.Config{Down: true})
	e := echo.New()
	e.Use(echodowntime.Middleware(gate, echodowntime.WithResponder(func(_ *echo.Context, d core.Decision) error {
		return echo.NewHTTPError(http.StatusServiceUnavailable, "down: "+d.Closure.Kind())
	})))

	request(e, "/")
	// Output: / 503 {"message":"down: planned"}
}

func ExamplePredicate() {
	admin := echodowntime.Predicate("admin", func(c *echo.Context) bool { return c.Get("role") == "admin" })
	e := echo.New()
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc { // the authentication
		return func(c *echo.Context) error {
			c.Set("role", "admin")
			return next(c)
		}
	})
	e.Use(echodowntime.New(echodowntime.Config{Down: true, Bypass: []core.Predicate{admin}}))
	e.GET("/", func(c *echo.Context) error { return c.String(http.StatusOK, "welcome") })

	request(e, "/")
	// Output: / 200 welcome
}
