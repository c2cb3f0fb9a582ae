package adaptertest

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"

	"github.com/go-downtime/downtime/core"
)

// mutated is the site on echo, with an adapter that has this fault; "" for none.
func mutated(fault string) Build {
	return func(site *Site) http.Handler {
		e := echo.New()
		e.Logger.SetOutput(discard{})
		if fault != "the site has no front" {
			e.Use(front(fault))
		}
		if site.Gate != nil {
			e.Use((&mutant{gate: site.Gate, fault: fault}).middleware)
		}
		for _, r := range site.Routes {
			if fault == "the site lacks a route" && r.Pattern == "/healthz" {
				continue
			}
			e.Add(r.Method, r.Path(":%s", "*"), func(c echo.Context) error {
				for i, name := range c.ParamNames() {
					if fault != "the site sets no path values" {
						c.Request().SetPathValue(name, c.ParamValues()[i])
					}
				}
				r.Handler(c.Response(), c.Request())
				return nil
			})
		}
		e.Any("/admin/*", func(c echo.Context) error {
			site.Mount.ServeHTTP(c.Response(), c.Request().WithContext(overlay{c.Request().Context(), c, fault}))
			return nil
		})
		return e
	}
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

func front(fault string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r, user, answered := Before(c.Response(), c.Request())
			if answered {
				return nil
			}
			c.SetRequest(r)
			if user != nil && fault != "the site stores no user" {
				c.Set("user", user)
			}
			return next(c)
		}
	}
}

// overlay is the context of predicates.
type overlay struct {
	context.Context //nolint:containedctx // it is one

	c     echo.Context
	fault string
}

func (o overlay) Value(key any) any {
	if name, ok := key.(string); ok && o.fault != "hides native values" {
		if v := o.c.Get(name); v != nil {
			return v
		}
	}
	if _, ok := key.(tenantKey); ok && o.fault == "hides the values of the request" {
		return nil
	}
	return o.Context.Value(key)
}

// routed is an overlay for [core.Routed].
type routed struct{ overlay }

func (o routed) Route() (pattern string, known bool) {
	if o.c.Get(echo.ContextKeyHeaderAllow) != nil {
		return "", true
	}
	return o.c.Path(), o.fault != "calls every route unknown"
}

func (o routed) Param(name string) (value string, found bool) {
	if o.fault == "tells no values" {
		return strings.TrimPrefix(o.c.Request().URL.Path, path.Dir(o.c.Request().URL.Path)+"/"), true
	}
	for i, n := range o.c.ParamNames() {
		if n == strings.TrimPrefix(name, ":") {
			return o.c.ParamValues()[i], true
		}
	}
	return "", name == "*"
}

// mutant is an adapter as another project could write it.
type mutant struct {
	gate  *core.Gate
	fault string

	once  sync.Once
	first bool
}

func (m *mutant) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if done, err := m.ahead(c, next); done {
			return err
		}
		r := m.judged(c.Request())
		ticket, ok := m.gate.Enter(r)
		if m.fault == "keeps the first decision" {
			m.once.Do(func() { m.first = ok })
			ok = m.first
		}
		if m.fault == "refuses while open" {
			return c.NoContent(http.StatusServiceUnavailable)
		}
		var d core.Decision
		if !ok {
			w := http.ResponseWriter(c.Response())
			if m.fault == "gives Admit another writer" {
				w = httptest.NewRecorder()
			}
			if ticket, d = m.gate.Admit(func() context.Context { return m.context(c) }, w, r); !d.Passes() {
				return m.refuse(c, d, next)
			}
		}
		return m.serve(c, next, ticket, ok)
	}
}

// context is the context for Admit.
func (m *mutant) context(c echo.Context) context.Context {
	ctx := c.Request().Context()
	if m.fault == "hides the cancellation" {
		ctx = context.WithoutCancel(ctx)
	}
	o := overlay{ctx, c, m.fault}
	switch m.fault {
	case "does not tell the route", "cleans the path", "believes X-Original-URL":
		return o
	}
	return routed{o}
}

