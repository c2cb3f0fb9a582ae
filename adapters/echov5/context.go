package echodowntime

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v5"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/mounted"
)

// Predicate is a named [core.Predicate] on echo's own context: the values of earlier
// handlers, cookies, and, under Use, parameters. ok may only read c. It must not write, read
// a form value, which reads the body, or keep c, which echo reuses. Under another framework,
// and under gate.Handler, there is no echo context, and the predicate does not bypass;
// gate.Handler logs a warning.
func Predicate(name string, ok func(c *echo.Context) bool) core.Predicate {
	if ok == nil {
		return core.Func(name, nil)
	}
	return core.ContextValue(name, contextKey{}, ok)
}

type contextKey struct{}

// Framework tells core that only echo has a value under this key.
func (contextKey) Framework() string { return "echo" }

// From returns the echo context under ctx: in a predicate, in Config.OnDecision, and in a
// handler mounted by [Wrap]. It is valid until the request is over.
func From(ctx context.Context) (*echo.Context, bool) {
	c, ok := ctx.Value(contextKey{}).(*echo.Context)
	return c, ok
}

// Wrap mounts a net/http handler. The context of its request has the values that echo handlers
// stored by c.Set. After them come the values of the request's own context, with its deadline and
// cancellation. Predicates that run inside h, such as the authorization of an admin page, see the
// same values as under the middleware. After h has returned, the context has only the values of
// the request's own: a goroutine of h never sees another request's values. As under
// echo.WrapHandler, the request has the route's pattern and its path values.
func Wrap(h http.Handler) echo.HandlerFunc {
	if h == nil {
		panic("echodowntime: Wrap: handler is nil")
	}
	return func(c *echo.Context) error {
		r := c.Request().WithContext(c.Request().Context()) // a copy, to which the values below belong
		r.Pattern = c.Path()
		for _, p := range c.PathValues() {
			r.SetPathValue(p.Name, p.Value)
		}
		mounted.Serve(h, c.Response(), r, c, native)
		return nil
	}
}

// overlay is the context of predicates, because an echo.Context is no context.Context.
type overlay struct{ c *echo.Context }

func (o overlay) Deadline() (time.Time, bool) { return o.c.Request().Context().Deadline() }
func (o overlay) Done() <-chan struct{}       { return o.c.Request().Context().Done() }
func (o overlay) Err() error                  { return o.c.Request().Context().Err() }

// Value looks up a value of echo's handlers, whose keys are strings, then of the request's
// context. A stored nil counts as absent.
func (o overlay) Value(key any) any {
	if v := native(o.c, key); v != nil {
		return v
	}
	return o.c.Request().Context().Value(key)
}

// Route is for [core.Routed]. Under Pre echo has not chosen one yet. It answers another method by
// itself. In echo's patterns a literal colon has a backslash before it.
func (o overlay) Route() (pattern string, known bool) {
	if o.c.Get(echo.ContextKeyHeaderAllow) != nil {
		return "", true
	}
	return strings.ReplaceAll(o.c.Path(), `\:`, ":"), true
}

// Param is for [core.Routed]. A pattern can have literal text after a parameter, such as the verb in
// "/orders/:id\:cancel". Param treats this text as the end of the name and of the value.
func (o overlay) Param(name string) (value string, found bool) {
	rest := name[0] == '*' // echo calls it "*" and ignores the name in the pattern
	if rest && o.chosenNow() == o.c.Path() {
		return "", false
	}
	for _, p := range o.c.PathValues() {
		if rest && p.Name == "*" {
			return p.Value, true
		}
		if verb, ok := strings.CutPrefix(name[1:], p.Name); ok && !rest && (verb == "" || verb[0] == ':') {
			return p.Value + verb, true
		}
	}
	return "", rest
}

// chosenNow is the pattern of the route that echo would choose for the path as it is now.
func (o overlay) chosenNow() string {
	e, r := o.c.Echo(), o.c.Request()
	if e == nil { // a context that a test made
		return ""
	}
	c := e.AcquireContext()
	defer e.ReleaseContext(c)
	c.Reset(r.WithContext(r.Context()), nil) // a copy, because the router writes its Pattern
	e.Router().Route(c)
	return c.Path()
}

func native(c *echo.Context, key any) any {
	switch k := key.(type) {
	case contextKey:
		return c
	case string:
		return c.Get(k)
	}
	return nil
}
