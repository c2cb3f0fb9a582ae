package admin_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/admin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store/memstore"
)

// pagePaths are all paths of the pages, with their methods.
var pagePaths = map[string]string{
	"": "GET, HEAD", "start": "POST", "end": "POST", "end-all": "POST", "schedule": "GET, HEAD",
	"add": "GET, HEAD, POST", "edit": "GET, HEAD, POST", "enable": "POST", "enable-now": "POST", "disable": "POST", "delete": "POST",
	"fleet": "GET, HEAD", "log": "GET, HEAD", "visitors": "GET, HEAD", "visitors.htm": "GET, HEAD", "zone": "GET, HEAD, POST",
}

var everyMethod = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "QUERY", "FROBNICATE"}

// everyForm is a body that is valid on every path that takes one.
func everyForm(p period.Period) string {
	return url.Values{
		"id": {p.ID}, "version": {"1"}, "revision": {"1"}, "reason": {"x"}, "zone": {"UTC"}, "anew": {"yes"},
		"start": {"2097-03-08T02:00"}, "end": {"2097-03-08T04:00"}, "enabled": {"yes"},
	}.Encode()
}

func TestUnauthorizedRequestsReadAndChangeNothing(t *testing.T) {
	t.Parallel()
	yes := core.Func("yes", func(context.Context, *http.Request) bool { return true })
	user := func(name string) func(context.Context, *http.Request) string {
		return func(context.Context, *http.Request) string { return name }
	}
	for name, change := range map[string]func(c *admin.Config){
		"who is not authorized": func(c *admin.Config) {
			c.Authorize = core.Func("no", func(context.Context, *http.Request) bool { return false })
		},
		"whose authorization panics": func(c *admin.Config) {
			c.Authorize = core.Func("panics", func(context.Context, *http.Request) bool { panic(io.EOF) })
		},
		"who has no name":     func(c *admin.Config) { c.Authorize, c.Actor = yes, user("") },
		"whose name is blank": func(c *admin.Config) { c.Authorize, c.Actor = yes, user(" \t\n") },
		"whose name panics": func(c *admin.Config) {
			c.Authorize, c.Actor = yes, func(context.Context, *http.Request) string { panic("no session") }
		},
		"whose origin panics": func(c *admin.Config) {
			c.Authorize, c.Actor, c.Origin = yes, user("ann"), func(context.Context, *http.Request) string { panic("no session") }
		},
		"whose session has expired": func(c *admin.Config) {
			c.Authorize = core.ContextValue("session", "user", func(string) bool { return true })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newPages(t, pageSettings{page: change})
			p := c.begin("bob", "secret reason")
			before := c.document().Mark()
			paths := []string{"", "/", "/nothing", "/api", "/api/v1/state", "/api/v1/nothing", asset(t, "style"), asset(t, "page"), asset(t, "icon")}
			for path := range pagePaths {
				paths = append(paths, "/"+path)
			}
			for _, path := range paths {
				for _, method := range everyMethod {
					r := httptest.NewRequestWithContext(t.Context(), method, mount+path+"?id="+p.ID, strings.NewReader(everyForm(p)))
					r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
					w := httptest.NewRecorder()
					c.page.ServeHTTP(w, r)
					require.Equal(t, http.StatusForbidden, w.Code, method+" "+path)
					require.NotContains(t, w.Body.String(), "secret reason")
					require.NotContains(t, w.Body.String(), p.ID)
					guarded(t, w.Header())
				}
			}
			require.Equal(t, before, c.document().Mark(), "the store is untouched")
		})
	}
}

// asset is the path of an asset in the links of the pages.
func asset(t *testing.T, name string) string {
	t.Helper()
	body := newPages(t, pageSettings{}).get("").Body.String()
	_, rest, ok := strings.Cut(body, `"`+mount+"/"+name+"-")
	require.True(t, ok, body)
	file, _, _ := strings.Cut(rest, `"`)
	return "/" + name + "-" + file
}

