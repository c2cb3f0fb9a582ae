package echodowntime_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"
	"github.com/stretchr/testify/require"

	echodowntime "github.com/go-downtime/downtime/adapters/echov5"
	"github.com/go-downtime/downtime/core"
)

// rewriting is net/http middleware that changes the path of each request.
func rewriting(change func(r *http.Request)) echo.MiddlewareFunc {
	return echo.WrapMiddleware(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			change(r)
			next.ServeHTTP(w, r)
		})
	})
}

// TestRewriting: echo's own middleware, where it belongs and where it does not.
func TestRewriting(t *testing.T) {
	t.Parallel()
	const refused = ""
	gate := down(t, func(c *core.Config) {
		c.ExemptExact, c.ExemptPaths = []string{"/healthz", "/slash/"}, []string{"/static"}
	})
	rules := map[string]string{"/old/*": "/static/$1", "/admin/*": "/static/$1", "/ping": "/healthz"}
	stripV1 := func(r *http.Request) {
		r.URL.Path, r.URL.RawPath = strings.TrimPrefix(r.URL.Path, "/v1"), strings.TrimPrefix(r.URL.RawPath, "/v1")
	}
	for name, tc := range map[string]struct {
		rewriting echo.MiddlewareFunc
		target    string
		use, pre  string // the handler that runs
	}{
		"Rewrite to a tree":         {middleware.Rewrite(rules), "/admin/a.js", refused, "/static/*"},
		"Rewrite to an exact entry": {middleware.Rewrite(rules), "/ping", refused, "/healthz"},
		"Rewrite of no route":       {middleware.Rewrite(rules), "/old/a.js", "404", "/static/*"},
		"RemoveTrailingSlash":       {middleware.RemoveTrailingSlash(), "/healthz/", refused, "/healthz"},
		"AddTrailingSlash":          {middleware.AddTrailingSlash(), "/slash", refused, "/slash/"},
		"MethodOverride":            {middleware.MethodOverride(), "/healthz", "/healthz", "/healthz"},
		"a prefix that is stripped": {rewriting(stripV1), "/v1/healthz", refused, "/healthz"},
		"another request":           {echo.WrapMiddleware(func(h http.Handler) http.Handler { return http.StripPrefix("/v1", h) }), "/v1/healthz", refused, "/healthz"},
	} {
		for form, want := range map[string]string{"Use": tc.use, "Pre": tc.pre} {
			t.Run(name+", "+form, func(t *testing.T) {
				t.Parallel()
				e := quiet()
				if form == "Use" {
					e.Use(tc.rewriting)
				} else {
					e.Pre(tc.rewriting)
				}
				e.Use(echodowntime.Middleware(gate))
				for _, pattern := range []string{"/healthz", "/healthz/", "/slash", "/slash/", "/static/*", "/admin/*", "/ping", "/v1/*"} {
					e.Any(pattern, func(c *echo.Context) error {
						c.Response().Header().Set("Ran", pattern)
						return nil
					})
				}
				r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, tc.target, http.NoBody)
				r.Header.Set("X-Http-Method-Override", "DELETE")
				w := httptest.NewRecorder()
				e.ServeHTTP(w, r)
				if want == "404" {
					require.Equal(t, http.StatusNotFound, w.Code)
					return
				}
				require.Equal(t, want, w.Header().Get("Ran"))
				require.Equal(t, want == refused, w.Header().Get("Downtime") != "")
			})
		}
	}
}

// TestExemptRoutes: an exemption counts for a route that fits the path. Beside a catch-all echo
// may have other routes.
func TestExemptRoutes(t *testing.T) {
	t.Parallel()
	gate := down(t, func(c *core.Config) {
		c.ExemptExact = []string{"/healthz", "/a/healthz", "/files/list", "/items:all", "/orders/7:cancel"}
		c.ExemptPaths = []string{"/static", "/files/open"}
	})
	build := func(config echo.RouterConfig) *echo.Echo {
		e := echo.NewWithConfig(echo.Config{Router: echo.NewConcurrentRouter(echo.NewRouter(config))})
		e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c *echo.Context) error {
				if to := c.Request().Header.Get("X-Original-Url"); to != "" {
					c.Request().URL.Path, c.Request().URL.RawPath = to, ""
				}
				return next(c)
			}
		}, echodowntime.Middleware(gate))
		for _, pattern := range []string{"/*", "/healthz", "/:tenant/healthz", `/items\:all`, `/orders/:id\:cancel`, "/orders/:id"} {
			e.GET(pattern, func(c *echo.Context) error {
				require.Equal(t, pattern, c.Request().Pattern, "the gate leaves the pattern of the request alone")
				return nil
			})
		}
		e.GET("/files/*name", ok)
		e.GET("/files/list", ok)
		e.RouteNotFound("/missing/*", ok)
		return e
	}
	for router, e := range map[string]*echo.Echo{
		"default":                   build(echo.RouterConfig{}),
		"UseEscapedPathForMatching": build(echo.RouterConfig{UseEscapedPathForMatching: true}),
		"UnescapePathParamValues":   build(echo.RouterConfig{UnescapePathParamValues: true}),
	} {
		for name, tc := range map[string]struct {
			method, url, to string
			want            int
		}{
			"under the path of another route":      {"GET", "/x", "/healthz", 503},
			"under a path of its own":              {"GET", "/x", "/static/x", 200},
			"as it is":                             {"GET", "/static/x", "", 200},
			"with an escape":                       {"GET", "/static/a%2Fb", "", 200},
			"a literal colon":                      {"GET", "/items:all", "", 200},
			"a literal colon of another route":     {"GET", "/x", "/items:all", 503},
			"a verb":                               {"GET", "/orders/7:cancel", "", 200},
			"a verb of another order":              {"GET", "/orders/8:cancel", "/orders/7:cancel", 503},
			"a parameter instead of a verb":        {"GET", "/orders/8", "/orders/7:cancel", 503},
			"a route beside a named catch-all":     {"GET", "/files/x", "/files/list", 503},
			"a tree below a named catch-all":       {"GET", "/files/open/x", "", 200},
			"another path below a named catch-all": {"GET", "/files/x", "/files/open/x", 200},
			"a route for what is missing":          {"GET", "/missing/x", "/healthz", 503},
			"no route for the method":              {"POST", "/a/healthz", "", 405},
			"a list of the methods":                {"OPTIONS", "/a/healthz", "", 204},
			"no route for the method of the other": {"POST", "/x", "/healthz", 405},
		} {
			t.Run(name+", "+router, func(t *testing.T) {
				t.Parallel()
				r := httptest.NewRequestWithContext(t.Context(), tc.method, tc.url, http.NoBody)
				r.Header.Set("X-Original-Url", tc.to)
				w := httptest.NewRecorder()
				e.ServeHTTP(w, r)
				require.Equal(t, tc.want, w.Code)
			})
		}
	}
}

// TestExemptionInATestsContext: a context without an Echo has no router to ask.
func TestExemptionInATestsContext(t *testing.T) {
	t.Parallel()
	gate := down(t, func(c *core.Config) { c.ExemptExact = []string{"/healthz"} })
	w := httptest.NewRecorder()
	c := echo.NewContext(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/healthz", http.NoBody), w)
	c.SetPath("/*")
	require.NoError(t, echodowntime.Middleware(gate)(ok)(c))
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
}
