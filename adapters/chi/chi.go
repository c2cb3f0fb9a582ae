// Package chidowntime is the downtime gate as middleware of the form that chi, net/http
// and every router beside them take: func(http.Handler) http.Handler.
//
//	r := chi.NewRouter()
//	r.Use(middleware.Recoverer, chidowntime.New(chidowntime.Config{
//		Store:       store,
//		ExemptExact: []string{"/healthz"},
//	}))
//	r.Get("/", home)
//
// Order: recovery, request id, access log, security headers, CORS, path rewriting
// (CleanPath, StripSlashes), then the gate, then static files, heartbeats, sessions and
// the application. Authentication goes before the gate only if a predicate reads what it
// stores; it then runs for refused requests too.
//
// Use it on the outermost router: under Group, With and Route it gates what those match,
// not the router's own 404 and 405. A chi router without any route never runs its
// middleware. gate.Handler(router), around the finished router, sees it all.
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
// every fault in the message. Nobody can shut that gate down: when the process has ended,
// its row stays among the store's instances, silent, until it is pruned a day after its
// lease (a file store on the same host knows at once that it is dead). A server that shuts
// down cleanly calls [core.New], which returns the error instead, passes the gate to
// [Middleware], and calls the gate's Shutdown after its own.
func New(cfg Config, opts ...Option) func(http.Handler) http.Handler {
	gate, err := core.New(cfg)
	if err != nil {
		panic(fmt.Sprintf("chidowntime: invalid config: %v", err))
	}
	return Middleware(gate, opts...)
}

// Middleware returns the middleware of a gate, which several routers may share. It never
// panics; what it returns does if it is given a nil handler. A nil gate, left over from an
// error that nobody looked at, refuses everything. Without options the middleware is
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

// refusal is the writer that a responder gets: a page that is merely written has the
// refusal's status, not the 200 that net/http would send.
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

// WriteHeader sends the responder's own status. 1xx answers go before the final one, but
// for 101, which is one.
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
// http.ResponseController, which would go on to a writer that sends 200.
func (a *refusal) FlushError() error {
	a.begin()
	return http.NewResponseController(a.ResponseWriter).Flush()
}

// Hijack is for http.ResponseController: nothing is sent over a connection that the
// responder has taken over.
func (a *refusal) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(a.ResponseWriter).Hijack()
	a.begun = a.begun || err == nil
	return conn, rw, err
}

// Unwrap is for what else http.ResponseController can do.
func (a *refusal) Unwrap() http.ResponseWriter { return a.ResponseWriter }
