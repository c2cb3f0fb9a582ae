package chidowntime

import (
	"context"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/go-downtime/downtime/core"
)

// Option changes how the middleware of this package works.
type Option interface{ apply(m *middleware) }

type option func(*middleware)

func (o option) apply(m *middleware) { o(m) }

// WithResponder answers refused requests by respond instead of the gate. When respond is
// called, the headers that every refusal has are set (Retry-After, Cache-Control,
// Downtime, …), and the status is the refusal's unless it calls WriteHeader, which
// http.ServeFile and its like do. [core.DecisionFrom] finds the decision in the request's
// context. It answers in place of Config.RedirectURL too. nil means the gate's own answer.
func WithResponder(respond http.Handler) Option {
	return option(func(m *middleware) { m.respond = respond })
}

// Predicate is a named [core.Predicate] written against the request, whose context holds
// what net/http middleware stored. It must not read the body.
func Predicate(name string, ok func(r *http.Request) bool) core.Predicate {
	if ok == nil {
		return core.Func(name, nil)
	}
	return core.Func(name, func(_ context.Context, r *http.Request) bool { return ok(r) })
}

// From returns chi's routing context under ctx: in a predicate, in Config.OnDecision, and
// in handlers. Under Use nothing has been matched yet: it holds no parameters. Around the
// finished router, and under other routers, there is none.
func From(ctx context.Context) (*chi.Context, bool) {
	c, ok := ctx.Value(chi.RouteCtxKey).(*chi.Context)
	return c, ok && c != nil
}

// Wrap returns h. In chi a handler's request context holds everything already; Wrap is
// there so that a handler is mounted by the same words under each of the three adapters.
func Wrap(h http.Handler) http.Handler {
	if h == nil {
		panic("chidowntime: Wrap: handler is nil")
	}
	return h
}
