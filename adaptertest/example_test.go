package adaptertest_test

import (
	"net/http"
	"testing"

	"github.com/labstack/echo/v4"

	echodowntime "github.com/go-downtime/downtime/adapters/echo"
	"github.com/go-downtime/downtime/adaptertest"
)

// The test of the adapter for echo. An adapter of your own needs the same three parts: the front, the
// middleware, and the routes.
func ExampleRun() { //nolint:testableexamples // outside a test there is no *testing.T
	front := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r, user, answered := adaptertest.Before(c.Response(), c.Request())
			if answered {
				return nil
			}
			c.SetRequest(r)
			if user != nil {
				c.Set("user", user) // as handlers of echo store values
			}
			return next(c)
		}
	}
	build := func(site *adaptertest.Site) http.Handler {
		e := echo.New()
		e.Use(front)
		if site.Gate != nil {
			e.Use(echodowntime.Middleware(site.Gate)) // the adapter
		}
		for _, route := range site.Routes {
			e.Group(route.Group).Add(route.Method, route.Below(":%s", "*"), func(c echo.Context) error {
				for i, name := range c.ParamNames() {
					c.Request().SetPathValue(name, c.ParamValues()[i])
				}
				route.Handler(c.Response(), c.Request())
				return nil
			})
		}
		e.Any("/admin/*", echodowntime.Wrap(site.Mount))
		return e
	}
	_ = func(t *testing.T) { adaptertest.Run(t, build) }
}
