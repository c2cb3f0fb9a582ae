package adaptertest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	gindowntime "github.com/go-downtime/downtime/adapters/gin"
	"github.com/go-downtime/downtime/internal/pathtest"
)

func TestFactsOfGinRouting(t *testing.T) {
	t.Parallel()
	engine := func(set func(*gin.Engine)) *gin.Engine {
		e := gin.New()
		set(e)
		ginRoutes(e, pathRoutes)
		return e
	}
	plain := engine(func(*gin.Engine) {})
	rawPath := engine(func(e *gin.Engine) { e.UseRawPath = true })
	escaped := engine(func(e *gin.Engine) { e.UseEscapedPath = true })
	clean := engine(func(e *gin.Engine) { e.RemoveExtraSlash = true })
	fixed := engine(func(e *gin.Engine) { e.RedirectFixedPath = true })
	for name, tc := range map[string]struct {
		engine       *gin.Engine
		target, want string
	}{
		"it matches the decoded path":              {plain, "/%61dmin", "admin /admin"},
		"an encoded slash separates":               {plain, "/static%2fa", "static /static/a"},
		"dots are literal":                         {plain, "/static/../admin", "static /static/../admin"},
		"encoded dots arrive decoded":              {plain, "/static/%2e%2e/admin", "static /static/../admin"},
		"case matters":                             {plain, "/ADMIN", "page /ADMIN"},
		"a slash at the end is redirected":         {plain, "/admin/", "Moved Permanently"},
		"an empty path is redirected":              {plain, "http://site.test", "Moved Permanently"},
		"UseRawPath matches the raw path":          {rawPath, "/%61dmin", "page /admin"},
		"UseRawPath: an encoded slash is a byte":   {rawPath, "/admin%2Fx", "page /admin/x"},
		"UseRawPath: a plus becomes a space":       {rawPath, "/static/a+%2F", "static /static/a /"},
		"UseEscapedPath matches the escaped one":   {escaped, "/%61dmin", "page /admin"},
		"RemoveExtraSlash serves the cleaned path": {clean, "/static/../admin", "admin /admin"},
		"RemoveExtraSlash cleans encoded dots too": {clean, "/static/%2e%2e/admin", "admin /admin"},
		"RemoveExtraSlash: empty is the front":     {clean, "http://site.test", "home /"},
		"RedirectFixedPath redirects":              {fixed, "/static/../Healthz/x/..", "static /static/../Healthz/x/.."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, ran(t, raw(t, tc.engine, http.MethodGet, tc.target)))
		})
	}
	require.Equal(t, http.StatusTemporaryRedirect, raw(t, plain, http.MethodPost, "/admin/").Code)
	getOnly := gin.New()
	getOnly.GET("/a", func(*gin.Context) {})
	require.Equal(t, http.StatusNotFound, raw(t, getOnly, http.MethodHead, "/a").Code, "HEAD is not served by GET")
}

func TestFactsOfGinMiddleware(t *testing.T) {
	t.Parallel()
	down := http.StatusServiceUnavailable
	ok := func(c *gin.Context) { c.Status(http.StatusOK) }
	gated := func(t *testing.T, before, after func(*gin.Engine)) (use, wrapped http.Handler) {
		t.Helper()
		gate := closedGate(t)
		engine, bare := gin.New(), gin.New()
		for _, e := range []*gin.Engine{engine, bare} {
			before(e)
			if e == engine {
				e.Use(gindowntime.Middleware(gate))
			}
			after(e)
		}
		return engine, gate.Handler(bare)
	}
	nothing := func(*gin.Engine) {}
	for name, tc := range map[string]struct {
		before, after  func(*gin.Engine)
		method, target string
		use            int // under Use; the wrapped form refuses all of them
	}{
		"a route before Use is never gated":  {func(e *gin.Engine) { e.GET("/a", ok) }, nothing, "GET", "/a", 200},
		"a route after Use is":               {nothing, func(e *gin.Engine) { e.GET("/a", ok) }, "GET", "/a", down},
		"a 404 is gated":                     {nothing, func(e *gin.Engine) { e.GET("/a", ok) }, "GET", "/b", down},
		"a 404 of an engine without routes":  {nothing, nothing, "GET", "/b", down},
		"NoRoute is gated, also set before":  {func(e *gin.Engine) { e.NoRoute(ok) }, nothing, "GET", "/b", down},
		"a slash redirect comes before it":   {nothing, func(e *gin.Engine) { e.GET("/a", ok) }, "GET", "/a/", 301},
		"also for POST":                      {nothing, func(e *gin.Engine) { e.POST("/a", ok) }, "POST", "/a/", 307},
		"a fixed path redirect comes before": {func(e *gin.Engine) { e.RedirectFixedPath = true }, func(e *gin.Engine) { e.GET("/a/b", ok) }, "GET", "/A/B", 301},
		"a 405 is gated":                     {func(e *gin.Engine) { e.HandleMethodNotAllowed = true }, func(e *gin.Engine) { e.GET("/a", ok) }, "POST", "/a", down},
		"a handler that answers before the gate answers while down": {
			func(e *gin.Engine) { e.Use(func(c *gin.Context) { c.AbortWithStatus(http.StatusOK) }) }, nothing, "GET", "/a", 200,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			use, wrapped := gated(t, tc.before, tc.after)
			require.Equal(t, tc.use, raw(t, use, tc.method, tc.target).Code)
			require.Equal(t, down, raw(t, wrapped, tc.method, tc.target).Code)
		})
	}
	t.Run("a group made before Use is never gated, whenever its routes were added", func(t *testing.T) {
		t.Parallel()
		engine := gin.New()
		group := engine.Group("/g")
		require.NoError(t, gindowntime.Install(engine, closedGate(t)), "Install cannot see it")
		group.GET("/a", ok)
		require.Equal(t, http.StatusOK, raw(t, engine, http.MethodGet, "/g/a").Code)
	})
	t.Run("HandleMethodNotAllowed panics before any middleware", func(t *testing.T) {
		t.Parallel() // https://github.com/gin-gonic/gin/issues/4818
		use, wrapped := gated(t, func(e *gin.Engine) { e.HandleMethodNotAllowed = true }, func(e *gin.Engine) { ginRoutes(e, pathRoutes) })
		const target = `/docs/open\../admin`
		require.Panics(t, func() { raw(t, use, http.MethodGet, target) })
		require.Equal(t, down, raw(t, wrapped, http.MethodGet, target).Code)
	})
	t.Run("its slash redirect takes a host from the path", func(t *testing.T) {
		t.Parallel() // https://github.com/gin-gonic/gin/pull/3907
		use, wrapped := gated(t, nothing, func(e *gin.Engine) { e.GET("/:a/:b", ok) })
		require.Equal(t, "//evil.test", raw(t, use, http.MethodGet, "//evil.test/").Header().Get("Location"))
		require.Empty(t, raw(t, wrapped, http.MethodGet, "//evil.test/").Header().Get("Location"))
	})
	t.Run("and a prefix from a header", func(t *testing.T) {
		t.Parallel()
		use, _ := gated(t, nothing, func(e *gin.Engine) { e.GET("/a", ok) })
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/a/", http.NoBody)
		r.Header.Set("X-Forwarded-Prefix", "/evil")
		w := httptest.NewRecorder()
		use.ServeHTTP(w, r)
		require.Equal(t, "/evil/a", w.Header().Get("Location"))
	})
}

