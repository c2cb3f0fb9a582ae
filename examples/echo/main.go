// Command echo is the little shop on echo: go run ./examples/echo
package main

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	echodowntime "github.com/go-downtime/downtime/adapters/echo"
	"github.com/go-downtime/downtime/admin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/examples/internal/shop"
)

func main() { shop.Main("echo", build) }

func build(p shop.Parts) (http.Handler, *core.Gate, error) {
	// A predicate on echo's own context, where session, below, stores the user by c.Set.
	superuser := echodowntime.Predicate("superuser", func(c echo.Context) bool { return user(c).Superuser })
	cfg := core.Config{
		Store:       p.Store,
		ExemptExact: []string{"/healthz", "/login"}, // health checks, and the login of the superuser
		ExemptPaths: []string{"/static"},            // /static and everything below it
		Bypass:      []core.Predicate{superuser, core.APIKeyHeader("X-Api-Key", p.Key)},
		Logger:      p.Log,
	}
	admin.Exempt(&cfg, shop.OpsPath) // so that the operator's page is served while down
	gate, err := core.New(cfg)
	if err != nil {
		return nil, nil, err
	}
	ops, err := admin.New(gate, admin.Config{
		Path:      shop.OpsPath,
		Authorize: superuser,
		Actor: func(ctx context.Context, _ *http.Request) string {
			user, _ := core.Value[shop.User](ctx, "user")
			return user.Name
		},
		Logger: p.Log,
	})
	if err != nil {
		return nil, nil, err
	}

	e := echo.New()
	// The session comes before the gate, because the predicate reads the user.
	e.Use(middleware.Recover(), session(p.Shop), echodowntime.Middleware(gate))

	e.GET("/", func(c echo.Context) error {
		return c.HTMLBlob(http.StatusOK, p.Shop.HomePage(user(c)))
	})
	e.StaticFS("/static", shop.Static())
	e.GET("/healthz", func(c echo.Context) error { return c.String(http.StatusOK, "ok\n") })
	e.GET("/login", func(c echo.Context) error { return c.HTMLBlob(http.StatusOK, shop.LoginPage()) })
	e.POST("/login", func(c echo.Context) error {
		cookie, ok := p.Shop.SignIn(c.FormValue("password"))
		if !ok {
			return c.String(http.StatusUnauthorized, "wrong password\n")
		}
		c.SetCookie(cookie)
		return c.Redirect(http.StatusSeeOther, "/")
	})

	// With Wrap, Authorize and Actor see the user.
	e.Any(shop.OpsPath, echodowntime.Wrap(ops))
	e.Any(shop.OpsPath+"/*", echodowntime.Wrap(ops))

	api := e.Group("/api")
	api.GET("/orders", func(c echo.Context) error { return c.JSON(http.StatusOK, p.Shop.Orders()) })
	api.POST("/orders", func(c echo.Context) error {
		var order shop.Order
		err := c.Bind(&order)
		if err == nil {
			order, err = p.Shop.Place(order)
		}
		if err != nil {
			return c.JSON(http.StatusBadRequest, map[string]string{"error": "bad order: " + shop.ErrBadOrder.Error()})
		}
		return c.JSON(http.StatusCreated, order)
	})
	return e, gate, nil
}

// session stores the user of the request in the framework's context.
func session(s *shop.Shop) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.Set("user", s.User(c.Request()))
			return next(c)
		}
	}
}

// user is the sender of the request. It is a visitor if session has not run.
func user(c echo.Context) shop.User {
	u, _ := c.Get("user").(shop.User)
	return u
}