// guarded requires the headers that every answer has.
func guarded(t *testing.T, h http.Header) {
	t.Helper()
	policy := h.Get("Content-Security-Policy")
	for _, directive := range []string{
		"default-src 'none'", "style-src 'self'", "script-src 'self'", "connect-src 'self'", "img-src 'self'",
		"form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
	} {
		require.Contains(t, policy, directive)
	}
	require.NotContains(t, policy, "unsafe")
	require.Equal(t, "DENY", h.Get("X-Frame-Options"))
	require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
	require.Equal(t, "same-origin", h.Get("Referrer-Policy"))
	require.Equal(t, "same-origin", h.Get("Cross-Origin-Opener-Policy"))
	require.Equal(t, "no-store", h.Get("Cache-Control"))
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	p := c.begin("bob", "x")
	for path, allow := range pagePaths {
		for _, method := range everyMethod {
			r := httptest.NewRequestWithContext(t.Context(), method, mount+"/"+path+"?id="+p.ID, http.NoBody)
			w := c.send(r)
			if path == "visitors.htm" && (method == http.MethodGet || method == http.MethodHead) {
				continue // the visitors' page, see TestVisitorsPageIsShownInASandbox
			}
			guarded(t, w.Header())
			takes := false
			for m := range strings.SplitSeq(allow, ", ") {
				takes = takes || m == method
			}
			if takes {
				require.NotEqual(t, http.StatusMethodNotAllowed, w.Code, method+" "+path)
				continue
			}
			require.Equal(t, http.StatusMethodNotAllowed, w.Code, method+" "+path)
			require.Equal(t, allow, w.Header().Get("Allow"))
		}
	}
	for _, path := range []string{"nothing", "schedule//", "Schedule", "a/b", "..", "style-0.css", "%2e%2e/schedule", "api", "api/v1/nothing"} {
		w := c.get(path)
		require.Equal(t, http.StatusNotFound, w.Code, path)
		guarded(t, w.Header())
	}
}

func TestAssetsAreKeptForGoodUnderTheNameOfTheirContent(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	for name, kind := range map[string]string{"style": "text/css; charset=utf-8", "page": "text/javascript; charset=utf-8", "icon": "image/svg+xml"} {
		path := strings.TrimPrefix(asset(t, name), "/")
		w := c.get(path)
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, kind, w.Header().Get("Content-Type"))
		require.Equal(t, "private, max-age=31536000, immutable", w.Header().Get("Cache-Control"), "by the operator's browser only")
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		head := c.send(httptest.NewRequestWithContext(t.Context(), http.MethodHead, mount+"/"+path, http.NoBody))
		require.Equal(t, w.Header().Get("Content-Length"), head.Header().Get("Content-Length"))
		require.Empty(t, head.Body.String())
	}
}

func TestOnlyThePagesOwnOriginChangesAnything(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		headers map[string]string
		passes  bool
	}{
		"the same origin":                            {map[string]string{"Sec-Fetch-Site": "same-origin"}, true},
		"typed by hand":                              {map[string]string{"Sec-Fetch-Site": "none"}, true},
		"a sibling of the same site":                 {map[string]string{"Sec-Fetch-Site": "same-site"}, false},
		"another site":                               {map[string]string{"Sec-Fetch-Site": "cross-site"}, false},
		"an unknown word":                            {map[string]string{"Sec-Fetch-Site": "sibling"}, false},
		"no word, and the origin is the host":        {map[string]string{"Origin": "https://example.com"}, true},
		"no word, and another origin":                {map[string]string{"Origin": "https://evil.example"}, false},
		"no word, and no origin: not a browser":      {nil, true},
		"an origin that is null":                     {map[string]string{"Origin": "null"}, false},
		"an origin with a port of its own":           {map[string]string{"Origin": "https://example.com:8443"}, false},
		"another site that lies about forwarded":     {map[string]string{"Sec-Fetch-Site": "cross-site", "X-Forwarded-Host": "evil.example"}, false},
		"the trusted origin":                         {map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://ops.example"}, true},
		"the trusted origin by another scheme":       {map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "http://ops.example"}, false},
		"a page of this host, and no origin":         {map[string]string{"Referer": "https://example.com/ops/downtime/"}, true},
		"a page of another host":                     {map[string]string{"Referer": "https://evil.example/ops/downtime/"}, false},
		"a page of another port":                     {map[string]string{"Referer": "https://example.com:8443/"}, false},
		"a page of a host below this one":            {map[string]string{"Referer": "https://x.example.com/"}, false},
		"a page of a host that begins like it":       {map[string]string{"Referer": "https://example.com.evil.example/"}, false},
		"another host, with this one as its user":    {map[string]string{"Referer": "https://example.com@evil.example/"}, false},
		"another host, with this one in its path":    {map[string]string{"Referer": "https://evil.example/https://example.com/"}, false},
		"another host, and an empty origin":          {map[string]string{"Origin": "", "Referer": "https://evil.example/"}, false},
		"an app by the name of this host":            {map[string]string{"Referer": "android-app://example.com/"}, false},
		"a referer without a scheme":                 {map[string]string{"Referer": "//example.com/"}, false},
		"a referer that is no URL":                   {map[string]string{"Referer": "https://example.com/%zz"}, false},
		"a referer without a host":                   {map[string]string{"Referer": "about:blank"}, false},
		"an empty referer":                           {map[string]string{"Referer": ""}, true},
		"a page of the trusted origin":               {map[string]string{"Referer": "https://ops.example/x"}, true},
		"the trusted host by another scheme":         {map[string]string{"Referer": "http://ops.example/x"}, false},
		"the same origin, by a browser that says so": {map[string]string{"Sec-Fetch-Site": "same-origin", "Referer": "https://ops.shown.by.a.proxy/"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newPages(t, pageSettings{page: func(c *admin.Config) { c.TrustedOrigins = []string{"https://ops.example"} }})
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://example.com"+mount+"/start", strings.NewReader("reason=x&revision=0&zone=UTC&reviewed="+c.reviewOfStart()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for name, value := range tc.headers {
				r.Header.Set(name, value)
			}
			w := c.send(r)
			if tc.passes {
				require.Equal(t, http.StatusSeeOther, w.Code, w.Body.String())
				require.NotNil(t, c.document())
				return
			}
			require.Equal(t, http.StatusForbidden, w.Code)
			require.Nil(t, c.document(), "nothing was written")
			guarded(t, w.Header())
		})
	}
}