// TestFactsOfGinContext: these facts are why the adapter has an overlay.
func TestFactsOfGinContext(t *testing.T) {
	t.Parallel()
	type key struct{}
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "request"))
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequestWithContext(ctx, http.MethodGet, "/", http.NoBody)
	require.Nil(t, c.Value(key{}), "the request's values are not seen")
	c.Set(key{}, "native")
	require.Nil(t, c.Value(key{}), "nor native ones under other keys than strings")
	cancel()
	require.NoError(t, c.Err(), "nor the cancellation") //nolint:contextcheck // that is the fact
	require.Same(t, c, c.Value(gin.ContextKey))
}

// TestFactsOfGinRewriting: these facts are why docs/placement.md puts rewriting around the engine, and
// why the adapter compares the route with the path.
func TestFactsOfGinRewriting(t *testing.T) {
	t.Parallel()
	engine := func(use ...gin.HandlerFunc) *gin.Engine {
		e := gin.New()
		e.Use(use...)
		ginRoutes(e, pathRoutes)
		return e
	}
	toAdmin := func(r *http.Request) { r.URL.Path = "/admin" }
	require.Equal(t, "static /static/a", ran(t, raw(t, engine(func(c *gin.Context) { toAdmin(c.Request) }), http.MethodGet, "/static/a")),
		"in Use the route is chosen already")
	require.Equal(t, "admin /admin", ran(t, raw(t, rewriting(toAdmin)(engine()), http.MethodGet, "/static/a")), "around the engine it is not")

	t.Run("HandleContext runs the middleware of the other route, and the rest of this one without Abort", func(t *testing.T) {
		t.Parallel()
		for abort, want := range map[bool][]string{
			false: {"/static/*x /static/a", "/admin /admin", "admin", "/admin /admin", "static"},
			true:  {"/static/*x /static/a", "/admin /admin", "admin"},
		} {
			var seen []string
			e := gin.New()
			e.Use(func(c *gin.Context) {
				seen = append(seen, c.FullPath()+" "+c.Request.URL.Path)
				if c.Request.URL.Path == "/static/a" {
					toAdmin(c.Request)
					e.HandleContext(c)
					require.True(t, c.Writer.Written(), "the answer has begun")
					seen = append(seen, c.FullPath()+" "+c.Request.URL.Path)
					if abort {
						seen = seen[:len(seen)-1]
						c.Abort()
					}
				}
			})
			e.GET("/static/*x", func(*gin.Context) { seen = append(seen, "static") })
			e.GET("/admin", func(*gin.Context) { seen = append(seen, "admin") })
			raw(t, e, http.MethodGet, "/static/a")
			require.Equal(t, want, seen)
		}
	})
	t.Run("a catch-all has no other routes beside it", func(t *testing.T) {
		t.Parallel()
		for _, other := range []string{"/app/x", "/app/:x", "/app/x/y", "/app/*other"} {
			e := gin.New()
			e.GET("/app/*rest", func(*gin.Context) {})
			require.Panics(t, func() { e.GET(other, func(*gin.Context) {}) }, other)
		}
	})
	t.Run("the pattern of the route", func(t *testing.T) {
		t.Parallel()
		ok := func(*gin.Context) {}
		e := gin.New()
		e.HandleMethodNotAllowed = true
		e.Use(func(c *gin.Context) { pathtest.MarkRan(c.Writer.Header(), "pattern", c.FullPath()) })
		e.NoRoute(ok)
		e.Group("/g").Group("/:h").GET("/a", ok)
		e.GET(`/v1/items\:batch`, ok)
		e.GET("/user_:name", ok)
		for target, want := range map[string]string{
			"/g/x/a":          "/g/:h/a",         // with its groups
			"/v1/items:batch": "/v1/items:batch", // without the backslash
			"/user_ann":       "/user_:name",
			"/nowhere":        "",
		} {
			require.Equal(t, "pattern "+want, ran(t, raw(t, e, http.MethodGet, target)), target)
		}
		require.Equal(t, "pattern ", ran(t, raw(t, e, http.MethodPost, "/user_ann")), "405")
	})
}
