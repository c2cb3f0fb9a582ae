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
// A predicate reads a session by [core.Behind]. Authentication before the gate also runs for
// refused requests.
//
// chi chooses the route after the middleware of Use, so code that rewrites paths goes before the
// gate. CleanPath, StripSlashes and URLFormat store the path that chi routes. A later change of
// URL.Path changes what the gate sees, but it does not change the route.
//
// Use the gate on the outermost router. Under Group, With and Route the gate sees only the requests
// that match them. It does not see the requests that the router answers with 404 and 405. A chi
// router without a route never runs its middleware. gate.Handler(router), around the finished
// router, sees every request.
package chidowntime

import (
	"fmt"
	"net/http"
	"sync"

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
func New(cfg Config, opts ...Option) func(http.Handler) http.Handler {
	gate, err := core.New(cfg)
	if err != nil {
		panic(fmt.Sprintf("chidowntime: invalid config: %v", err))
	}
	middleware := Middleware(gate, opts...)
	var first sync.Once
	return func(next http.Handler) http.Handler {
		handler := middleware(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			first.Do(func() { gate.ShutdownWith(r) })
			handler.ServeHTTP(w, r)
		})
	}
}

// Middleware returns the middleware of a gate, which several routers may share. It never
// panics, but the middleware does for a nil handler. A nil gate, the result of an error that
// was not handled, refuses every request. Without options the middleware is
// [core.Gate.Handler].
func Middleware(gate *core.Gate, opts ...Option) func(http.Handler) http.Handler {
	m := &middleware{gate: gate.OrClosed()}
	for _, o := range opts {
		if o != nil {
			o(m)
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
		if ticket, d = h.gate.Admit(r.Context, w, r); !d.Passes() {
			h.refuse(w, r, d)
			return
		}
	}
	defer ticket.Leave()
	h.next.ServeHTTP(w, ticket.Carry(r))
}

func (h *handler) refuse(w http.ResponseWriter, r *http.Request, d core.Decision) {
	status, answered := h.gate.Prepare(w, r, d)
	if answered {
		return
	}
	answer := &refusal.Writer{ResponseWriter: w}
	answer.Send = func() { answer.WriteHeader(status) }
	h.respond.ServeHTTP(answer, r.WithContext(core.WithDecision(r.Context(), d)))
	answer.Begin()
	if !answer.Hijacked {
		h.gate.Linger(w, r)
	}
}
