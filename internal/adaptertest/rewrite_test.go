package adaptertest

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/labstack/echo/v4"
	echomiddleware "github.com/labstack/echo/v4/middleware"
	"github.com/stretchr/testify/require"

	chidowntime "github.com/go-downtime/downtime/adapters/chi"
	echodowntime "github.com/go-downtime/downtime/adapters/echo"
	gindowntime "github.com/go-downtime/downtime/adapters/gin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/gatetest"
	"github.com/go-downtime/downtime/internal/pathtest"
	"github.com/go-downtime/downtime/internal/rawhttp"
)

// adapters is the middleware of every adapter.
func adapters(gate *core.Gate) guard {
	return guard{gin: gindowntime.Middleware(gate), echo: echodowntime.Middleware(gate), std: chidowntime.Middleware(gate)}
}

// behind is g behind middleware that rewrites.
func (g guard) behind(rewrite func(*http.Request)) guard {
	return guard{
		gin: func(c *gin.Context) {
			rewrite(c.Request)
			g.gin(c)
		},
		echo: func(next echo.HandlerFunc) echo.HandlerFunc {
			next = g.echo(next)
			return func(c echo.Context) error {
				rewrite(c.Request())
				return next(c)
			}
		},
		std: func(next http.Handler) http.Handler { return rewriting(rewrite)(g.std(next)) },
	}
}

// rewriting is rewrite as net/http middleware.
func rewriting(rewrite func(*http.Request)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rewrite(r)
			next.ServeHTTP(w, r)
		})
	}
}

// originalURL believes a header, as behind some proxies.
func originalURL(r *http.Request) {
	if to := r.Header.Get("X-Original-Url"); to != "" {
		r.URL.Path, r.URL.RawPath = to, ""
	}
}

func stripV1(r *http.Request) { r.URL.Path = strings.TrimPrefix(r.URL.Path, "/v1") }

// rewriters are the changes that middleware makes to a path. The query says where to, so that
// many requests share a connection.
var rewriters = map[string]func(r *http.Request){
	"the path alone": func(r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			r.URL.Path = to
		}
	},
	"the whole URL": func(r *http.Request) {
		if u, err := r.URL.Parse(r.URL.Query().Get("to")); err == nil {
			r.URL = u
		}
	},
	"decode once more": func(r *http.Request) {
		if p, err := url.PathUnescape(r.URL.Path); err == nil {
			r.URL.Path, r.URL.RawPath = p, ""
		}
	},
	"strip a prefix": func(r *http.Request) {
		r.URL.Path = "/" + strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, r.URL.Query().Get("to")), "/")
		r.URL.RawPath = ""
	},
	"add a prefix": func(r *http.Request) {
		r.URL.Path, r.URL.RawPath = r.URL.Query().Get("to")+r.URL.Path, ""
	},
	"cut parameters": func(r *http.Request) {
		r.URL.Path, _, _ = strings.Cut(r.URL.Path, ";")
		r.URL.RawPath = ""
	},
}

// TestRewritingBeforeTheGate puts middleware that rewrites paths before the gate, in every
// router. No handler may run for a path that is not exempt as its route read it.
func TestRewritingBeforeTheGate(t *testing.T) {
	t.Parallel()
	var probes []pathtest.Probe
	for _, from := range slices.Concat(pathtest.Usable, []string{
		"/admin", "/administrator", "/secret/1", "/secret/healthz", "/docs/private", "/docs/open", "/nobody", "/healthz/", "/static", "/a/b/c", "//healthz", "/admin/healthz",
		"/%68ealthz", "/%2568ealthz", "/static%2fa", "/static%252fa", "/healthz;x", "/admin;x", "/secret/static/a", "/v1/healthz", "/static;/../../admin",
	}) {
		from, _, _ = strings.Cut(from, "?")
		for _, to := range []string{
			"", "/", "/healthz", "/static", "/static/a.js", "/static/a%2fb", "/docs/open/x", "/café/menu", "/admin", "/secret/1", "/secret", "/v1", "/docs/", "/nobody", "/static/../admin",
		} {
			probes = append(probes, pathtest.Probe{Method: http.MethodGet, Target: from + "?to=" + url.QueryEscape(to)})
		}
	}
	configs := routerConfigs()
	maps.DeleteFunc(configs, func(name string, _ routerConfig) bool {
		// These set the path that chi routes, see TestFactsOfChiRewriting. Rewriting goes before them.
		return slices.Contains([]string{"chi, CleanPath", "chi, StripSlashes", "chi, URLFormat"}, name)
	})
	gate := gatetest.NewGate(t, core.Config{Down: true, ExemptExact: pathtest.Exact, ExemptPaths: pathtest.Trees})
	var total tally
	t.Cleanup(func() { t.Logf("all: %v", &total) })
	for name, config := range configs {
		for how, rewrite := range rewriters {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				var got tally
				pathtest.Sweep(t, rawhttp.Serve(t, config.build(adapters(gate).behind(rewrite))), probes, func(p pathtest.Probe, a pathtest.Reply) {
					got.count(a)
					// A handler of everything, such as a proxy, goes by the path as it is now.
					if a.Ran != "" && a.Ran != "wide" && !pathtest.Within(a.Reading, config.exact) {
						t.Errorf("%s: handler %s ran for %q", p, a.Ran, a.Reading)
					}
				})
				require.Positive(t, got.ran, "no handler ran at all")
				total.add(&got)
			})
		}
	}
}

