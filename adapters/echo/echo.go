// Package echodowntime is the downtime gate as echo (v4) middleware.
//
//	e := echo.New()
//	e.Use(middleware.Recover(), echodowntime.New(echodowntime.Config{
//		Store:       store,
//		ExemptExact: []string{"/healthz"},
//	}))
//
// Order: recovery, request id, access log, security headers, CORS, then the gate, then static
// files, sessions and the application. A predicate reads a session by [Behind]. Authentication
// before the gate also runs for refused requests.
//
// Middleware that rewrites paths (RemoveTrailingSlash, Rewrite) goes under Pre, because echo
// chooses the route before the middleware of Use runs. If middleware under Use rewrites the path
// to an exempt one, the exemption counts only for a route that fits the path, see [core.Routed].
//
// Under Use the gate sees every request of the router, also those that get 404 or 405. Under Pre
// the gate runs before routing. Put it after middleware that rewrites paths, because the gate
// judges the path that it sees. Such middleware must change the URL of echo's request. If it gives
// echo another request (c.SetRequest, http.StripPrefix), echo v4 routes by the old path, and the
// handler of an old path can run for an exempt one. All middleware under Use, such as CORS, then
// comes after the gate, and predicates see no route parameters. Choose one of the two. With both,
// the gate decides and counts each request twice, which is harmless.
package echodowntime

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/labstack/echo/v4"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/refusal"
)

// Config is [core.Config].
type Config = core.Config

// New makes a gate from cfg and returns its middleware. It panics if cfg is invalid, with
// every fault in the message.
//
// The gate shuts down with the http.Server of the first request, see [core.Gate.ShutdownWith]. If
// the application stops in order, has several servers, or needs the gate, call [core.New], which
// returns the error, and pass the gate to [Middleware]. Call the gate's Shutdown after the server's.
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

// middleware wraps next. Echo builds the chain for each request, and allocates the variables that
// the closure captures: two words.
func (m *gateway) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if m.skip != nil && m.skip(c) {
			return next(c)
		}
		if m.first != nil {
			m.first.Do(func() { m.gate.ShutdownWith(c.Request()) })
		}
		ticket, ok := m.gate.Enter(c.Request())
		if !ok {
			var d core.Decision
			if ticket, d = m.gate.Admit(func() context.Context { return &overlay{c} }, c.Response(), c.Request()); !d.Passes() {
				return m.refuse(c, d)
			}
		}
		defer ticket.Leave()
		carry(ticket, c)
		return next(c)
	}
}

type gateway struct {
	gate    *core.Gate
	respond func(echo.Context, core.Decision) error // nil: the gate answers
	skip    func(echo.Context) bool                 // nil: nothing is skipped
	first   *sync.Once                              // for ShutdownWith; nil: the application has the gate
}

func carry(ticket core.Ticket, c echo.Context) {
	before := c.Request()
	if r := ticket.Carry(before); r != before {
		c.SetRequest(r)
	}
}

// refuse writes the answer or calls the responder. Without a responder it returns no error,
// because the application's HTTPErrorHandler would write a second answer.
func (m *gateway) refuse(c echo.Context, d core.Decision) error {
	res := c.Response()
	if m.respond == nil {
		m.gate.Respond(res, c.Request(), d)
		return nil
	}
	status, answered := m.gate.Prepare(res, c.Request(), d)
	if answered {
		return nil
	}
	res.Status = status
	answer := &refusal.Writer{ResponseWriter: res.Writer, Send: func() {
		if !res.Committed {
			res.WriteHeader(res.Status)
		}
	}}
	res.Writer = answer
	defer release(res, answer) // also if the responder panics, because echo then writes an answer
	err := m.respond(c, d)
	if err == nil {
		answer.Begin() // net/http would send an empty 200
		if !answer.Hijacked {
			m.gate.Linger(res, c.Request())
		}
	}
	return err
}

// release gives echo its own writer back, and tells it whether an answer was sent.
func release(res *echo.Response, answer *refusal.Writer) {
	res.Committed = res.Committed || answer.Begun
	if res.Writer == http.ResponseWriter(answer) {
		res.Writer = answer.ResponseWriter
	}
}
