package answer

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/exempt"
	"github.com/go-downtime/downtime/period"
)

// exemptPaths is the path rule of these entries.
func exemptPaths(tb testing.TB, exact, prefixes []string) func(*url.URL) bool {
	tb.Helper()
	rules, err := exempt.New(exact, prefixes)
	require.NoError(tb, err)
	return func(u *url.URL) bool {
		_, ok := rules.Match(u)
		return ok
	}
}

// redirectTo redirects to target on a site that exempts the path of target alone.
func redirectTo(target string) Options {
	path, _, _ := strings.Cut(target, "?")
	return Options{RedirectURL: target, Exempt: func(u *url.URL) bool { return u.Path == path }}
}

func TestRedirectURL(t *testing.T) {
	t.Parallel()
	isExempt := exemptPaths(t, []string{"/down", "/café", "/"}, []string{"/static"})
	for name, test := range map[string]struct {
		target   string
		location string // "" means that it is refused
		problem  string
	}{
		"an exempt path":                 {"/down", "/down", ""},
		"an exempt path with a query":    {"/down?from=shop#top", "/down?from=shop#top", ""},
		"a path below an exempt one":     {"/static/down.html", "/static/down.html", ""},
		"the exempt front page":          {"/", "/", ""},
		"a path beyond ASCII":            {"/café", "/caf%C3%A9", ""},
		"a path already encoded":         {"/caf%C3%A9", "/caf%C3%A9", ""},
		"a space in a path":              {"/static/a b", "/static/a%20b", ""},
		"an absolute https URL":          {"https://status.example.com/", "https://status.example.com/", ""},
		"an absolute http URL":           {"http://status.example.com:8080/x?y#z", "http://status.example.com:8080/x?y#z", ""},
		"capitals in the scheme":         {"HTTPS://status.example.com", "https://status.example.com", ""},
		"a path that is not exempt":      {"/sorry", "", `add "/sorry" to ExemptExact`},
		"the slash variant is not":       {"/down/", "", `add "/down/" to ExemptExact`},
		"a path out of an exempt one":    {"/static/../admin", "", "not exempt"},
		"an encoded way out":             {"/static/%2e%2e/admin", "", "not exempt"},
		"a path of two hosts":            {"//evil.example/down", "", "want a path"},
		"three slashes":                  {"///evil.example", "", "want a path"},
		"a backslash after the slash":    {`/\evil.example`, "", "backslash"},
		"a backslash in the host":        {`https://good.example\@evil.example`, "", "backslash"},
		"a path that begins with none":   {"down", "", "want a path"},
		"dots":                           {"../down", "", "want a path"},
		"a query alone":                  {"?x", "", "want a path"},
		"a fragment alone":               {"#x", "", "want a path"},
		"javascript":                     {"javascript:alert(1)", "", "want a path"},
		"data":                           {"data:text/html,x", "", "want a path"},
		"mailto":                         {"mailto:a@b.example", "", "want a path"},
		"ftp":                            {"ftp://example.com/", "", "want a path"},
		"an opaque URL":                  {"https:down", "", "want a path"},
		"a URL without a host":           {"https:///down", "", "want a path"},
		"a URL with a port alone":        {"https://:443/down", "", "want a path"},
		"a bad host":                     {"https://exa mple.com/", "", "cannot be parsed"},
		"a bad escape":                   {"/down%zz", "", "cannot be parsed"},
		"a user name":                    {"https://user@example.com/", "", "user name"},
		"a new line":                     {"/down\r\nSet-Cookie: a=b", "", "control byte"},
		"a new line in a URL":            {"https://example.com/\nx", "", "control byte"},
		"a tab":                          {"/\tdown", "", "control byte"},
		"a NUL":                          {"/down\x00", "", "control byte"},
		"a leading space":                {" /down", "", "want a path"},
		"a space in a query":             {"/down?a b", "", "percent-encoded"},
		"a letter beyond ASCII in query": {"https://example.com/?é", "", "percent-encoded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f faults
			got := newRedirect(test.target, isExempt, &f)
			err := errors.Join(f...)
			if test.location == "" {
				var fault *period.FieldError
				require.ErrorAs(t, err, &fault)
				require.Equal(t, "RedirectURL", fault.Field)
				require.Contains(t, fault.Problem, test.problem)
				require.Nil(t, got)
				return
			}
			require.NoError(t, err)
			require.Equal(t, []string{test.location}, got.location)
		})
	}
}