// TestNoRewritingNoRefusal: where nothing rewrites, the path alone decides, under gin and echo too.
func TestNoRewritingNoRefusal(t *testing.T) {
	t.Parallel()
	probes := pathtest.Corpus(t)
	gate := gatetest.NewGate(t, core.Config{Down: true, ExemptExact: pathtest.Exact, ExemptPaths: pathtest.Trees})
	native := adapters(gate)
	var exempt atomic.Int64
	t.Cleanup(func() { t.Logf("%d exempt requests", exempt.Load()) })
	for name, config := range routerConfigs() {
		if !strings.HasPrefix(name, "gin") && !strings.HasPrefix(name, "echo") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			judge := func(r *http.Request, answer http.Header) (finish func()) {
				want, seen := gate.Decide(r.Context(), r).Outcome == core.Exempt, r.URL.String()
				return func() {
					if want {
						exempt.Add(1)
					}
					if got := answer.Get("Downtime") == ""; got != want {
						t.Errorf("%s: served is %t, by the path alone %t", seen, got, want)
					}
				}
			}
			address := rawhttp.Serve(t, config.build(guard{
				gin: func(c *gin.Context) {
					defer judge(c.Request, c.Writer.Header())()
					native.gin(c)
				},
				echo: func(next echo.HandlerFunc) echo.HandlerFunc {
					next = native.echo(next)
					return func(c echo.Context) error {
						defer judge(c.Request(), c.Response().Header())()
						return next(c)
					}
				},
			}))
			pathtest.Sweep(t, address, probes, func(pathtest.Probe, pathtest.Reply) {})
		})
	}
}

// shop is an application of gin and of echo, whose handlers tell their pattern.
func shop(g guard, patterns ...string) map[string]http.Handler {
	engine, e := gin.New(), echo.New()
	engine.Use(g.gin)
	e.Use(g.echo)
	for _, pattern := range patterns {
		engine.Any(pattern, func(c *gin.Context) { pathtest.MarkRan(c.Writer.Header(), pattern, c.Request.URL.Path) })
		e.Any(pattern, func(c echo.Context) error {
			pathtest.MarkRan(c.Response().Header(), pattern, c.Request().URL.Path)
			return nil
		})
	}
	return map[string]http.Handler{"gin": engine, "echo": e}
}

