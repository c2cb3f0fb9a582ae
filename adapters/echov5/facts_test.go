package echodowntime_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"
	"github.com/stretchr/testify/require"

	echodowntime "github.com/go-downtime/downtime/adapters/echov5"
	"github.com/go-downtime/downtime/core"
)

// The facts tests assert the behavior of echo v5 on which the adapter or the documentation
// relies. If one fails after an upgrade, echo has changed: check whether the adapter and the text
// are still right.

// raw asks h for a target that is parsed as the server parses a request line.
func raw(t *testing.T, h http.Handler, method, target string) *httptest.ResponseRecorder {
	t.Helper()
	u, err := url.ParseRequestURI(target)
	require.NoError(t, err)
	r := httptest.NewRequestWithContext(t.Context(), method, "/", http.NoBody)
	r.URL, r.RequestURI = u, target
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// reads adds a route that answers with its pattern and the value of its last parameter.
func reads(e *echo.Echo, pattern string) {
	e.Any(pattern, func(c *echo.Context) error {
		value := ""
		if n := len(c.PathValues()); n > 0 {
			value = c.PathValues()[n-1].Value
		}
		return c.String(http.StatusOK, pattern+" "+value)
	})
}

// quiet is an Echo that logs nothing.
func quiet() *echo.Echo {
	return echo.NewWithConfig(echo.Config{Logger: slog.New(slog.DiscardHandler)})
}

func TestFactsOfRouting(t *testing.T) {
	t.Parallel()
	site := func(config echo.RouterConfig, pre ...echo.MiddlewareFunc) *echo.Echo {
		e := echo.NewWithConfig(echo.Config{Router: echo.NewRouter(config)})
		e.Pre(pre...)
		for _, pattern := range []string{"/", "/admin", "/:page", "/static/*", "/docs/open/*", "/docs/:doc"} {
			reads(e, pattern)
		}
		return e
	}
	plain := site(echo.RouterConfig{})
	stripping := site(echo.RouterConfig{}, middleware.RemoveTrailingSlash())
	decoded := site(echo.RouterConfig{UseEscapedPathForMatching: true})
	unescaping := site(echo.RouterConfig{UnescapePathParamValues: true})
	for name, tc := range map[string]struct {
		echo         *echo.Echo
		target, want string
	}{
		"it matches the raw path":                                 {plain, "/%61dmin", "/:page %61dmin"},
		"an encoded slash does not separate":                      {plain, "/static%2fa", "/:page static%2fa"},
		"values are as matched, not decoded":                      {plain, "/static/%2e%2e/admin", "/static/* %2e%2e/admin"},
		"dots are literal":                                        {plain, "/static/../admin", "/static/* ../admin"},
		"case matters":                                            {plain, "/ADMIN", "/:page ADMIN"},
		"a last parameter swallows slashes":                       {plain, "/admin/", "/:page admin/"},
		"RemoveTrailingSlash leaves a stale RawPath":              {stripping, "/%2F", "/:page %2F"},
		"UseEscapedPathForMatching matches the decoded path":      {decoded, "/%61dmin", "/admin "},
		"with it an encoded slash separates":                      {decoded, "/static%2fa", "/static/* a"},
		"UnescapePathParamValues decodes values after the choice": {unescaping, "/static/%2e%2e/admin", "/static/* ../admin"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, raw(t, tc.echo, http.MethodGet, tc.target).Body.String())
		})
	}
	require.Equal(t, http.StatusNotFound, raw(t, plain, http.MethodGet, "http://site.test").Code, "an empty path is a 404")

	head := func(config echo.RouterConfig) int {
		e := echo.NewWithConfig(echo.Config{Router: echo.NewRouter(config)})
		e.GET("/a", ok)
		return raw(t, e, http.MethodHead, "/a").Code
	}
	require.Equal(t, http.StatusMethodNotAllowed, head(echo.RouterConfig{}), "HEAD is not served by GET")
	require.Equal(t, http.StatusOK, head(echo.RouterConfig{AutoHandleHEAD: true}), "with AutoHandleHEAD it is")
}

