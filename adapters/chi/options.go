package chidowntime

import (
	"context"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/go-downtime/downtime/core"
)

// Option changes how the middleware of this package works.
type Option func(m *middleware)

// WithResponder answers refused requests by respond instead of the gate. When respond is
// called, the headers of every refusal are set (Retry-After, Cache-Control, Downtime, …). The
// status is the refusal's unless respond calls WriteHeader, as http.ServeFile does.
// [core.DecisionFrom] finds the decision in the request's context. The responder also replaces
// the redirect of Config.RedirectURL. Nil means the gate's own answer.
func WithResponder(respond http.Handler) Option {
	return func(m *middleware) { m.respond = respond }
}

// Predicate is a named [core.Predicate] on the request. Its context has the values of earlier
// middleware. ok must not read the body.
func Predicate(name string, ok func(r *http.Request) bool) core.Predicate {
	if ok == nil {
		return core.Func(name, nil)
	}
	return core.Func(name, func(_ context.Context, r *http.Request) bool { return ok(r) })
}

// From returns chi's routing context under ctx: in a predicate, in Config.OnDecision, and
// in handlers. Under Use no route is matched yet, so that it has no parameters. Around the
// finished router, and under other routers, there is none.
func From(ctx context.Context) (*chi.Context, bool) {
	c, ok := ctx.Value(chi.RouteCtxKey).(*chi.Context)
	return c, ok && c != nil
}

// Wrap returns h, because the request of a handler in chi has all values already. Wrap makes
// the call to mount a handler the same for all adapters.
func Wrap(h http.Handler) http.Handler {
	if h == nil {
		panic("chidowntime: Wrap: handler is nil")
	}
	return h
}
