package echodowntime

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/go-downtime/downtime/core"
)

// Predicate is a named [core.Predicate] written against echo's own context: what earlier
// handlers put there, cookies, parameters (under Use). It may read c and nothing more: no
// answer, no form value (that reads the body), and nothing kept of c after it returned,
// because echo reuses it. Under another framework, and under gate.Handler, there is no
// echo context: it then says no.
func Predicate(name string, ok func(c echo.Context) bool) core.Predicate {
	if ok == nil {
		return core.Func(name, nil)
	}
	return core.Func(name, func(ctx context.Context, _ *http.Request) bool {
		c, found := From(ctx)
		return found && ok(c)
	})
}

type contextKey struct{}

// From returns the echo context under ctx: in a predicate, in Config.OnDecision, and in a
// handler mounted by [Wrap]. It is good until the request is over.
func From(ctx context.Context) (echo.Context, bool) {
	c, ok := ctx.Value(contextKey{}).(echo.Context)
	return c, ok
}

// Wrap mounts a net/http handler whose request context sees what echo handlers stored by
// c.Set, and then the request's own context, whose deadline and cancellation it has.
// Predicates that run inside h (an admin page's authorisation, say) so see the same values
// as under the middleware. When h has returned, only the request's own context is left of
// it: a goroutine that h started never sees another request's values.
func Wrap(h http.Handler) echo.HandlerFunc {
	if h == nil {
		panic("echodowntime: Wrap: handler is nil")
	}
	return func(c echo.Context) error {
		r := c.Request()
		ctx := &mounted{Context: r.Context(), c: c}
		defer ctx.detach()
		h.ServeHTTP(c.Response(), r.WithContext(ctx))
		return nil
	}
}

// overlay is what predicates see: an echo.Context is no context.Context.
type overlay struct{ c echo.Context }

func (o *overlay) Deadline() (time.Time, bool) { return o.c.Request().Context().Deadline() }
func (o *overlay) Done() <-chan struct{}       { return o.c.Request().Context().Done() }
func (o *overlay) Err() error                  { return o.c.Request().Context().Err() }

// Value looks at what echo handlers stored, whose keys are strings, then at the request's
// context. A stored nil counts as absent.
func (o *overlay) Value(key any) any {
	if v := native(o.c, key); v != nil {
		return v
	}
	return o.c.Request().Context().Value(key)
}

func native(c echo.Context, key any) any {
	switch k := key.(type) {
	case contextKey:
		return c
	case string:
		return c.Get(k)
	}
	return nil
}

// mounted is the overlay of a mounted handler, which may keep its context for longer than
// echo leaves c to this request. The embedded context is the request's as it was at the
// mount, so that a c.SetRequest with this very context makes no circle.
type mounted struct {
	context.Context
	mu sync.RWMutex
	c  echo.Context // nil when the handler has returned
}

func (m *mounted) detach() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.c = nil
}

func (m *mounted) Value(key any) any {
	if v := m.native(key); v != nil {
		return v
	}
	return m.Context.Value(key)
}

func (m *mounted) native(key any) any {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.c == nil {
		return nil
	}
	return native(m.c, key)
}
