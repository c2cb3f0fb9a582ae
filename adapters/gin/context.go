package gindowntime

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/mounted"
)

// Predicate is a named [core.Predicate] on gin's own context: the values of earlier
// handlers, parameters, cookies. ok may only read c. It must not call Next or Abort, write,
// or keep c, which gin reuses. Under another framework, and under gate.Handler, there is no
// gin context, and the predicate does not bypass; gate.Handler logs a warning.
func Predicate(name string, ok func(c *gin.Context) bool) core.Predicate {
	if ok == nil {
		return core.Func(name, nil)
	}
	return core.ContextValue(name, contextKey{}, ok)
}

// contextKey finds the gin context, as gin.ContextKey does.
type contextKey struct{}

// Framework tells core that only gin has a value under this key.
func (contextKey) Framework() string { return "gin" }

// From returns the gin context under ctx: in a predicate, in Config.OnDecision, and in a
// handler mounted by [Wrap]. It is valid until the request is over.
func From(ctx context.Context) (*gin.Context, bool) {
	c, ok := ctx.Value(gin.ContextKey).(*gin.Context)
	return c, ok && c != nil
}

// Wrap mounts a net/http handler. The context of its request has the values that gin handlers
// stored by c.Set, under any key. After them come the values of the request's own context, with
// its deadline and cancellation. Predicates that run inside h, such as the authorization of an
// admin page, see the same values as under the middleware. After h has returned, the context has
// only the values of the request's own: a goroutine of h never sees another request's values.
func Wrap(h http.Handler) gin.HandlerFunc {
	if h == nil {
		panic("gindowntime: Wrap: handler is nil")
	}
	return func(c *gin.Context) { mounted.Serve(h, c.Writer, c.Request, c, native) }
}

// overlay is the context of predicates. A *gin.Context looks up only string keys. It has the
// values and the cancellation of the request's context only if the engine is configured so.
// overlay has one pointer field, so that its conversion to context.Context does not allocate.
type overlay struct{ c *gin.Context }

func (o overlay) Deadline() (time.Time, bool) { return o.c.Request.Context().Deadline() }
func (o overlay) Done() <-chan struct{}       { return o.c.Request.Context().Done() }
func (o overlay) Err() error                  { return o.c.Request.Context().Err() }

// Value looks up a value of gin's handlers, under any key, then of the request's context. A
// stored nil counts as absent.
func (o overlay) Value(key any) any {
	if v := native(o.c, key); v != nil {
		return v
	}
	return o.c.Request.Context().Value(key)
}

func native(c *gin.Context, key any) any {
	if key == gin.ContextKey || key == (contextKey{}) {
		return c
	}
	v, _ := c.Get(key)
	return v
}

// Route is for [core.Routed]. If the answer has begun, an earlier handler called HandleContext
// without Abort: c names the route of that call, and the handlers of another one are next. With
// UseEscapedPath the patterns are escaped. Elsewhere a pattern with an escape fits no exempt path.
func (o overlay) Route() (pattern string, known bool) {
	pattern = o.c.FullPath()
	if plain, err := url.PathUnescape(pattern); err == nil {
		pattern = plain
	}
	return pattern, !o.c.Writer.Written()
}

// Param is for [core.Routed]. Behind a literal, gin has no other routes beside a catch-all.
func (o overlay) Param(name string) (value string, found bool) {
	if name[0] == '*' && len(o.c.Params) == 1 {
		return "", false
	}
	return o.c.Params.Get(name[1:])
}
