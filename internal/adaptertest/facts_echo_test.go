package adaptertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/labstack/echo/v4"
	echomiddleware "github.com/labstack/echo/v4/middleware"
	"github.com/stretchr/testify/require"

	echodowntime "github.com/go-downtime/downtime/adapters/echo"
	"github.com/go-downtime/downtime/internal/pathtest"
)

func TestFactsOfEchoRouting(t *testing.T) {
	t.Parallel()
	plain := echo.New()
	echoRoutes(plain, pathRoutes)
	stripping := echo.New()
	stripping.Pre(echomiddleware.RemoveTrailingSlash())
	echoRoutes(stripping, pathRoutes)
	for name, tc := range map[string]struct {
		echo         *echo.Echo
		target, want string
	}{
		"it matches the raw path":                    {plain, "/%61dmin", "page /%61dmin"},
		"an encoded slash does not separate":         {plain, "/static%2fa", "page /static%2fa"},
		"values are as matched, not decoded":         {plain, "/static/%2e%2e/admin", "static /static/%2e%2e/admin"},
		"dots are literal":                           {plain, "/static/../admin", "static /static/../admin"},
		"case matters":                               {plain, "/ADMIN", "page /ADMIN"},
		"a last parameter swallows slashes":          {plain, "/admin/", "page /admin/"},
		"an empty path is a 404":                     {plain, "http://site.test", "Not Found"},
		"RemoveTrailingSlash leaves a stale RawPath": {stripping, "/%2F", "page /%2F"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, ran(t, raw(t, tc.echo, http.MethodGet, tc.target)))
		})
	}
	getOnly := echo.New()
	getOnly.GET("/a", func(echo.Context) error { return nil })
	require.Equal(t, http.StatusMethodNotAllowed, raw(t, getOnly, http.MethodHead, "/a").Code, "HEAD is not served by GET")
}

func TestFactsOfEchoMiddleware(t *testing.T) {
	t.Parallel()
	down := http.StatusServiceUnavailable
	ok := func(c echo.Context) error { return c.NoContent(http.StatusOK) }
	nothing := func(*echo.Echo) {}
	files := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(files, "a.txt"), []byte("a"), 0o600))
	static := func(e *echo.Echo) { e.Use(echomiddleware.Static(files)) }
	for name, tc := range map[string]struct {
		before, after  func(*echo.Echo)
		method, target string
		use, pre       int
	}{
		"a route before Use is gated":                 {func(e *echo.Echo) { e.GET("/a", ok) }, nothing, "GET", "/a", down, down},
		"a 404 is gated":                              {nothing, nothing, "GET", "/b", down, down},
		"a 405 is gated":                              {nothing, func(e *echo.Echo) { e.GET("/a", ok) }, "POST", "/a", down, down},
		"a router of one host is gated":               {func(e *echo.Echo) { e.Host("example.com").GET("/a", ok) }, nothing, "GET", "/a", down, down},
		"Static before the gate serves while down":    {static, nothing, "GET", "/a.txt", 200, down},
		"Static behind the gate does not":             {nothing, static, "GET", "/a.txt", down, down},
		"a proxy or heartbeat before it answers too":  {func(e *echo.Echo) { e.Use(func(echo.HandlerFunc) echo.HandlerFunc { return ok }) }, nothing, "GET", "/a", 200, down},
		"a method override before it changes nothing": {func(e *echo.Echo) { e.Pre(echomiddleware.MethodOverride()) }, nothing, "POST", "/a", down, down},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for form, want := range map[string]int{"Use": tc.use, "Pre": tc.pre, "wrapped": down} {
				gate := closedGate(t)
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
		group.Use(echodowntime.Middleware(closedGate(t)))
		group.GET("/late", ok)
		require.Equal(t, http.StatusOK, raw(t, e, http.MethodGet, "/g/early").Code)
		require.Equal(t, down, raw(t, e, http.MethodGet, "/g/late").Code)
	})
}

// TestFactsOfEchoErrors: these facts are why DelegateErrors returns an unwrapped *HTTPError.
func TestFactsOfEchoErrors(t *testing.T) {
	t.Parallel()
	e := echo.New()
	for name, tc := range map[string]struct {
		err  error
		want int
	}{
		"an HTTPError keeps its status":         {echo.NewHTTPError(http.StatusServiceUnavailable), http.StatusServiceUnavailable},
		"a wrapped one becomes a 500":           {fmt.Errorf("wrapped: %w", echo.NewHTTPError(http.StatusServiceUnavailable)), http.StatusInternalServerError},
		"an Internal that is none stays inside": {echo.NewHTTPError(http.StatusLocked).SetInternal(http.ErrAbortHandler), http.StatusLocked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			e.HTTPErrorHandler(tc.err, e.NewContext(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody), w))
			require.Equal(t, tc.want, w.Code)
		})
	}
}

