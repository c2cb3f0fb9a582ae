package adaptertest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/gatetest"
	"github.com/go-downtime/downtime/internal/pathtest"
	"github.com/go-downtime/downtime/internal/rawhttp"
)

// The facts tests assert the behavior of the routers on which the rules, the documentation or
// an adapter rely. If one fails after an upgrade, the router has changed: check whether the
// rule or the text is still right.

// closedGate refuses everything but /healthz.
func closedGate(tb testing.TB) *core.Gate {
	tb.Helper()
	return gatetest.NewGate(tb, core.Config{Down: true, ExemptExact: []string{"/healthz"}})
}

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

// ran is the route that answered, and the path that it read.
func ran(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	reading, err := url.QueryUnescape(w.Header().Get("X-Reading"))
	require.NoError(t, err)
	if name := w.Header().Get("X-Ran"); name != "" {
		return name + " " + reading
	}
	return http.StatusText(w.Code)
}

// TestFactsOfServer: how net/http reads request lines, before any router.
func TestFactsOfServer(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		method, target string
		want           *url.URL // nil: answered before any handler
		status         int
	}{
		"a raw # stays in the path":                    {"GET", "/a#b", &url.URL{Path: "/a#b", RawPath: "/a#b"}, 200},
		"a decoded path keeps its spelling in RawPath": {"GET", "/a%2Fb", &url.URL{Path: "/a/b", RawPath: "/a%2Fb"}, 200},
		"the usual spelling leaves RawPath empty":      {"GET", "/a%20b", &url.URL{Path: "/a b"}, 200},
		"an unusual one does not":                      {"GET", "/%61", &url.URL{Path: "/a", RawPath: "/%61"}, 200},
		"nothing is cleaned":                           {"GET", "//a/../b", &url.URL{Path: "//a/../b"}, 200},
		"a tunnel has no path":                         {"CONNECT", "site.test:443", &url.URL{Host: "site.test:443"}, 200},
		"an absolute form without a path has none":     {"GET", "http://site.test", &url.URL{Scheme: "http", Host: "site.test"}, 200},
		"a form without slashes is opaque":             {"GET", "http:x", &url.URL{Scheme: "http", Opaque: "x"}, 200},
		"a star is a path":                             {"GET", "*", &url.URL{Path: "*"}, 200},
		"OPTIONS of a star is answered by the server":  {"OPTIONS", "*", nil, 200},
		"a bad escape is refused by the server":        {"GET", "/%zz", nil, 400},
		"a control byte too":                           {"GET", "/\x01", nil, 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen *url.URL
			address := rawhttp.Serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.URL }))
			got := rawhttp.Ask(t, address, rawhttp.Request{Method: tc.method, Target: tc.target})
			require.Equal(t, tc.status, got.Status)
			require.Equal(t, tc.want, seen)
		})
	}
}

func TestFactsOfServeMux(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	muxRoutes(mux, pathRoutes)
	mux.HandleFunc("GET /only-get", func(w http.ResponseWriter, _ *http.Request) { pathtest.MarkRan(w.Header(), "get", "") })
	for name, tc := range map[string]struct{ target, want string }{
		"it decodes each segment":              {"/%61dmin", "admin /admin"},
		"an encoded slash does not separate":   {"/admin%2Fx", "page /admin/x"},
		"encoded dots are not cleaned":         {"/static/%2e%2e/admin", "static /static/../admin"},
		"literal ones are":                     {"/static/../admin", "Temporary Redirect"},
		"slashes too":                          {"//static/a", "Temporary Redirect"},
		"a slash at the end is another path":   {"/admin/", "Not Found"},
		"case matters":                         {"/ADMIN", "page /ADMIN"},
		"a matrix parameter is part of a name": {"/static/..;/admin", "static /static/..;/admin"},
		"a backslash too":                      {`/static/..\admin`, `static /static/..\admin`},
		"nothing is decoded twice":             {"/static/%252e%252e/admin", "static /static/%2e%2e/admin"},
		"a star is a bad request":              {"*", "Bad Request"},
	} {
		require.Equal(t, tc.want, ran(t, raw(t, mux, http.MethodGet, tc.target)), name)
	}
	require.Equal(t, "get ", ran(t, raw(t, mux, http.MethodHead, "/only-get")), "HEAD is served by GET")

	var stripped *url.URL
	strip := http.StripPrefix("/static", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { stripped = r.URL }))
	raw(t, strip, http.MethodGet, "/static/a%2Fb")
	require.Equal(t, "/a/b", stripped.Path, "a gate behind StripPrefix sees the rest")
	require.Equal(t, "/a%2Fb", stripped.RawPath)
}