func TestRedirectURLKeepsASecretOutOfTheError(t *testing.T) {
	t.Parallel()
	var f faults
	require.Nil(t, newRedirect("https://user:hunter2@example.com/", nil, &f))
	require.Nil(t, newRedirect("https://user:hunter2@exa mple.com/", nil, &f))
	require.Len(t, f, 2)
	require.ErrorContains(t, f[0], "user name")
	require.ErrorContains(t, f[1], "cannot be parsed")
	require.NotContains(t, errors.Join(f...).Error(), "hunter2")
}

func TestRedirect(t *testing.T) {
	t.Parallel()
	local := redirectTo("/Down?from=here")
	absolute := Options{RedirectURL: "https://status.example.com/shop"}
	for name, test := range map[string]struct {
		options    Options
		method     string
		target     string
		headers    []string
		redirected bool
	}{
		"a browser's GET":                         {local, "GET", "/cart", []string{"Accept", acceptChrome}, true},
		"a browser's HEAD":                        {local, "HEAD", "/cart", []string{"Accept", acceptChrome}, true},
		"a browser's POST":                        {local, "POST", "/cart", []string{"Accept", acceptChrome}, false},
		"a browser's PUT":                         {local, "PUT", "/cart", []string{"Accept", acceptChrome}, false},
		"OPTIONS":                                 {local, "OPTIONS", "/cart", []string{"Accept", acceptChrome}, false},
		"a method in small letters":               {local, "get", "/cart", []string{"Accept", acceptChrome}, false},
		"a GET that asks for nothing":             {local, "GET", "/cart", nil, false},
		"a GET for anything":                      {local, "GET", "/cart", []string{"Accept", "*/*"}, false},
		"a GET for any text":                      {local, "GET", "/cart", []string{"Accept", "text/*"}, false},
		"a GET for JSON":                          {local, "GET", "/cart", []string{"Accept", "application/json, text/html;q=0.9"}, false},
		"a GET that excludes HTML":                {local, "GET", "/cart", []string{"Accept", "text/html;q=0"}, false},
		"the target itself":                       {local, "GET", "/Down", []string{"Accept", "text/html"}, false},
		"the target with another query":           {local, "GET", "/Down?x=y", []string{"Accept", "text/html"}, false},
		"the target with a slash":                 {local, "GET", "/Down/", []string{"Accept", "text/html"}, false},
		"the target with slashes":                 {local, "GET", "/Down//", []string{"Accept", "text/html"}, false},
		"the target in other letters":             {local, "GET", "/dOWN", []string{"Accept", "text/html"}, false},
		"the target in other letters and a slash": {local, "GET", "/down/", []string{"Accept", "text/html"}, false},
		"the target encoded":                      {local, "GET", "/%44own", []string{"Accept", "text/html"}, false},
		"the target on another host":              {local, "GET", "http://other.example/Down", []string{"Accept", "text/html"}, false},
		"a path that begins as the target":        {local, "GET", "/Downtown", []string{"Accept", "text/html"}, true},
		"a path below the target":                 {local, "GET", "/Down/x", []string{"Accept", "text/html"}, true},
		"to another host":                         {absolute, "GET", "http://www.example.com/cart", []string{"Accept", "text/html"}, true},
		"to another host, the same path":          {absolute, "GET", "http://www.example.com/shop", []string{"Accept", "text/html"}, false},
		"to the same host, another path":          {absolute, "GET", "http://status.example.com/cart", []string{"Accept", "text/html"}, true},
		"to the same host and path":               {absolute, "GET", "http://status.example.com/shop", []string{"Accept", "text/html"}, false},
		"the same in capitals, with a slash":      {absolute, "GET", "http://STATUS.example.com/SHOP/", []string{"Accept", "text/html"}, false},
		"the same behind a proxy":                 {absolute, "GET", "http://10.0.0.7:8080/shop", []string{"Accept", "text/html"}, false},
		"the same behind a proxy that forwards":   {absolute, "GET", "http://10.0.0.7:8080/shop", []string{"Accept", "text/html", "X-Forwarded-Host", "www.example.com"}, false},
		"the root of the same site, at a proxy":   {Options{RedirectURL: "https://www.example.com"}, "GET", "http://10.0.0.7/", []string{"Accept", "text/html"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := testAnswers(t, test.options, testFacts)
			w := ask(a, test.method, test.target, test.headers...)
			if !test.redirected {
				require.Equal(t, http.StatusServiceUnavailable, w.Code)
				require.Empty(t, w.Header().Values("Location"))
				return
			}
			require.Equal(t, http.StatusFound, w.Code)
			require.Zero(t, w.Body.Len())
			h := w.Header()
			require.Equal(t, a.settings.redirect.location, h["Location"])
			require.Equal(t, []string{"no-store"}, h["Cache-Control"])
			require.Equal(t, []string{"Accept, Accept-Language"}, h["Vary"])
			require.Equal(t, []string{"down;kind=planned"}, h["Downtime"])
			require.Equal(t, []string{"0"}, h["Content-Length"])
			require.Empty(t, h["Retry-After"], "on a redirect it would delay the target")
			for name, values := range h {
				require.Equal(t, len(values), cap(values), name)
			}
		})
	}
}