// TestFactsOfEchoRewriting: these facts are why docs/placement.md puts rewriting under Pre, and why the
// adapter compares the route with the path.
func TestFactsOfEchoRewriting(t *testing.T) {
	t.Parallel()
	toAdmin := echo.WrapMiddleware(rewriting(func(r *http.Request) { r.URL.Path = "/admin" }))
	for name, tc := range map[string]struct {
		rewriting echo.MiddlewareFunc
		target    string
		use, pre  string
	}{
		"own code":            {toAdmin, "/static/a", "static /static/a", "admin /admin"},
		"Rewrite":             {echomiddleware.Rewrite(map[string]string{"/static/*": "/docs/open/$1"}), "/static/a", "static /static/a", "open /docs/open/a"},
		"RemoveTrailingSlash": {echomiddleware.RemoveTrailingSlash(), "/healthz/", "page /healthz/", "healthz /healthz"},
		"AddTrailingSlash":    {echomiddleware.AddTrailingSlash(), "/static", "page /static", "static /static/"},
	} {
		use, pre := echo.New(), echo.New()
		use.Use(tc.rewriting)
		pre.Pre(tc.rewriting)
		echoRoutes(use, pathRoutes)
		echoRoutes(pre, pathRoutes)
		require.Equal(t, tc.use, ran(t, raw(t, use, http.MethodGet, tc.target)), "%s: under Use the route is chosen already", name)
		require.Equal(t, tc.pre, ran(t, raw(t, pre, http.MethodGet, tc.target)), "%s: under Pre it is not", name)
	}
	t.Run("under Pre it routes by its first request, and not by one that replaces it", func(t *testing.T) {
		t.Parallel()
		e := echo.New()
		e.Pre(echo.WrapMiddleware(func(next http.Handler) http.Handler { return http.StripPrefix("/docs", next) }))
		echoRoutes(e, pathRoutes)
		require.Equal(t, "docs /docs/admin", ran(t, raw(t, e, http.MethodGet, "/docs/admin")))
	})
	t.Run("after another Find, next is still the old handler", func(t *testing.T) {
		t.Parallel()
		e := echo.New()
		e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c echo.Context) error {
				e.Router().Find(http.MethodGet, "/admin", c)
				pathtest.MarkRan(c.Response().Header(), "pattern", c.Path())
				return next(c)
			}
		})
		e.GET("/healthz", func(c echo.Context) error { return c.NoContent(http.StatusTeapot) })
		e.GET("/admin", func(echo.Context) error { return nil })
		a := raw(t, e, http.MethodGet, "/healthz")
		require.Equal(t, "pattern /admin", ran(t, a))
		require.Equal(t, http.StatusTeapot, a.Code)
	})
	t.Run("the pattern of the route", func(t *testing.T) {
		t.Parallel()
		ok := func(echo.Context) error { return nil }
		e := echo.New()
		pattern := func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c echo.Context) error {
				pathtest.MarkRan(c.Response().Header(), "pattern", c.Path())
				return next(c)
			}
		}
		e.Use(pattern)
		e.Group("/g").Group("/:h").GET("/a", ok)
		e.Group("/used", pattern)
		e.GET(`/v1/items\:batch`, ok)
		e.GET("/user_:name", ok)
		e.Static("/files", t.TempDir())
		for target, want := range map[string]string{
			"/g/x/a":          "/g/:h/a",          // with its groups
			"/used/x":         "/used/*",          // of a group's own 404
			"/v1/items:batch": `/v1/items\:batch`, // with the backslash
			"/user_ann":       "/user_:name",
			"/files/a":        "/files*",
			"/nowhere":        "",
		} {
			require.Equal(t, "pattern "+want, ran(t, raw(t, e, http.MethodGet, target)), target)
		}
		require.Equal(t, "pattern /g/:h/a", ran(t, raw(t, e, http.MethodPost, "/g/x/a")), "405, with ContextKeyHeaderAllow")

		before := echo.New()
		before.Pre(pattern)
		before.GET("/a", ok)
		require.Equal(t, "pattern ", ran(t, raw(t, before, http.MethodGet, "/a")), "under Pre there is none")
	})
}
