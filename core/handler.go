package core

import (
	"context"
	"net/http"
)

// Handler is the net/http middleware: it serves what passes by next and answers the rest.
// Around the finished router it is the strongest form: it sees every request, also the
// redirects, 404s and panics that routers make before their own middleware runs. The
// ResponseWriter reaches next untouched. A nil next panics; a nil gate refuses everything.
//
// A handler that speaks HTTP/2 without TLS, such as golang.org/x/net/http2/h2c or the Handler of
// a gin engine with UseH2C, takes connections from the server, and a gate around it would not see
// their requests. The gate therefore answers the opening of such a connection by 505, and removes
// the upgrade to one from a request. Serve HTTP/2 without TLS by the server:
//
//	server.Protocols = new(http.Protocols)
//	server.Protocols.SetHTTP1(true)
//	server.Protocols.SetUnencryptedHTTP2(true)
func (g *Gate) Handler(next http.Handler) http.Handler {
	if next == nil {
		panic("downtime: Gate.Handler: next is nil")
	}
	return &handler{gate: g.OrClosed(), next: next}
}

type handler struct {
	gate *Gate
	next http.Handler
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ticket, ok := h.gate.Enter(r)
	if !ok {
		var d Decision
		if ticket, d = h.gate.Admit(r.Context(), w, r); !d.Passes() {
			h.gate.Respond(w, r, d)
			return
		}
	}
	defer ticket.Leave()
	h.next.ServeHTTP(w, r)
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
