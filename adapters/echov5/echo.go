// Package echodowntime is the downtime gate as middleware of echo v5. For echo v4, use the package
// adapters/echo. It has the same names.
//
//	e := echo.New()
//	e.Use(middleware.Recover(), echodowntime.New(echodowntime.Config{
//		Store:       store,
//		ExemptExact: []string{"/healthz"},
//	}))
//
// Add the middleware in this order: recovery, request id, access log, security headers, CORS, then the gate, then static
// files, sessions and the application. If the session middleware comes after the
// gate, a predicate reads the session by [Behind]. Authentication before the gate also runs for refused
// requests.
//
// Middleware that rewrites paths (RemoveTrailingSlash, Rewrite) goes under Pre, because echo
// chooses the route before the middleware of Use runs. If middleware under Use rewrites the path
// to an exempt one, the gate exempts the request only if its route matches the new path, see
// [core.Routed].
//
// Under Use the gate sees every request of the router, also those that get 404 or 405. Under Pre
// the gate runs before routing. Put it after middleware that rewrites paths, because the gate
// decides by the path that it gets. All middleware under Use, such as CORS, then comes after the gate,
// and predicates see no route parameters. Add the gate under Use or under Pre. If you add it under
// both, it decides and counts each request twice, which is harmless.
//
// The Echo of echo.NewVirtualHostHandler runs its middleware only for hosts that are not in its
// map. Add the middleware to the Echo of each host, or put gate.Handler around all of them.
package echodowntime

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/labstack/echo/v5"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/refusal"
)

// Config is [core.Config].
type Config = core.Config

// New makes a gate from cfg and returns its middleware. It panics if cfg is invalid, with
// every fault in the message.
//
// The gate shuts down with the http.Server of the first request, see [core.Gate.ShutdownWith].
// An application that stops in order, has several servers, or needs the gate calls [core.New],
// which returns the error, passes the gate to [Middleware], and calls the gate's Shutdown after
// the server's.
func New(cfg Config, opts ...Option) echo.MiddlewareFunc {
	gate, err := core.New(cfg)
	if err != nil {
		panic(fmt.Sprintf("echodowntime: invalid config: %v", err))
	}
	return Middleware(gate, append(slices.Clone(opts), shutdownWithServer)...)
}

// Middleware returns the middleware of a gate, which several routers may share. It never
// panics. A nil gate, the result of an error that was not handled, refuses every request.
func Middleware(gate *core.Gate, opts ...Option) echo.MiddlewareFunc {
	m := &gateway{gate: gate.OrClosed()}
	for _, o := range opts {
		if o != nil {
			o(m)
		}
	}
	return m.middleware
}

type gateway struct {
	gate    *core.Gate
	respond func(*echo.Context, core.Decision) error // nil: the gate answers
	skip    func(*echo.Context) bool                 // nil: nothing is skipped
	first   *sync.Once                               // for ShutdownWith; nil: the application has the gate
}

// middleware wraps next. Echo calls it once, and not for each request.
func (m *gateway) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c *echo.Context) error {
		if m.skip != nil && m.skip(c) {
			return next(c)
		}
		if m.first != nil {
			m.first.Do(func() { m.gate.ShutdownWith(c.Request()) })
		}
		ticket, ok := m.gate.Enter(c.Request())
		if !ok {
			var d core.Decision
			if ticket, d = m.gate.Admit(func() context.Context { return overlay{c} }, c.Response(), c.Request()); !d.Passes() {
				return m.refuse(c, d)
			}
		}
		defer ticket.Leave()
		carry(ticket, c)
		return next(c)
	}
}

func carry(ticket core.Ticket, c *echo.Context) {
	before := c.Request()
	if r := ticket.Carry(before); r != before {
		c.SetRequest(r)
	}
}

// refuse writes the answer or calls the responder. Without a responder it returns no error,
// because the application's HTTPErrorHandler would write a second answer.
func (m *gateway) refuse(c *echo.Context, d core.Decision) error {
	w := c.Response()
	if m.respond == nil {
		m.gate.Respond(w, c.Request(), d)
		return nil
	}
	status, answered := m.gate.Prepare(w, c.Request(), d)
	if answered {
		return nil
	}
	answer := &refusal.Writer{ResponseWriter: w}
	res := echo.NewResponse(answer, c.Logger())
	res.Status = status
	answer.Send = func() {
		if !res.Committed {
			res.WriteHeader(res.Status)
		}
	}
	c.SetResponse(res)
	defer release(c, answer) // also if the responder panics, because echo then writes an answer
	err := m.respond(c, d)
	if err == nil {
		answer.Begin() // net/http would send an empty 200
		if !answer.Hijacked {
			m.gate.Linger(w, c.Request())
		}
	}
	return err
}

// release gives c its own writer back, and tells echo if the connection was taken over.
func release(c *echo.Context, answer *refusal.Writer) {
	c.SetResponse(answer.ResponseWriter)
	if res, err := echo.UnwrapResponse(answer.ResponseWriter); err == nil && answer.Hijacked {
		res.Committed = true
	}
}
