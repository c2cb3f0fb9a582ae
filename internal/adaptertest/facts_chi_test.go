package adaptertest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"github.com/stretchr/testify/require"

	chidowntime "github.com/go-downtime/downtime/adapters/chi"
	"github.com/go-downtime/downtime/internal/pathtest"
	"github.com/go-downtime/downtime/internal/rawhttp"
)

func TestFactsOfChiRouting(t *testing.T) {
	t.Parallel()
	with := func(m ...func(http.Handler) http.Handler) chi.Router {
		r := chi.NewRouter()
		r.Use(m...)
		chiRoutes(r, pathRoutes)
		return r
	}
	plain, cleaned, formatted := with(), with(chimiddleware.CleanPath), with(chimiddleware.URLFormat)
	for name, tc := range map[string]struct {
		router       http.Handler
		target, want string
	}{
		"it matches the raw path":             {plain, "/%61dmin", "page /%61dmin"},
		"an encoded slash does not separate":  {plain, "/static%2fa", "page /static%2fa"},
		"values are as matched, not decoded":  {plain, "/static/%2e%2e/admin", "static /static/%2e%2e/admin"},
		"dots are literal":                    {plain, "/static/../admin", "static /static/../admin"},
		"case matters":                        {plain, "/ADMIN", "page /ADMIN"},
		"a slash at the end is another path":  {plain, "/admin/", "Not Found"},
		"an empty path is the front page":     {plain, "http://site.test", "home /"},
		"CleanPath changes what is routed":    {cleaned, "/static/../admin", "admin /admin"},
		"CleanPath leaves encoded dots":       {cleaned, "/static/%2e%2e/admin", "static /static/%2e%2e/admin"},
		"URLFormat cuts the last extension":   {formatted, "/healthz.json", "healthz /healthz"},
		"URLFormat makes two dots of three":   {formatted, "/static/...js", "static /static/.."},
		"StripSlashes routes without a slash": {with(chimiddleware.StripSlashes), "/admin/", "admin /admin"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, ran(t, raw(t, tc.router, http.MethodGet, tc.target)))
		})
	}
	getOnly := chi.NewRouter()
	getOnly.Get("/a", func(http.ResponseWriter, *http.Request) {})
	require.Equal(t, http.StatusMethodNotAllowed, raw(t, getOnly, http.MethodHead, "/a").Code, "HEAD is not served by GET")
}

func TestFactsOfChiMiddleware(t *testing.T) {
	t.Parallel()
	down := http.StatusServiceUnavailable
	ok := func(http.ResponseWriter, *http.Request) {}
	nothing := func(chi.Router) {}
	route := func(r chi.Router) { r.Get("/a", ok) }
	for name, tc := range map[string]struct {
		before, after  func(chi.Router)
		method, target string
		use            int // the wrapped form refuses all of them
	}{
		"a route is gated":                          {nothing, route, "GET", "/a", down},
		"a 404 is gated":                            {nothing, route, "GET", "/b", down},
		"a 405 is gated":                            {nothing, route, "POST", "/a", down},
		"an unknown method is gated":                {nothing, route, "BREW", "/a", down},
		"a mounted router is gated":                 {nothing, func(r chi.Router) { r.Mount("/m", http.HandlerFunc(ok)) }, "GET", "/m/a", down},
		"a router without routes never runs it":     {nothing, nothing, "GET", "/b", 404},
		"nor before its own NotFound":               {nothing, func(r chi.Router) { r.NotFound(ok) }, "GET", "/b", 200},
		"a heartbeat before it answers while down":  {func(r chi.Router) { r.Use(chimiddleware.Heartbeat("/ping")) }, route, "GET", "/ping", 200},
		"a heartbeat behind it does not":            {nothing, func(r chi.Router) { r.Use(chimiddleware.Heartbeat("/ping")); route(r) }, "GET", "/ping", down},
		"CleanPath before it does not change paths": {func(r chi.Router) { r.Use(chimiddleware.CleanPath) }, func(r chi.Router) { r.Get("/healthz", ok) }, "GET", "/x/../healthz", down},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gate := closedGate(t)
			use, bare := chi.NewRouter(), chi.NewRouter()
			for _, r := range []chi.Router{use, bare} {
				tc.before(r)
				if r == use {
					r.Use(chidowntime.Middleware(gate))
				}
				tc.after(r)
			}
			require.Equal(t, tc.use, raw(t, use, tc.method, tc.target).Code)
			require.Equal(t, down, raw(t, gate.Handler(bare), tc.method, tc.target).Code)
		})
	}
	t.Run("Use after a route panics", func(t *testing.T) {
		t.Parallel()
		r := chi.NewRouter()
		route(r)
		require.Panics(t, func() { r.Use(chidowntime.Middleware(closedGate(t))) })
	})
	t.Run("Group and With gate only what they match", func(t *testing.T) {
		t.Parallel()
		r := chi.NewRouter()
		r.Group(func(g chi.Router) {
			g.Use(chidowntime.Middleware(closedGate(t)))
			g.Get("/in", ok)
		})
		r.Get("/out", ok)
		require.Equal(t, down, raw(t, r, http.MethodGet, "/in").Code)
		require.Equal(t, http.StatusOK, raw(t, r, http.MethodGet, "/out").Code)
		require.Equal(t, http.StatusNotFound, raw(t, r, http.MethodGet, "/nowhere").Code)
	})
	t.Run("a mounted router sees the whole path", func(t *testing.T) {
		t.Parallel()
		var path string
		inner := chi.NewRouter()
		inner.Use(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				path = r.URL.Path
				next.ServeHTTP(w, r)
			})
		})
		inner.Get("/a", ok)
		outer := chi.NewRouter()
		outer.Mount("/m", inner)
		require.Equal(t, http.StatusOK, raw(t, outer, http.MethodGet, "/m/a").Code)
		require.Equal(t, "/m/a", path)
	})
}