// TestRewritingTable: the cases that matter one by one, over TCP, under gin and echo.
func TestRewritingTable(t *testing.T) {
	t.Parallel()
	const refused = "503"
	routes := []string{
		"/", "/healthz", "/healthz/deep", "/admin", "/admin/healthz", "/orders/:id", "/static/*rest", "/static2/*rest", "/app/*rest", "/files/:name/raw", "/acct/:tenant/healthz",
	}
	for name, tc := range map[string]struct {
		routes         []string
		target, to     string // to: X-Original-Url
		method         string // GET if it is empty
		rewrite        func(*http.Request)
		want, wantEcho string // wantEcho if it is another
	}{
		"another route under an exact entry":                  {target: "/admin", to: "/healthz", want: refused},
		"another route under the entry of a tree":             {target: "/admin", to: "/static/app.js", want: refused},
		"another route under the root of a tree":              {target: "/admin", to: "/static", want: refused},
		"the front page under an exact entry":                 {target: "/", to: "/healthz", want: refused},
		"another route under the front page":                  {target: "/admin", to: "/", want: refused},
		"a route below an exact entry under that entry":       {target: "/healthz/deep", to: "/healthz", want: refused},
		"a route above an exact entry under that entry":       {target: "/admin", to: "/admin/healthz", want: refused},
		"a parameter under an exact entry":                    {target: "/orders/7", to: "/healthz", want: refused},
		"a parameter with the value of another path":          {target: "/orders/7", to: "/orders/public", want: refused},
		"a catch-all under the entry of another":              {target: "/static2/a", to: "/static/a", want: refused},
		"a parameter in the middle":                           {target: "/files/a/raw", to: "/files/public/raw", want: refused},
		"an exempt route under another path":                  {target: "/healthz", to: "/admin", want: refused},
		"an exempt tree under another path":                   {target: "/static/app.js", to: "/admin", want: refused},
		"any method":                                          {method: "POST", target: "/admin", to: "/healthz", want: refused},
		"HEAD":                                                {method: "HEAD", target: "/admin", to: "/healthz", want: refused},
		"another method":                                      {method: "POST", target: "/admin", to: "/healthz", rewrite: func(r *http.Request) { originalURL(r); r.Method = "GET" }, want: refused},
		"a prefix that is stripped":                           {routes: []string{"/healthz", "/v1/:page"}, target: "/v1/healthz", rewrite: stripV1, want: refused},
		"control: an exact entry":                             {target: "/healthz", want: "/healthz"},
		"control: the front page":                             {target: "/", want: "/"},
		"control: a tree":                                     {target: "/static/app.js", want: "/static/*rest"},
		"control: HEAD":                                       {method: "HEAD", target: "/healthz", want: "/healthz"},
		"control: another method":                             {method: "POST", target: "/healthz", rewrite: func(r *http.Request) { r.Method = "PUT" }, want: "/healthz"},
		"control: a parameter in front":                       {target: "/acct/acme/healthz", want: "/acct/:tenant/healthz"},
		"control: a parameter":                                {target: "/orders/public", want: "/orders/:id"},
		"control: a parameter in the middle":                  {target: "/files/public/raw", want: "/files/:name/raw"},
		"control: a proxy on a wildcard":                      {target: "/app/open/x", want: "/app/*rest"},
		"control: a proxy whose path was rewritten":           {target: "/app/v1/x", to: "/app/open/x", want: "/app/*rest"},
		"control: a proxy of everything":                      {routes: []string{"/*path"}, target: "/static/a", want: "/*path"},
		"control: a proxy of everything, rewritten":           {routes: []string{"/*path"}, target: "/v1/healthz", rewrite: stripV1, want: "/*path"},
		"control: rewritten within a tree":                    {target: "/static/v1/app.js", to: "/static/app.js", want: "/static/*rest"},
		"control: rewritten from one route of a tree":         {routes: []string{"/static/:version/*rest"}, target: "/static/1/a.js", to: "/static/a.js", want: "/static/:version/*rest"},
		"control: no route":                                   {target: "/nothing", to: "/healthz", want: "404"},
		"control: no route, exempt":                           {routes: []string{"/admin"}, target: "/static/a", want: "404"},
		"control: a colon that is no parameter":               {routes: []string{`/orders/\:public`}, target: "/orders/:public", want: `/orders/\:public`},
		"control: that colon under another path":              {routes: []string{`/orders/\:public`}, target: "/orders/:public", to: "/healthz", want: refused},
		"control: an escaped name":                            {target: "/app/open/a%2Fb", want: "/app/*rest"},
		"control: a parameter with a space":                   {target: "/acct/a%20b/healthz", want: "/acct/:tenant/healthz"},
		"control: the exempt slash at the end":                {routes: []string{"/static/"}, target: "/static/", want: "/static/"},
		"control: an entry whose slash the router wants away": {routes: []string{"/static"}, target: "/static/", want: "301", wantEcho: "404"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gate := gatetest.NewGate(t, core.Config{
				Down:        true,
				ExemptExact: []string{"/", "/healthz", "/admin/healthz", "/orders/public", "/orders/:public", "/files/public/raw", "/acct/acme/healthz", "/acct/a b/healthz"},
				ExemptPaths: []string{"/static", "/app/open"},
			})
			if tc.routes == nil {
				tc.routes = routes
			}
			if tc.rewrite == nil {
				tc.rewrite = originalURL
			}
			q := rawhttp.Request{Method: tc.method, Target: tc.target, Header: http.Header{}}
			if q.Method == "" {
				q.Method = http.MethodGet
			}
			if tc.to != "" {
				q.Header.Set("X-Original-Url", tc.to)
			}
			for framework, h := range shop(adapters(gate).behind(tc.rewrite), tc.routes...) {
				want := tc.want
				if framework == "echo" && tc.wantEcho != "" {
					want = tc.wantEcho
				}
				a := rawhttp.Ask(t, rawhttp.Serve(t, h), q)
				got := a.Ran()
				if got == "" {
					got = strconv.Itoa(a.Status)
				}
				require.Equal(t, want, got, framework)
				require.Equal(t, want == refused, a.Header.Get("Downtime") != "", framework)
			}
		})
	}
}