func TestRedirectAmongOuterHeaders(t *testing.T) {
	t.Parallel()
	a := testAnswers(t, redirectTo("/down"), testFacts)
	w := httptest.NewRecorder()
	w.Header()["Vary"] = []string{"Origin"}
	w.Header()["Content-Type"] = []string{"application/json"}
	w.Header()["Etag"] = []string{`"1"`}
	w.Header()["Location"] = []string{"/elsewhere"}
	w.Header()["X-Request-Id"] = []string{"1"}
	r := httptest.NewRequest(http.MethodGet, "/cart", nil)
	r.Header.Set("Accept", "text/html")
	a.Write(w, r)
	require.Equal(t, http.StatusFound, w.Code)
	require.Equal(t, []string{"/down"}, w.Header()["Location"])
	require.Equal(t, []string{"Origin", "Accept, Accept-Language"}, w.Header()["Vary"])
	require.Equal(t, []string{"1"}, w.Header()["X-Request-Id"])
	require.NotContains(t, w.Header(), "Content-Type")
	require.NotContains(t, w.Header(), "Etag")
}

// A browser follows one redirect and then gets an answer, also through a proxy that replaces
// Host.
func TestRedirectIsFollowedOnce(t *testing.T) {
	t.Parallel()
	isExempt := exemptPaths(t, []string{"/down"}, nil)
	gate := func(a *Answers) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if isExempt(r.URL) {
				w.WriteHeader(http.StatusOK)
				return
			}
			a.Write(w, r)
		}
	}
	var handler http.HandlerFunc
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler(w, r) }))
	t.Cleanup(server.Close)
	behind, err := url.Parse(server.URL)
	require.NoError(t, err)
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(behind)
		r.Out.Host = "backend.internal"
	}})
	t.Cleanup(proxy.Close)
	for _, test := range []struct {
		site, redirect, path string
		status, hops         int
	}{
		{server.URL, "/down", "/cart", http.StatusOK, 1},
		{server.URL, "/down", "/down/", http.StatusServiceUnavailable, 0},
		{server.URL, "/down", "/DOWN", http.StatusServiceUnavailable, 0},
		{server.URL, "/down?x=y", "/down?z", http.StatusOK, 0},
		{server.URL, server.URL + "/sorry", "/cart", http.StatusServiceUnavailable, 1},
		{server.URL, server.URL + "/sorry", "/sorry", http.StatusServiceUnavailable, 0},
		{server.URL, server.URL, "/", http.StatusServiceUnavailable, 0},
		{proxy.URL, proxy.URL + "/sorry", "/cart", http.StatusServiceUnavailable, 1},
		{proxy.URL, proxy.URL, "/cart", http.StatusServiceUnavailable, 1},
		{proxy.URL, "/down", "/cart", http.StatusOK, 1},
	} {
		a := testAnswers(t, Options{RedirectURL: test.redirect, Exempt: isExempt}, testFacts)
		handler = gate(a)
		hops := 0
		client := *server.Client()
		client.CheckRedirect = func(_ *http.Request, via []*http.Request) error {
			hops++
			require.Less(t, len(via), 10, "it loops: %v", test)
			return nil
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, test.site+test.path, nil)
		require.NoError(t, err)
		r.Header.Set("Accept", acceptChrome)
		response, err := client.Do(r)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, test.status, response.StatusCode, "%v", test)
		require.Equal(t, test.hops, hops, "%v", test)
	}
}
