package gindowntime

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/go-downtime/downtime/core"
)

// Predicate is a named [core.Predicate] written against gin's own context: what earlier
// handlers put there, parameters, cookies. It may read c and nothing more: no Next, no
// Abort, no answer, and nothing kept of c after it returned, because gin reuses it. Under
// another framework, and under gate.Handler, there is no gin context: it then says no.
func Predicate(name string, ok func(c *gin.Context) bool) core.Predicate {
	if ok == nil {
		return core.Func(name, nil)
	}
	return core.Func(name, func(ctx context.Context, _ *http.Request) bool {
		c, found := From(ctx)
		return found && ok(c)
	})
}

// From returns the gin context under ctx: in a predicate, in Config.OnDecision, and in a
// handler mounted by [Wrap]. It is good until the request is over.
func From(ctx context.Context) (*gin.Context, bool) {
	c, ok := ctx.Value(gin.ContextKey).(*gin.Context)
	return c, ok && c != nil
}

// Wrap mounts a net/http handler whose request context sees what gin handlers stored by
// c.Set, under any key, and then the request's own context, whose deadline and
// cancellation it has. Predicates that run inside h (an admin page's authorisation, say)
// so see the same values as under the middleware. When h has returned, only the request's
// own context is left of it: a goroutine that h started never sees another request's
// values.
func Wrap(h http.Handler) gin.HandlerFunc {
	if h == nil {
		panic("gindowntime: Wrap: handler is nil")
	}
	return func(c *gin.Context) {
		ctx := &mounted{Context: c.Request.Context(), c: c}
		defer ctx.detach()
		h.ServeHTTP(c.Writer, c.Request.WithContext(ctx))
	}
}

// overlay is what predicates see: a *gin.Context by itself looks up only string keys, and
// has neither the request context's values nor its cancellation unless the engine was told
// so. One pointer field: making it a context.Context does not allocate.
type overlay struct{ c *gin.Context }

func (o overlay) Deadline() (time.Time, bool) { return o.c.Request.Context().Deadline() }
func (o overlay) Done() <-chan struct{}       { return o.c.Request.Context().Done() }
func (o overlay) Err() error                  { return o.c.Request.Context().Err() }

// Value looks at what gin handlers stored, under any key, then at the request's context.
// A stored nil counts as absent.
func (o overlay) Value(key any) any {
	if key == gin.ContextKey {
		return o.c
	}
	if v, ok := o.c.Get(key); ok && v != nil {
		return v
	}
	return o.c.Request.Context().Value(key)
}

// mounted is the overlay of a mounted handler, which may keep its context for longer than
// gin leaves c to this request. The embedded context is the request's as it was at the
// mount, so that a c.Request that was given this very context makes no circle.
type mounted struct {
	context.Context
	mu sync.RWMutex
	c  *gin.Context // nil when the handler has returned
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
	if key == gin.ContextKey {
		return m.c
	}
	v, _ := m.c.Get(key)
	return v
}