// TestFactsOfChiRewriting: under the Use of the outermost router chi has not chosen a route yet.
// The order in docs/placement.md relies on it.
func TestFactsOfChiRewriting(t *testing.T) {
	t.Parallel()
	type middleware = func(http.Handler) http.Handler
	gate := closedGate(t)
	gated, rewrite := chidowntime.Middleware(gate), rewriting(originalURL)
	toAdmin, toHealthz := chimiddleware.PathRewrite("/healthz", "/admin"), chimiddleware.PathRewrite("/admin", "/healthz")
	const refused = "Service Unavailable"
	for name, tc := range map[string]struct {
		use        []middleware
		target, to string
		want       string
	}{
		"before the gate, to an exempt path":   {[]middleware{rewrite, gated}, "/admin", "/healthz", "healthz /healthz"},
		"before the gate, from an exempt path": {[]middleware{rewrite, gated}, "/healthz", "/admin", refused},
		"chi's own, to an exempt path":         {[]middleware{toHealthz, gated}, "/admin", "", "healthz /healthz"},
		"chi's own, from an exempt path":       {[]middleware{toAdmin, gated}, "/healthz", "", refused},
		// The gate judges the path as it was, and chi routes as it is: an exempt path leads anywhere.
		"behind the gate, from an exempt path": {[]middleware{gated, rewrite}, "/healthz", "/admin", "admin /admin"},
		"behind the gate, to an exempt path":   {[]middleware{gated, rewrite}, "/admin", "/healthz", refused},
		"chi's own behind the gate":            {[]middleware{gated, toAdmin}, "/healthz", "", "admin /admin"},
		// After CleanPath, StripSlashes and URLFormat, chi no longer routes by URL.Path.
		"behind CleanPath":    {[]middleware{chimiddleware.CleanPath, rewrite, gated}, "/admin", "/healthz", "admin /admin"},
		"behind StripSlashes": {[]middleware{chimiddleware.StripSlashes, rewrite, gated}, "/admin/", "/healthz", "admin /admin"},
		"behind URLFormat":    {[]middleware{chimiddleware.URLFormat, rewrite, gated}, "/admin.json", "/healthz", "admin /admin"},
		"before CleanPath":    {[]middleware{rewrite, chimiddleware.CleanPath, gated}, "/admin", "/healthz", "healthz /healthz"},
		"before StripSlashes": {[]middleware{rewrite, chimiddleware.StripSlashes, gated}, "/admin/", "/healthz", "healthz /healthz"},
		"before URLFormat":    {[]middleware{rewrite, chimiddleware.URLFormat, gated}, "/admin.json", "/healthz", "healthz /healthz"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := chi.NewRouter()
			r.Use(tc.use...)
			chiRoutes(r, pathRoutes)
			a := rawhttp.Ask(t, rawhttp.Serve(t, r), rawhttp.Request{Method: http.MethodGet, Target: tc.target, Header: http.Header{"X-Original-Url": {tc.to}}})
			got := http.StatusText(a.Status)
			if a.Ran() != "" {
				got = a.Ran() + " " + a.Header.Get("X-Reading")
			}
			require.Equal(t, tc.want, strings.ReplaceAll(got, "%2F", "/"))
		})
	}
	t.Run("With and Route have chosen already", func(t *testing.T) {
		t.Parallel()
		r := chi.NewRouter()
		mark := func(w http.ResponseWriter, _ *http.Request) { pathtest.MarkRan(w.Header(), "inner", "") }
		r.With(rewrite, gated).Get("/with", mark)
		r.Route("/route", func(r chi.Router) {
			r.Use(rewrite, gated)
			r.Get("/a", mark)
		})
		for _, target := range []string{"/with", "/route/a"} {
			a := rawhttp.Ask(t, rawhttp.Serve(t, r), rawhttp.Request{Method: http.MethodGet, Target: target, Header: http.Header{"X-Original-Url": {"/healthz"}}})
			require.Equal(t, "inner", a.Ran(), target)
		}
	})
}