// TestRewritingUnderGin: what gin alone can do.
func TestRewritingUnderGin(t *testing.T) {
	t.Parallel()
	gate := gatetest.NewGate(t, core.Config{Down: true, ExemptExact: []string{"/healthz"}, ExemptPaths: []string{"/café", "/acme/open"}})
	for name, tc := range map[string]struct {
		set          func(*gin.Engine)
		pattern      string
		target, to   string
		want         int
		abort, again bool // again: the middleware before the gate calls HandleContext
		outside      bool // that middleware is a handler around the engine instead
	}{
		"around the engine, to an exempt path":             {pattern: "/admin", target: "/admin", to: "/healthz", outside: true, want: 200},
		"around the engine, from an exempt path":           {pattern: "/orders", target: "/healthz", to: "/orders", outside: true, want: 503},
		"HandleContext under an exempt path":               {pattern: "/admin", target: "/admin", to: "/healthz", again: true, abort: true, want: 200},
		"HandleContext without Abort under an exempt path": {pattern: "/admin", target: "/admin", to: "/healthz", again: true, want: 200},
		"HandleContext under another path":                 {pattern: "/orders", target: "/healthz", to: "/orders", again: true, abort: true, want: 503},
		"HandleContext without Abort under another path":   {pattern: "/orders", target: "/healthz", to: "/orders", again: true, want: 503},
		"a catch-all behind a parameter":                   {pattern: "/:tenant/*rest", target: "/acme/x", to: "/acme/open/a", want: 503},
		"control, a catch-all behind a parameter":          {pattern: "/:tenant/*rest", target: "/acme/open/a", want: 200},
		"UseRawPath: another parameter":                    {set: func(e *gin.Engine) { e.UseRawPath = true }, pattern: "/:tenant/open/:x", target: "/other/open/a%2Fb", to: "/acme/open/a", want: 503},
		"control, UseRawPath: an escaped slash":            {set: func(e *gin.Engine) { e.UseRawPath = true }, pattern: "/:tenant/open/:x", target: "/acme/open/a%2Fb", want: 200},
		"control, UseRawPath: not unescaped":               {set: func(e *gin.Engine) { e.UseRawPath, e.UnescapePathValues = true, false }, pattern: "/:tenant/open/:x", target: "/acme/open/a%2Fb", want: 200},
		"control, UseEscapedPath: a letter":                {set: func(e *gin.Engine) { e.UseEscapedPath = true }, pattern: "/caf%C3%A9/:x", target: "/caf%C3%A9/%C3%A9", want: 200},
		"control, UseEscapedPath: a parameter in front":    {set: func(e *gin.Engine) { e.UseEscapedPath = true }, pattern: "/:tenant/open/:x", target: "/acme/open/%C3%A9%2Fb", want: 200},
		"control, RemoveExtraSlash: two slashes":           {set: func(e *gin.Engine) { e.RemoveExtraSlash = true }, pattern: "/acme/open/:x", target: "/acme/open//a", want: 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engine := gin.New()
			if tc.set != nil {
				tc.set(engine)
			}
			engine.Use(func(c *gin.Context) {
				if c.GetHeader("X-Original-Url") == "" || tc.outside {
					return
				}
				originalURL(c.Request)
				c.Request.Header.Del("X-Original-Url")
				if tc.again {
					engine.HandleContext(c)
				}
				if tc.abort {
					c.Abort()
				}
			}, gindowntime.Middleware(gate))
			engine.Any("/healthz", func(*gin.Context) {})
			engine.Any(tc.pattern, func(c *gin.Context) {
				if tc.to == "/healthz" || strings.HasPrefix(tc.target, "/other") {
					t.Errorf("the handler of %s ran", tc.target)
				}
				c.Status(http.StatusOK)
			})
			q := rawhttp.Request{Method: http.MethodGet, Target: tc.target, Header: http.Header{}}
			if tc.to != "" {
				q.Header.Set("X-Original-Url", tc.to)
			}
			h := http.Handler(engine)
			if tc.outside {
				h = rewriting(originalURL)(engine)
			}
			require.Equal(t, tc.want, rawhttp.Ask(t, rawhttp.Serve(t, h), q).Status)
		})
	}
}