// ahead has the faults before the gate is asked. If done is true, nothing else runs.
func (m *mutant) ahead(c echo.Context, next echo.HandlerFunc) (done bool, err error) {
	r := c.Request()
	closed := !m.gate.Status().Open
	switch m.fault {
	case "serves while closed":
		return true, next(c)
	case "marks what it serves":
		c.Response().Header().Set("Downtime", "up")
	case "serves only known methods":
		if r.URL.Path == "/api/items" && r.Method == http.MethodPost {
			return true, c.NoContent(http.StatusMethodNotAllowed)
		}
	case "exempts by the beginning":
		if strings.HasPrefix(r.URL.Path, "/static") {
			return true, next(c)
		}
	case "lets internal requests pass":
		if r.Header.Get("X-Internal") != "" {
			return true, next(c)
		}
	case "lets upgrades pass":
		if r.Header.Get("Upgrade") != "" {
			return true, next(c)
		}
	case "reads the form":
		_ = r.ParseForm()
	case "refuses every escape":
		if closed && r.URL.RawPath != "" {
			r = r.Clone(r.Context())
			r.URL.Path = "/no"
			m.gate.Respond(c.Response(), r, core.Decision{})
			return true, nil
		}
	case "refuses the exempt":
		m.gate.Respond(c.Response(), r, core.Decision{})
		return true, nil
	}
	return false, nil
}

// judged is the request that the gate judges.
func (m *mutant) judged(r *http.Request) *http.Request {
	to, from := r, r
	copied := func() *http.Request {
		to = from.Clone(from.Context())
		return to
	}
	switch m.fault {
	case "believes X-Forwarded-For":
		if addr := r.Header.Get("X-Forwarded-For"); addr != "" {
			copied().RemoteAddr = addr + ":1"
		}
	case "believes X-Original-URL":
		if target := r.Header.Get("X-Original-URL"); target != "" {
			copied().URL.Path = target
		}
	case "cleans the path":
		copied().URL.Path, to.URL.RawPath = path.Clean(r.URL.Path), ""
	case "decodes the path":
		if p, err := url.PathUnescape(r.URL.EscapedPath()); err == nil && r.URL.RawPath != "" {
			copied().URL.Path, to.URL.RawPath = "/static/"+path.Base(p), ""
		}
	}
	return to
}

// refuse answers a request that does not pass.
func (m *mutant) refuse(c echo.Context, d core.Decision, next echo.HandlerFunc) error {
	r, w := c.Request(), http.ResponseWriter(c.Response())
	switch m.fault {
	case "answers by itself", "does not redirect", "always answers 503", "has a page of its own", "does not read the rest of the body":
		if m.fault != "answers by itself" {
			m.gate.Prepare(w, r, d)
		}
		return c.String(http.StatusServiceUnavailable, "down")
	case "answers and serves":
		m.gate.Respond(w, r, d)
		return next(c)
	case "drops headers of others":
		clear(w.Header())
	case "answers everything as HTML":
		r = r.Clone(r.Context())
		r.Header.Set("Accept", "text/html")
	case "compresses nothing but says so":
		w.Header().Set("Content-Encoding", "gzip")
	}
	m.gate.Respond(w, r, d)
	return nil
}

// serve calls the handler of a request that passes.
func (m *mutant) serve(c echo.Context, next echo.HandlerFunc, ticket core.Ticket, open bool) (err error) {
	if m.fault != "keeps the ticket" {
		c.SetRequest(ticket.Carry(c.Request()))
	}
	switch m.fault {
	case "leaves before the handler":
		ticket.Leave()
		return next(c)
	case "leaves after the handler":
		err := next(c)
		ticket.Leave()
		return err
	case "never leaves":
		return next(c)
	case "does not count what passes":
		if !open {
			ticket.Leave()
			return next(c)
		}
	case "wraps the writer":
		c.SetResponse(echo.NewResponse(around{c.Response()}, c.Echo()))
	case "cannot hijack":
		c.SetResponse(echo.NewResponse(flushes{c.Response()}, c.Echo()))
	case "buffers the response":
		defer ticket.Leave()
		before, later := c.Response(), &buffer{header: http.Header{}}
		c.SetResponse(echo.NewResponse(later, c.Echo()))
		err := next(c)
		maps.Copy(before.Header(), later.header)
		before.WriteHeader(cmp.Or(later.status, http.StatusOK))
		_, _ = before.Write(later.Bytes())
		return err
	}
	defer ticket.Leave()
	return next(c)
}

// around is a writer around another one.
type around struct{ http.ResponseWriter }

func (a around) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// flushes is a writer that only flushes.
type flushes struct{ http.ResponseWriter }

func (f flushes) Flush() { _ = http.NewResponseController(f.ResponseWriter).Flush() }

// buffer is a response that is sent when its handler has ended.
type buffer struct {
	bytes.Buffer

	header http.Header
	status int
}

func (b *buffer) Header() http.Header    { return b.header }
func (b *buffer) WriteHeader(status int) { b.status = status }
func (b *buffer) Flush()                 {}
