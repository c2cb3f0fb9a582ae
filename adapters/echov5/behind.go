package echodowntime

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v5"

	"github.com/go-downtime/downtime/core"
)

// Behind is [core.Behind] for echo's own middleware, such as a session middleware. It runs mw on
// an echo context of its own, and then asks ok with it. The session middleware can then come
// after the gate, and the predicate runs it only while the gate is closed. If the database of the
// sessions is down, the client gets the refusal. It also works under gate.Handler. ok may only
// read c.
func Behind(name string, ok func(c *echo.Context) bool, mw ...echo.MiddlewareFunc) core.Predicate {
	if ok == nil || len(mw) == 0 || slices.ContainsFunc(mw, func(m echo.MiddlewareFunc) bool { return m == nil }) {
		return core.Behind(name, nil, nil)
	}
	chain := func(next http.Handler) http.Handler {
		e := echo.New()
		e.Use(mw...)
		e.Use(func(echo.HandlerFunc) echo.HandlerFunc { return Wrap(next) }) // instead of a route
		return e
	}
	return core.Behind(name, chain, func(r *http.Request) bool {
		c, found := From(r.Context())
		return found && ok(c)
	})
}
