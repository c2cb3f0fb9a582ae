// Package echodowntime is the downtime gate as echo (v4) middleware.
//
//	e := echo.New()
//	e.Use(middleware.Recover(), echodowntime.New(echodowntime.Config{
//		Store:       store,
//		ExemptExact: []string{"/healthz"},
//	}))
//
// Order: recovery, request id, access log, security headers, CORS, path rewriting, then
// the gate, then static files, sessions and the application. Authentication goes before
// the gate only if a predicate reads what it stores; it then runs for refused requests too.
//
// Under Use the gate sees every request that the router got, its 404 and 405 included.
// Under Pre it runs before routing, and refuses a little earlier; put it after the
// middleware that rewrites paths (RemoveTrailingSlash, Rewrite), because the gate judges
// the path that it sees, and note that everything under Use, CORS too, then comes behind
// it. Predicates see no route parameters there. Put it in one of the two, not in both:
// twice is harmless, but counts and decides twice.
package echodowntime

import (
	"fmt"

	"github.com/labstack/echo/v4"

	"github.com/go-downtime/downtime/core"
)

// Config is [core.Config].
type Config = core.Config

// New makes a gate from cfg and returns its middleware. It panics if cfg is invalid, with
// every fault in the message. Nobody can shut that gate down: when the process has ended,
// its row stays among the store's instances, silent, until it is pruned a day after its
// lease (a file store on the same host knows at once that it is dead). A server that shuts
// down cleanly calls [core.New], which returns the error instead, passes the gate to
// [Middleware], and calls the gate's Shutdown after its own.
func New(cfg Config, opts ...Option) echo.MiddlewareFunc {
	gate, err := core.New(cfg)
	if err != nil {
		panic(fmt.Sprintf("echodowntime: invalid config: %v", err))
	}
	return Middleware(gate, opts...)
}

// Middleware returns the middleware of a gate, which several routers may share. It never
// panics. A nil gate, left over from an error that nobody looked at, refuses everything.
func Middleware(gate *core.Gate, opts ...Option) echo.MiddlewareFunc {
	m := &gateway{gate: gate.OrClosed()}
	for _, o := range opts {
		if o != nil {
			o.apply(m)
		}
	}
	// Echo builds the chain anew for each request, so what this closure captures is
	// allocated each time: two words, and nothing else.
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if m.skip != nil && m.skip(c) {
				return next(c)
			}
			ticket, ok := m.gate.Enter(c.Request())
			if !ok {
				return m.closed(c, next)
			}
			defer ticket.Leave()
			return next(c)
		}
	}
}

type gateway struct {
	gate    *core.Gate
	respond func(echo.Context, core.Decision) error // nil: the gate answers
	skip    func(echo.Context) bool                 // nil: nothing is skipped
}

// closed is a request's way while the gate is not open.
func (m *gateway) closed(c echo.Context, next echo.HandlerFunc) error {
	ticket, d := m.gate.Admit(&overlay{c}, c.Response(), c.Request())
	if !d.Passes() {
		return m.refuse(c, d)
	}
	defer ticket.Leave()
	return next(c)
}

// refuse writes the answer, or lets the responder. By default it returns no error: an
// error would let the application's HTTPErrorHandler write a second answer.
func (m *gateway) refuse(c echo.Context, d core.Decision) error {
	res := c.Response()
	if m.respond == nil {
		m.gate.Respond(res, c.Request(), d)
		return nil
	}
	res.Status = m.gate.Prepare(res.Header(), d)
	answer := &refusal{ResponseWriter: res.Writer, res: res}
	res.Writer = answer
	defer answer.release() // also when the responder panics: echo writes an answer then
	err := m.respond(c, d)
	if err == nil {
		answer.begin() // net/http would make an empty 200 of it
	}
	return err
}
