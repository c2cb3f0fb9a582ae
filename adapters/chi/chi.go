// Package chidowntime is the downtime gate as middleware for chi, net/http and every router
// that takes a func(http.Handler) http.Handler.
//
//	r := chi.NewRouter()
//	r.Use(middleware.Recoverer, chidowntime.New(chidowntime.Config{
//		Store:       store,
//		ExemptExact: []string{"/healthz"},
//	}))
//	r.Get("/", home)
//
// Order: recovery, request id, access log, security headers, CORS, path rewriting, CleanPath or
// StripSlashes, then the gate, then static files, heartbeats, sessions and the application.
// Authentication goes before the gate only if a predicate reads the user that it stores. It then
// also runs for refused requests.
//
// chi chooses the route after the middleware of Use, so code that rewrites paths goes before the
// gate. CleanPath, StripSlashes and URLFormat fix the path that chi routes: a later change of
// URL.Path changes what the gate sees, and not the route.
//
// Use it on the outermost router. Under Group, With and Route it sees only the requests that
// these match, and not the router's own 404 and 405. A chi router without a route never runs
// its middleware. gate.Handler(router), around the finished router, sees every request.
package chidowntime

import (
	"bufio"
	"fmt"
	"net"
	"net/http"

	"github.com/go-downtime/downtime/core"
)

// Config is [core.Config].
type Config = core.Config

// New makes a gate from cfg and returns its middleware. It panics if cfg is invalid, with
// every fault in the message.
//
// The caller does not get the gate and cannot shut it down. After the process has ended, its
// row stays in the store as a silent instance, for a day after the end of its lease. A file
// store on the same host knows that the process is dead. A server with a graceful shutdown
// calls [core.New], which returns the error, passes the gate to [Middleware], and calls the
// gate's Shutdown after its own.
func New(cfg Config, opts ...Option) func(http.Handler) http.Handler {
	gate, err := core.New(cfg)
	if err != nil {
		panic(fmt.Sprintf("chidowntime: invalid config: %v", err))
	}
	return Middleware(gate, opts...)
}

// Middleware returns the middleware of a gate, which several routers may share. It never
// panics, but the middleware does for a nil handler. A nil gate, the result of an error that
// was not handled, refuses every request. Without options the middleware is
// [core.Gate.Handler].
func Middleware(gate *core.Gate, opts ...Option) func(http.Handler) http.Handler {
	m := &middleware{gate: gate.OrClosed()}
	for _, o := range opts {
		if o != nil {
			o.apply(m)
		}
	}
	if m.respond == nil {
		return m.gate.Handler
	}
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("chidowntime: Middleware: next is nil")
		}
		return &handler{middleware: m, next: next}
	}
}

type middleware struct {
	gate    *core.Gate
	respond http.Handler // nil: the gate answers
}

type handler struct {
	*middleware
	next http.Handler
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ticket, ok := h.gate.Enter(r)
	if !ok {
		var d core.Decision
		if ticket, d = h.gate.Admit(r.Context(), w, r); !d.Passes() {
			h.refuse(w, r, d)
			return
		}
	}
	defer ticket.Leave()
	h.next.ServeHTTP(w, r)
}

func (h *handler) refuse(w http.ResponseWriter, r *http.Request, d core.Decision) {
	answer := &refusal{ResponseWriter: w, status: h.gate.Prepare(w.Header(), d)}
	h.respond.ServeHTTP(answer, r.WithContext(core.WithDecision(r.Context(), d)))
	answer.begin()
}

// refusal is the writer of a responder. A Write without WriteHeader sends the refusal's
// status instead of net/http's 200.
type refusal struct {
	http.ResponseWriter
	status int
	begun  bool
}

func (a *refusal) begin() {
	if !a.begun {
		a.WriteHeader(a.status)
	}
}

// WriteHeader sends the responder's own status. Statuses below 200 are not final, except 101.
func (a *refusal) WriteHeader(status int) {
	a.begun = a.begun || status >= http.StatusOK || status == http.StatusSwitchingProtocols
	a.ResponseWriter.WriteHeader(status)
}

// Write sends the refusal's status first, unless the responder chose one.
func (a *refusal) Write(b []byte) (int, error) {
	a.begin()
	return a.ResponseWriter.Write(b)
}

// FlushError sends the refusal's status first, as Write does. It is for
// http.ResponseController, which would otherwise find a writer that sends 200.
func (a *refusal) FlushError() error {
	a.begin()
	return http.NewResponseController(a.ResponseWriter).Flush()
}

// Hijack is for http.ResponseController. After a hijack the adapter sends nothing.
func (a *refusal) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(a.ResponseWriter).Hijack()
	a.begun = a.begun || err == nil
	return conn, rw, err
}

// Unwrap is for the other methods of http.ResponseController.
func (a *refusal) Unwrap() http.ResponseWriter { return a.ResponseWriter }