func TestRefererOfAnotherHostOnlyMattersToWrites(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	for _, method := range everyMethod {
		for _, path := range []string{"", "start", "api/v1/state", "api/v1/start", "nothing"} {
			r := httptest.NewRequestWithContext(t.Context(), method, mount+"/"+path, strings.NewReader("revision=0"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Add("Referer", "http://example.com/")
			r.Header.Add("Referer", "https://evil.example/")
			w := c.send(r)
			switch method {
			case http.MethodGet, http.MethodHead, http.MethodOptions:
				require.NotEqual(t, http.StatusForbidden, w.Code, "%s %s: a link may lead here", method, path)
			default:
				require.Equal(t, http.StatusForbidden, w.Code, "%s %s", method, path)
			}
		}
	}
	require.Nil(t, c.document())
}

func TestNoGetChangesAnything(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	p := c.begin("bob", "x")
	before := c.document().Mark()
	for path := range pagePaths {
		for _, query := range []string{"?action=end", "?" + everyForm(p), "?_method=POST&" + everyForm(p), "?end-all"} {
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
				r := httptest.NewRequestWithContext(t.Context(), method, mount+"/"+path+query, http.NoBody)
				r.Header.Set("X-Http-Method-Override", http.MethodPost)
				c.send(r)
			}
		}
	}
	require.Equal(t, before, c.document().Mark())
}

func TestBodiesThatAreNoFormsDoNothing(t *testing.T) {
	t.Parallel()
	const form = "application/x-www-form-urlencoded"
	for name, tc := range map[string]struct {
		kind, body string
		want       int
	}{
		"a body over 64 KiB":                    {form, "revision=1&reason=" + strings.Repeat("x", 64<<10), http.StatusRequestEntityTooLarge},
		"JSON":                                  {"application/json", `{"revision": 1}`, http.StatusUnsupportedMediaType},
		"text, which a form of any site sends":  {"text/plain", "revision=1", http.StatusUnsupportedMediaType},
		"parts, which a form of any site sends": {"multipart/form-data; boundary=x", "--x--", http.StatusUnsupportedMediaType},
		"no type":                               {"", "revision=1", http.StatusUnsupportedMediaType},
		"a type that is none":                   {";;", "revision=1", http.StatusUnsupportedMediaType},
		"a broken encoding":                     {form, "revision=%zz", http.StatusBadRequest},
		"a semicolon":                           {form, "revision=1;reason=x", http.StatusBadRequest},
		"a field twice":                         {form, "revision=1&revision=2", http.StatusBadRequest},
		"a field in another case":               {form, "Revision=1", http.StatusBadRequest},
		"a field that is not there":             {form, "revision=1&all=yes", http.StatusBadRequest},
		"no revision":                           {form, "reason=x", http.StatusBadRequest},
		"a revision that is none":               {form, "revision=latest", http.StatusBadRequest},
		"a revision below nothing":              {form, "revision=-1", http.StatusBadRequest},
		"a revision without an end":             {form, "revision=99999999999999999999", http.StatusBadRequest},
		"text that is not UTF-8":                {form, "revision=1&anew=%ff", http.StatusBadRequest},
		"nothing":                               {form, "", http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newPages(t, pageSettings{})
			c.begin("bob", "x")
			before := c.document().Mark()
			for _, path := range []string{"end-all?revision=1", "start?revision=1"} {
				r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, mount+"/"+path, strings.NewReader(tc.body))
				if tc.kind != "" {
					r.Header.Set("Content-Type", tc.kind)
				}
				w := c.send(r)
				require.GreaterOrEqual(t, w.Code, 400, path+": "+w.text())
				if strings.HasPrefix(path, "end-all") {
					require.Equal(t, tc.want, w.Code, w.text())
				}
				guarded(t, w.Header())
			}
			require.Equal(t, before, c.document().Mark())
		})
	}
}