// TestRewritingUnderEcho: echo's own middleware, where it belongs and where it does not.
func TestRewritingUnderEcho(t *testing.T) {
	t.Parallel()
	const refused = ""
	gate := gatetest.NewGate(t, core.Config{Down: true, ExemptExact: []string{"/healthz", "/slash/"}, ExemptPaths: []string{"/static"}})
	rules := map[string]string{"/old/*": "/static/$1", "/admin/*": "/static/$1", "/ping": "/healthz"}
	for name, tc := range map[string]struct {
		rewriting echo.MiddlewareFunc
		target    string
		use, pre  string // the handler that runs
	}{
		"Rewrite to a tree":         {echomiddleware.Rewrite(rules), "/admin/a.js", refused, "/static/*"},
		"Rewrite to an exact entry": {echomiddleware.Rewrite(rules), "/ping", refused, "/healthz"},
		"Rewrite of no route":       {echomiddleware.Rewrite(rules), "/old/a.js", "404", "/static/*"},
		"RemoveTrailingSlash":       {echomiddleware.RemoveTrailingSlash(), "/healthz/", refused, "/healthz"},
		"AddTrailingSlash":          {echomiddleware.AddTrailingSlash(), "/slash", refused, "/slash/"},
		"MethodOverride":            {echomiddleware.MethodOverride(), "/healthz", "/healthz", "/healthz"},
		"a prefix that is stripped": {echo.WrapMiddleware(rewriting(stripV1)), "/v1/healthz", refused, "/healthz"},
	} {
		for form, want := range map[string]string{"Use": tc.use, "Pre": tc.pre} {
			t.Run(name+", "+form, func(t *testing.T) {
				t.Parallel()
				e := echo.New()
				if form == "Use" {
					e.Use(tc.rewriting)
				} else {
					e.Pre(tc.rewriting)
				}
				e.Use(echodowntime.Middleware(gate))
				for _, pattern := range []string{"/healthz", "/healthz/", "/slash", "/slash/", "/static/*", "/admin/*", "/ping", "/v1/*"} {
					e.Any(pattern, func(c echo.Context) error {
						pathtest.MarkRan(c.Response().Header(), pattern, "")
						return nil
					})
				}
				q := rawhttp.Request{Method: http.MethodPost, Target: tc.target, Header: http.Header{"X-Http-Method-Override": {"DELETE"}}}
				a := rawhttp.Ask(t, rawhttp.Serve(t, e), q)
				if want == "404" {
					require.Equal(t, http.StatusNotFound, a.Status)
					return
				}
				require.Equal(t, want, a.Ran())
				require.Equal(t, want == refused, a.Header.Get("Downtime") != "")
			})
		}
	}
}

// TestEchoCatchAll: under echo a catch-all may have other routes beside it.
func TestEchoCatchAll(t *testing.T) {
	t.Parallel()
	gate := gatetest.NewGate(t, core.Config{Down: true, ExemptExact: []string{"/healthz", "/a/healthz", "/files/list"}, ExemptPaths: []string{"/static"}})
	e := echo.New()
	e.Use(echo.WrapMiddleware(rewriting(originalURL)), echodowntime.Middleware(gate))
	e.GET("/*", func(echo.Context) error { return nil })
	e.GET("/healthz", func(echo.Context) error { return nil })
	e.GET("/:tenant/healthz", func(echo.Context) error { return nil })
	e.GET("/files/*name", func(echo.Context) error { return nil })
	e.GET("/files/list", func(echo.Context) error { return nil })
	host := e.Host("other.test")
	host.GET("/*", func(echo.Context) error { return nil })
	for name, tc := range map[string]struct {
		method, url, to string
		want            int
	}{
		"under the path of another route":      {"GET", "/x", "/healthz", 503},
		"under a path of its own":              {"GET", "/x", "/static/x", 200},
		"a route beside a named catch-all":     {"GET", "/files/x", "/files/list", 503},
		"under its own path on another host":   {"GET", "http://other.test/x", "/healthz", 200},
		"as it is":                             {"GET", "/static/x", "", 200},
		"no route for the method":              {"POST", "/a/healthz", "", 405},
		"a list of the methods":                {"OPTIONS", "/a/healthz", "", 204},
		"no route for the method of the other": {"POST", "/x", "/healthz", 405},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), tc.method, tc.url, http.NoBody)
			r.Header.Set("X-Original-Url", tc.to)
			w := httptest.NewRecorder()
			e.ServeHTTP(w, r)
			require.Equal(t, tc.want, w.Code)
		})
	}
}
