// Package gindowntime is the downtime gate as gin middleware.
//
//	router := gin.New()
//	router.Use(gin.Recovery(), gindowntime.New(gindowntime.Config{
//		Store:       store,
//		ExemptExact: []string{"/healthz"},
//	}))
//	router.GET("/", home) // after Use: gin never gates a route that was added before
//
// Order: recovery, request id, access log, security headers, CORS, then the gate, then
// static files, sessions and the application. A predicate reads a session by [Behind].
// Authentication before the gate also runs for refused requests.
//
// Code that rewrites paths goes into an http.Handler around the engine, because gin chooses the
// route before the middleware runs. Middleware before the gate may also rewrite the path, call
// HandleContext and then Abort. If it rewrites the path to an exempt one and does not call them,
// the exemption counts only for a route that fits the path, see [core.Routed].
//
// gin middleware does not see gin's own redirects for slashes and fixed paths, routes added
// before Use, and groups made before Use. [Install] refuses an engine that has routes.
// gate.Handler(engine), around the finished engine, sees every request.
package gindowntime

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/go-downtime/downtime/core"
)

// Config is [core.Config].
type Config = core.Config

// New makes a gate from cfg and returns its middleware. It panics if cfg is invalid, with
// every fault in the message.
//
// The gate shuts down with the http.Server of the first request, see [core.Gate.ShutdownWith]. If
// the application stops in order, has several servers, or needs the gate, call [core.New], which
// returns the error, and pass the gate to [Middleware]. Call the gate's Shutdown after the server's.
func New(cfg Config, opts ...Option) gin.HandlerFunc {
	gate, err := core.New(cfg)
	if err != nil {
		panic(fmt.Sprintf("gindowntime: invalid config: %v", err))
	}
	handle := Middleware(gate, opts...)
	var first sync.Once
	return func(c *gin.Context) {
		first.Do(func() { gate.ShutdownWith(c.Request) })
		handle(c)
	}
}

// Middleware returns the middleware of a gate, which several routers may share. It never
// panics. A nil gate, the result of an error that was not handled, refuses every request.
func Middleware(gate *core.Gate, opts ...Option) gin.HandlerFunc {
	m := &middleware{gate: gate.OrClosed()}
	for _, o := range opts {
		if o != nil {
			o(m)
		}
	}
	return m.handle
}

// Install adds the middleware to engine, as Use does. It returns an error if engine has
// routes already, because gin never runs the middleware for them. The same is true of groups
// made before, which Install cannot see.
func Install(engine *gin.Engine, gate *core.Gate, opts ...Option) error {
	if engine == nil {
		return errors.New("gindowntime: Install: engine is nil: pass the engine before its routes are added")
	}
	if gate == nil {
		return errors.New("gindowntime: Install: gate is nil: make one with core.New")
	}
	if routes := engine.Routes(); len(routes) > 0 {
		return fmt.Errorf("gindowntime: Install: the engine has %d routes already, %s %s among them, which gin would never gate: install before adding routes, or wrap the finished engine by gate.Handler(engine)",
			len(routes), routes[0].Method, routes[0].Path)
	}
	engine.Use(Middleware(gate, opts...))
	return nil
}

type middleware struct {
	gate    *core.Gate
	respond func(*gin.Context, core.Decision) // nil: the gate answers
}

func (m *middleware) handle(c *gin.Context) {
	ticket, ok := m.gate.Enter(c.Request)
	if !ok {
		var d core.Decision
		if ticket, d = m.gate.Admit(func() context.Context { return overlay{c} }, c.Writer, c.Request); !d.Passes() {
			m.refuse(c, d)
			return
		}
	}
	defer ticket.Leave()
	if r := ticket.Carry(c.Request); r != c.Request {
		c.Request = r
	}
	c.Next()
}

// refuse aborts first, so that the chain has ended before a responder runs.
func (m *middleware) refuse(c *gin.Context, d core.Decision) {
	c.Abort()
	if m.respond == nil {
		m.gate.Respond(c.Writer, c.Request, d)
		c.Writer.WriteHeaderNow() // else gin puts its own 404 text in place of an empty answer
		return
	}
	status, answered := m.gate.Prepare(c.Writer, c.Request, d)
	if answered {
		c.Writer.WriteHeaderNow()
		return
	}
	c.Status(status)
	m.respond(c, d)
	if c.Writer.Written() {
		m.gate.Linger(c.Writer, c.Request)
	}
}