func TestPeriodsAreNamedWithTheirVersion(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	p := c.begin("bob", "x")
	for _, path := range []string{"end", "enable", "enable-now", "disable", "delete", "edit"} {
		for _, version := range []string{"", "0", "x", "-1", "1.0"} {
			w := c.post(path, "id", p.ID, "version", version)
			require.Equal(t, http.StatusBadRequest, w.Code, path+" "+version)
		}
	}
	require.Equal(t, p, c.only())
}

func TestDeniedIsTheApplicationsOwnAnswer(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{page: func(c *admin.Config) {
		c.Denied = http.RedirectHandler("/login", http.StatusFound)
	}})
	w := c.as("").get("schedule")
	require.Equal(t, http.StatusFound, w.Code)
	require.Equal(t, "/login", w.Header().Get("Location"))
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"), "the page's headers are there, to be replaced")
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	gate, err := core.New(core.Config{Store: memstore.New()})
	require.NoError(t, err)
	bare, err := core.New(core.Config{})
	require.NoError(t, err)
	fine := admin.Config{
		Path: "/ops", Authorize: core.Func("staff", func(context.Context, *http.Request) bool { return true }),
		Actor: func(context.Context, *http.Request) string { return "ann" },
	}
	with := func(change func(c *admin.Config)) admin.Config {
		c := fine
		change(&c)
		return c
	}
	for name, tc := range map[string]struct {
		gate *core.Gate
		cfg  admin.Config
		want string
	}{
		"no gate":                         {nil, fine, "gate: is nil"},
		"a gate without a store":          {bare, fine, "gate: has no store"},
		"no authorization":                {gate, with(func(c *admin.Config) { c.Authorize = core.Predicate{} }), "Authorize: is the zero Predicate"},
		"an authorization without a name": {gate, with(func(c *admin.Config) { c.Authorize = core.Func(" ", nil) }), "Authorize.Name"},
		"an empty key": {gate, with(func(c *admin.Config) {
			c.Authorize = core.APIKeyHeader("X-Key", core.KeyLiteral(""))
		}), "Authorize.Keys[0]"},
		"no actor":                     {gate, with(func(c *admin.Config) { c.Actor = nil }), "Actor: is nil"},
		"no path":                      {gate, with(func(c *admin.Config) { c.Path = "" }), "Path: is empty"},
		"a path without its slash":     {gate, with(func(c *admin.Config) { c.Path = "ops" }), `Path: "ops": want a path that begins with "/"`},
		"a pattern":                    {gate, with(func(c *admin.Config) { c.Path = "/ops/*" }), "Path"},
		"an encoded path":              {gate, with(func(c *admin.Config) { c.Path = "/o%70s" }), "Path"},
		"dots in the path":             {gate, with(func(c *admin.Config) { c.Path = "/ops/../x" }), "Path"},
		"an empty segment":             {gate, with(func(c *admin.Config) { c.Path = "/ops//x" }), "Path"},
		"a control byte in the path":   {gate, with(func(c *admin.Config) { c.Path = "/ops\n" }), "Path"},
		"an origin that is a host":     {gate, with(func(c *admin.Config) { c.TrustedOrigins = []string{"ops.example"} }), "TrustedOrigins"},
		"an origin that has a path":    {gate, with(func(c *admin.Config) { c.TrustedOrigins = []string{"https://ops.example/x"} }), "TrustedOrigins"},
		"everything is named together": {nil, admin.Config{}, "Actor"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page, err := admin.New(tc.gate, tc.cfg)
			require.ErrorContains(t, err, tc.want)
			require.Nil(t, page)
			var f *core.FieldError
			require.ErrorAs(t, err, &f)
		})
	}
	_, err = admin.New(nil, admin.Config{})
	for _, field := range []string{"gate", "Path", "Authorize", "Actor"} {
		require.ErrorContains(t, err, field)
	}
	for _, path := range []string{"/", "/ops", "/ops/", "/a/b/c", "/café"} {
		_, err := admin.New(gate, with(func(c *admin.Config) { c.Path = path }))
		require.NoError(t, err, path)
	}
	require.NoError(t, errors.Join(fine.Authorize.Validate()))
}