func TestFactsOfMiddleware(t *testing.T) {
	t.Parallel()
	const refused = http.StatusServiceUnavailable
	nothing := func(*echo.Echo) {}
	files := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(files, "a.txt"), []byte("a"), 0o600))
	static := func(e *echo.Echo) {
		e.Use(middleware.StaticWithConfig(middleware.StaticConfig{Filesystem: os.DirFS(files)}))
	}
	for name, tc := range map[string]struct {
		before, after  func(*echo.Echo)
		method, target string
		use, pre       int
	}{
		"a route before Use is gated":                 {func(e *echo.Echo) { e.GET("/a", ok) }, nothing, "GET", "/a", refused, refused},
		"a 404 is gated":                              {nothing, nothing, "GET", "/b", refused, refused},
		"a 405 is gated":                              {nothing, func(e *echo.Echo) { e.GET("/a", ok) }, "POST", "/a", refused, refused},
		"Static before the gate serves while down":    {static, nothing, "GET", "/a.txt", 200, refused},
		"Static behind the gate does not":             {nothing, static, "GET", "/a.txt", refused, refused},
		"a proxy or heartbeat before it answers too":  {func(e *echo.Echo) { e.Use(func(echo.HandlerFunc) echo.HandlerFunc { return ok }) }, nothing, "GET", "/a", 200, refused},
		"a method override before it changes nothing": {func(e *echo.Echo) { e.Pre(middleware.MethodOverride()) }, nothing, "POST", "/a", refused, refused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for form, want := range map[string]int{"Use": tc.use, "Pre": tc.pre, "wrapped": refused} {
				gate := down(t, nil)
				e := echo.New()
				tc.before(e)
				switch form {
				case "Use":
					e.Use(echodowntime.Middleware(gate))
				case "Pre":
					e.Pre(echodowntime.Middleware(gate))
				}
				tc.after(e)
				h := http.Handler(e)
				if form == "wrapped" {
					h = gate.Handler(e)
				}
				require.Equal(t, want, raw(t, h, tc.method, tc.target).Code, form)
			}
		})
	}
	t.Run("group.Use leaves out what the group has already", func(t *testing.T) {
		t.Parallel()
		e := echo.New()
		group := e.Group("/g")
		group.GET("/early", ok)
		group.Use(echodowntime.Middleware(down(t, nil)))
		group.GET("/late", ok)
		require.Equal(t, http.StatusOK, raw(t, e, http.MethodGet, "/g/early").Code)
		require.Equal(t, refused, raw(t, e, http.MethodGet, "/g/late").Code)
	})
	t.Run("the middleware of a virtual host handler sees only unknown hosts", func(t *testing.T) {
		t.Parallel()
		shop := echo.New()
		shop.GET("/", ok)
		gate := down(t, nil)
		hosts := echo.NewVirtualHostHandler(map[string]*echo.Echo{"shop.test": shop})
		hosts.Use(echodowntime.Middleware(gate))
		require.Equal(t, http.StatusOK, serve(t, hosts, http.MethodGet, "http://shop.test/").Code, "past the gate")
		require.Equal(t, refused, serve(t, hosts, http.MethodGet, "http://other.test/").Code)
		require.Equal(t, refused, serve(t, gate.Handler(hosts), http.MethodGet, "http://shop.test/").Code, "around all hosts")
		shop.Use(echodowntime.Middleware(gate))
		require.Equal(t, refused, serve(t, hosts, http.MethodGet, "http://shop.test/").Code, "in the Echo of the host")
	})
}

// TestFactsOfErrors: in echo v5 each error that tells its status keeps it, also a wrapped one.
func TestFactsOfErrors(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		err  error
		want int
	}{
		"an HTTPError":                     {echo.NewHTTPError(503, "down"), 503},
		"a wrapped one":                    {fmt.Errorf("wrapped: %w", echo.NewHTTPError(503, "down")), 503},
		"a BlockedError":                   {&core.BlockedError{Status: 503}, 503},
		"an HTTPError around another kind": {echo.NewHTTPError(423, "locked").Wrap(http.ErrAbortHandler), 423},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := quiet()
			e.GET("/", func(*echo.Context) error { return tc.err })
			require.Equal(t, tc.want, serve(t, e, http.MethodGet, "/").Code)
		})
	}
}

// TestFactsOfPatterns: [core.Routed] compares the pattern of the route with the path.
func TestFactsOfPatterns(t *testing.T) {
	t.Parallel()
	pattern := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			c.Response().Header().Set("Pattern", c.Path())
			return next(c)
		}
	}
	e := echo.New()
	e.Use(pattern)
	e.Group("/g").Group("/:h").GET("/a", ok)
	e.Group("/used", pattern)
	e.GET(`/v1/items\:batch`, ok)
	e.GET(`/orders/:id\:cancel`, func(c *echo.Context) error { return c.String(http.StatusOK, c.Param("id")) })
	e.GET("/user_:name", ok)
	e.Static("/files", ".")
	for target, want := range map[string]string{
		"/g/x/a":           "/g/:h/a",             // with its groups
		"/used/x":          "/used/*",             // of a group's own 404
		"/v1/items:batch":  `/v1/items\:batch`,    // with the backslash
		"/orders/7:cancel": `/orders/:id\:cancel`, // a verb behind a parameter
		"/user_ann":        "/user_:name",
		"/files/a":         "/files*",
		"/nowhere":         "",
	} {
		require.Equal(t, want, raw(t, e, http.MethodGet, target).Header().Get("Pattern"), target)
	}
	require.Equal(t, "7", raw(t, e, http.MethodGet, "/orders/7:cancel").Body.String(), "the verb is no part of the value")
	require.Equal(t, "/g/:h/a", raw(t, e, http.MethodPost, "/g/x/a").Header().Get("Pattern"), "405, with ContextKeyHeaderAllow")

	before := echo.New()
	before.Pre(pattern)
	before.GET("/a", ok)
	require.Empty(t, raw(t, before, http.MethodGet, "/a").Header().Get("Pattern"), "under Pre there is none")

	again := echo.New()
	again.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			c.Request().URL.Path = "/admin"
			again.Router().Route(c)
			c.Response().Header().Set("Pattern", c.Path())
			return next(c)
		}
	})
	again.GET("/healthz", func(c *echo.Context) error { return c.NoContent(http.StatusTeapot) })
	again.GET("/admin", ok)
	w := raw(t, again, http.MethodGet, "/healthz")
	require.Equal(t, "/admin", w.Header().Get("Pattern"))
	require.Equal(t, http.StatusTeapot, w.Code, "after another Route, next is still the old handler")
}
