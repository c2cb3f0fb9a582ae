package core

import (
	"context"
	"net/http"
)

// Handler is the net/http middleware. It passes admitted requests to next and refuses the others.
// The strongest form is a Handler around the finished router. It sees every request, also those
// that a router answers before its middleware runs: redirects, 404s and panics. next gets the
// ResponseWriter unchanged. Handler panics if next is nil. With a nil Gate it refuses every
// request.
//
// A handler that speaks HTTP/2 without TLS, such as golang.org/x/net/http2/h2c or the Handler of
// a gin engine with UseH2C, takes over connections from the server. A gate around it would not
// see their requests. The gate therefore answers the opening of such a connection with 505, and
// removes an upgrade to HTTP/2 from a request. To serve HTTP/2 without TLS, let the server do it:
//
//	server.Protocols = new(http.Protocols)
//	server.Protocols.SetHTTP1(true)
//	server.Protocols.SetUnencryptedHTTP2(true)
func (g *Gate) Handler(next http.Handler) http.Handler {
	if next == nil {
		panic("downtime: Gate.Handler: next is nil")
	}
	g = g.OrClosed()
	g.warnOfHandler(next)
	return &handler{gate: g, next: next}
}

type handler struct {
	gate *Gate
	next http.Handler
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ticket, ok := h.gate.Enter(r)
	if !ok {
		var d Decision
		if ticket, d = h.gate.Admit(r.Context, w, r); !d.Passes() {
			h.gate.Respond(w, r, d)
			return
		}
	}
	defer ticket.Leave()
	h.next.ServeHTTP(w, ticket.Carry(r))
}

type decisionKey struct{}

// WithDecision returns a context that carries d, for a responder that is an http.Handler.
// It is for authors of adapters; responders call [DecisionFrom].
func WithDecision(ctx context.Context, d Decision) context.Context {
	return context.WithValue(ctx, decisionKey{}, d)
}

// DecisionFrom returns the decision that [WithDecision] put into ctx.
func DecisionFrom(ctx context.Context) (Decision, bool) {
	d, ok := ctx.Value(decisionKey{}).(Decision)
	return d, ok
}
