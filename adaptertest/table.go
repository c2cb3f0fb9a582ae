package adaptertest

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/gatetest"
	"github.com/go-downtime/downtime/internal/rawhttp"
)

const (
	keyOld = "0123456789abcdef-old"
	keyNew = "0123456789abcdef-new"

	asBrowser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
)

// base is a site as applications configure it; it is open.
func base() core.Config {
	return core.Config{
		ExemptExact: []string{"/healthz", "/down"},
		ExemptPaths: []string{"/static", "/api/public"},
		Bypass: []core.Predicate{
			core.APIKeyHeader("X-Api-Key", core.KeyLiteral(keyOld), core.KeyLiteral(keyNew)),
			core.ContextValue("superuser", "user", func(u *account) bool { return u.admin }),
			core.ContextValue("tenant", tenantKey{}, func(name string) bool { return name == "staff" }),
			core.ClientAddr("office", []string{"10.0.0.0/8", "::1/128"}, nil),
			core.Func("panics", func(_ context.Context, r *http.Request) bool {
				if r.Header.Get("X-Test-Panic") != "" {
					panic("a predicate's fault")
				}
				return false
			}),
			core.Func("says yes", func(_ context.Context, r *http.Request) bool {
				return r.Header.Get("X-Test-Yes") != ""
			}),
		},
	}
}

// closed is base, down, changed by change.
func closed(change func(*core.Config)) func() core.Config {
	return func() core.Config {
		cfg := base()
		cfg.Store = gatetest.NewPeriods(gatetest.InForce(1)...)
		if change != nil {
			change(&cfg)
		}
		return cfg
	}
}

// tableChecks ask the site in one state of its gate.
var tableChecks = []check{
	asking("the site without a gate", "This is a fault of the function that builds the site, and not of the adapter.",
		nil, bareCases),
	asking("open: serves every request", "Call gate.Enter first; if it returns true, call the next handler and change nothing.",
		base, openCases),
	asking("closed: refuses with the gate's own answer", "If the decision of gate.Admit does not pass, call gate.Respond, "+
		"and neither the next handler nor code that writes.",
		closed(nil), closedCases),
	asking("closed: predicates see the request", "The context for gate.Admit needs the values that handlers stored in the "+
		"framework's own way, and the values, the deadline and the cancellation of the request's context. "+
		"The writer for gate.Admit must be the one of the response.",
		closed(nil), bypassCases),
	asking("closed: believes no header", "Give gate.Enter and gate.Admit the request as the server made it: "+
		"take no path, method or address from its headers.",
		closed(nil), hostileCases),
	asking("closed: redirects", "Leave the answer to gate.Respond, which redirects if Config.RedirectURL is set.",
		closed(func(c *core.Config) { c.RedirectURL = "/down" }), redirectCases),
	asking("closed: answers with the configured status", "Leave the status to gate.Respond, which takes it from Config.StatusCode.",
		closed(func(c *core.Config) { c.StatusCode = 404 }), statusCases),
	asking("closed: answers with the configured page", "Leave the body to gate.Respond, which takes the page from "+
		"Config.PageBytes and its policy from Config.PageCSP.",
		closed(func(c *core.Config) {
			c.PageBytes, c.PageCSP = []byte("<h1>Gone fishing</h1>"), "default-src 'self'"
		}), pageCases),
}

// asking is the check that asks each of the cases.
func asking(name, advice string, config func() core.Config, cases func() map[string]testCase) check {
	return check{name, advice, func(t testing.TB, build Build) { t.Helper(); ask(t, build, config, cases()) }}
}

// bareCases show that the site is the one that the suite asks for.
func bareCases() map[string]testCase {
	cases, params := openCases(), rawhttp.Header("X-Test-Params", "1")
	for name, c := range map[string]testCase{
		"a parameter":                  {request: rawhttp.Get("/users/7", params), ran: "user", holds: []string{`id="7"`}},
		"the rest of a path":           {request: rawhttp.Get("/static/css/site.css", params), ran: "static", holds: []string{`file="css/site.css"`}},
		"a parameter in a group":       {request: rawhttp.Request{Method: "DELETE", Target: "/api/items/7", Header: params}, ran: "delete", holds: []string{`id="7"`}},
		"the last parameter of a path": {request: rawhttp.Get("/users/8?id=7", params), ran: "user", holds: []string{`id="8"`}},
	} {
		c.status = 200
		cases[name] = c
	}
	return cases
}

func openCases() map[string]testCase {
	return map[string]testCase{
		"home":                   {request: rawhttp.Get("/", nil), status: 200, ran: "home", headers: map[string]string{"Downtime": "", "Retry-After": "", "Cache-Control": ""}},
		"parameter":              {request: rawhttp.Get("/users/7", nil), status: 200, ran: "user"},
		"group":                  {request: rawhttp.Get("/api/items", nil), status: 200, ran: "items"},
		"body":                   {request: rawhttp.Request{Method: "POST", Target: "/api/items", Body: "a body"}, status: 200, ran: "create", holds: []string{"a body"}},
		"exempt path":            {request: rawhttp.Get("/healthz", nil), status: 200, ran: "healthz"},
		"mounted":                {request: rawhttp.Get("/admin/", nil), status: 200, ran: "admin"},
		"mounted value":          {request: rawhttp.Get("/admin/whoami", rawhttp.Header("X-Test-User", "root", "X-Test-Tenant", "acme")), status: 200, ran: "whoami", holds: []string{"user=true admin=true tenant=acme"}},
		"mounted without a user": {request: rawhttp.Get("/admin/whoami", rawhttp.Header("X-Test-User", "nil")), status: 200, ran: "whoami", holds: []string{"user=false"}},
		"no such route":          {request: rawhttp.Get("/nowhere", nil), status: 404, native: true},
		"preflight":              {request: rawhttp.Request{Method: "OPTIONS", Target: "/api/items", Header: preflight()}, status: 204},
		"CORS":                   {request: rawhttp.Get("/", rawhttp.Header("Origin", "https://shop.test")), status: 200, ran: "home", headers: map[string]string{"Vary": "Origin"}},
	}
}

// refused are the headers that every refusal has.
func refused(more ...string) map[string]string {
	h := map[string]string{"Retry-After": "N", "Cache-Control": "no-store", "Etag": "", "Last-Modified": ""}
	for i := 0; i < len(more); i += 2 {
		h[more[i]] = more[i+1]
	}
	return h
}

func closedCases() map[string]testCase {
	secrets := []string{"secret-holder", "secret-person", "period-0", "gatetest"}
	html := testCase{
		request: rawhttp.Get("/", rawhttp.Header("Accept", asBrowser)), status: 503, lacks: append(secrets, "<database>"),
		holds: []string{"<html", "&lt;database&gt;"}, headers: refused("Content-Type", "text/html; charset=utf-8"),
	}
	problem := testCase{
		request: rawhttp.Get("/api/items", rawhttp.Header("Accept", "application/json")), status: 503, lacks: append(secrets, "<database>"),
		holds: []string{`"retry_after"`, `"status":503`}, headers: refused("Content-Type", "application/problem+json"),
	}
	text := testCase{
		request: rawhttp.Get("/users/7", rawhttp.Header("Accept", "*/*")), status: 503, lacks: secrets,
		headers: refused("Content-Type", "text/plain; charset=utf-8"),
	}
	cases := map[string]testCase{"HTML": html, "problem": problem, "text": text}
	for name, q := range map[string]rawhttp.Request{
		"no Accept":            rawhttp.Get("/", nil),
		"group":                rawhttp.Get("/api/items", nil),
		"parameter":            rawhttp.Get("/users/7", nil),
		"mounted":              rawhttp.Get("/admin/", nil),
		"no such route":        rawhttp.Get("/nowhere", nil),
		"no such method":       {Method: "PATCH", Target: "/api/items"},
		"unknown method":       {Method: "BREW", Target: "/"},
		"trailing slash":       rawhttp.Get("/api/items/", nil),
		"post":                 {Method: "POST", Target: "/api/items", Body: "a body"},
		"delete":               {Method: "DELETE", Target: "/api/items/7"},
		"options":              {Method: "OPTIONS", Target: "/api/items"},
		"head":                 {Method: "HEAD", Target: "/users/7"},
		"head as browser":      {Method: "HEAD", Target: "/", Header: rawhttp.Header("Accept", asBrowser)},
		"conditional":          rawhttp.Get("/", rawhttp.Header("If-None-Match", "*", "If-Modified-Since", "Thu, 01 Jan 2026 00:00:00 GMT")),
		"range":                rawhttp.Get("/", rawhttp.Header("Range", "bytes=0-3")),
		"longer than exempt":   rawhttp.Get("/healthz/more", nil),
		"exempt as a prefix":   rawhttp.Get("/staticfiles", nil),
		"exempt in the query":  rawhttp.Get("/administrator?x=/healthz", nil),
		"exempt in another":    rawhttp.Get("/users/static", nil),
		"exempt, other case":   rawhttp.Get("/Healthz", nil),
		"exempt, encoded":      rawhttp.Get("/%68ealthz", nil),
		"exempt with a slash":  rawhttp.Get("/healthz/", nil),
		"leaves the exempt":    rawhttp.Get("/static/../users/7", nil),
		"leaves it encoded":    rawhttp.Get("/static/%2e%2e/users/7", nil),
		"group, half exempt":   rawhttp.Get("/api/publicity", nil),
		"German":               rawhttp.Get("/", rawhttp.Header("Accept-Language", "de-AT,de;q=0.9")),
		"several Accept lines": rawhttp.Get("/", rawhttp.Header("Accept", "application/json", "Accept", "text/html;q=0.1")),
		"huge Accept":          rawhttp.Get("/", rawhttp.Header("Accept", strings.Repeat("a/b;q=0.1,", 800)+"text/html")),
		"the key in the query": rawhttp.Get("/?X-Api-Key="+keyNew, nil),
		"the key's beginning":  rawhttp.Get("/", rawhttp.Header("X-Api-Key", keyNew[:16])),
		"two keys":             rawhttp.Get("/", rawhttp.Header("X-Api-Key", keyNew, "X-Api-Key", keyNew)),
		"an empty key":         rawhttp.Get("/", rawhttp.Header("X-Api-Key", "")),
	} {
		cases[name] = testCase{request: q, status: 503, headers: refused()}
	}
	cases["CORS"] = testCase{
		request: rawhttp.Get("/", rawhttp.Header("Origin", "https://shop.test")), status: 503,
		headers: refused("Access-Control-Allow-Origin", "https://shop.test", "Vary", "Origin, Accept, Accept-Language"),
	}
	cases["preflight"] = testCase{request: rawhttp.Request{Method: "OPTIONS", Target: "/api/items", Header: preflight()}, status: 204}
	for name, c := range map[string]testCase{
		"exempt exact":       {request: rawhttp.Get("/healthz", nil), ran: "healthz"},
		"exempt with query":  {request: rawhttp.Get("/healthz?full=1", nil), ran: "healthz"},
		"exempt tree":        {request: rawhttp.Get("/static/css/site.css", nil), ran: "static"},
		"exempt name":        {request: rawhttp.Get("/static/a(1)%20caf%C3%A9.png", nil), ran: "static"},
		"exempt in a group":  {request: rawhttp.Get("/api/public/list", nil), ran: "public"},
		"exempt, with a key": {request: rawhttp.Get("/healthz", rawhttp.Header("X-Api-Key", keyNew)), ran: "healthz"},
	} {
		c.status = 200
		c.headers = map[string]string{"Retry-After": "", "Cache-Control": "", "Downtime": ""}
		cases[name] = c
	}
	return cases
}

func bypassCases() map[string]testCase {
	cases := map[string]testCase{}
	for name, q := range map[string]rawhttp.Request{
		"a key":                      rawhttp.Get("/cached", rawhttp.Header("X-Api-Key", keyNew)),
		"the key that is rotated":    rawhttp.Get("/cached", rawhttp.Header("X-Api-Key", keyOld)),
		"a superuser":                rawhttp.Get("/cached", rawhttp.Header("X-Test-User", "root")),
		"a request context value":    rawhttp.Get("/cached", rawhttp.Header("X-Test-Tenant", "staff")),
		"a function":                 rawhttp.Get("/cached", rawhttp.Header("X-Test-Yes", "1")),
		"a function after one panic": rawhttp.Get("/cached", rawhttp.Header("X-Test-Yes", "1", "X-Test-Panic", "1")),
	} {
		cases[name+" passes"] = testCase{
			request: q, status: 200, ran: "cached",
			headers: map[string]string{"Cache-Control": "private, no-store", "Cdn-Cache-Control": "no-store", "Retry-After": ""},
		}
	}
	for name, h := range map[string]http.Header{
		"a user without rights":          rawhttp.Header("X-Test-User", "guest"),
		"a nil user":                     rawhttp.Header("X-Test-User", "nil"),
		"a user of another type":         rawhttp.Header("X-Test-User", "other-type"),
		"another tenant":                 rawhttp.Header("X-Test-Tenant", "acme"),
		"a panic":                        rawhttp.Header("X-Test-Panic", "1"),
		"a yes for a client that left":   rawhttp.Header("X-Test-Yes", "1", "X-Test-Cancel", "1"),
		"a superuser whose context died": rawhttp.Header("X-Test-User", "root", "X-Test-Cancel", "1"),
	} {
		cases[name+" does not pass"] = testCase{request: rawhttp.Get("/cached", h), status: 503, headers: refused()}
	}
	cases["a bypassed body is read by the handler"] = testCase{
		request: rawhttp.Request{Method: "POST", Target: "/api/items", Header: rawhttp.Header("X-Api-Key", keyNew), Body: "a body"},
		status:  200, ran: "create", holds: []string{"a body"},
	}
	cases["a bypassed mount sees the user"] = testCase{
		request: rawhttp.Get("/admin/whoami", rawhttp.Header("X-Test-User", "root", "X-Test-Tenant", "acme")),
		status:  200, ran: "whoami", holds: []string{"user=true admin=true tenant=acme"},
	}
	return cases
}

// hostileCases are headers that made some gateway or framework believe another path, method
// or address.
func hostileCases() map[string]testCase {
	cases := map[string]testCase{}
	for _, name := range []string{
		"X-Original-URL", "X-Original-Uri", "X-Rewrite-URL", "X-Forwarded-Uri", "X-Forwarded-Path", "X-Forwarded-Prefix",
		"X-Replaced-Path", "X-Envoy-Original-Path", "X-Accel-Redirect", "X-Path-Info", "Destination", "Referer", "Base-Url", "X-Script-Name",
	} {
		cases["path in "+name] = testCase{request: rawhttp.Get("/users/7", rawhttp.Header(name, "/healthz")), status: 503}
	}
	for _, name := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"} {
		cases["method in "+name] = testCase{request: rawhttp.Request{Method: "POST", Target: "/api/items", Header: rawhttp.Header(name, "OPTIONS"), Body: "x"}, status: 503}
	}
	for _, name := range []string{
		"X-Forwarded-For", "X-Real-Ip", "X-Client-Ip", "True-Client-Ip", "Cf-Connecting-Ip", "Fly-Client-Ip", "X-Cluster-Client-Ip",
		"X-Originating-Ip", "X-Remote-Addr", "X-Appengine-Remote-Addr", "Fastly-Client-Ip", "X-Azure-Clientip", "Client-Ip",
	} {
		for _, addr := range []string{"10.0.0.1", "127.0.0.1", "::1"} {
			cases["address "+addr+" in "+name] = testCase{request: rawhttp.Get("/", rawhttp.Header(name, addr)), status: 503}
		}
	}
	cases["address in Forwarded"] = testCase{request: rawhttp.Get("/", rawhttp.Header("Forwarded", "for=10.0.0.1;host=localhost;proto=https")), status: 503}
	for name, h := range map[string]http.Header{
		"host":                rawhttp.Header("X-Forwarded-Host", "localhost", "X-Host", "localhost"),
		"the work is done":    rawhttp.Header("X-Middleware-Subrequest", "middleware:middleware", "X-Downtime-Checked", "1", "Downtime", "state=up"),
		"internal":            rawhttp.Header("X-Internal", "true", "X-Debug", "1", "X-Requested-With", "XMLHttpRequest"),
		"hop by hop":          rawhttp.Header("Connection", "X-Forwarded-For, X-Api-Key"),
		"a cookie of Laravel": rawhttp.Header("Cookie", "laravel_maintenance=eyJleHBpcmVzX2F0Ijo5OTk5OTk5OTk5fQ=="),
		"bearer":              rawhttp.Header("Authorization", "Bearer "+keyNew),
	} {
		cases[name] = testCase{request: rawhttp.Get("/users/7", h), status: 503}
	}
	return cases
}

func redirectCases() map[string]testCase {
	html := func(method, target string) rawhttp.Request {
		return rawhttp.Request{Method: method, Target: target, Header: rawhttp.Header("Accept", asBrowser)}
	}
	return map[string]testCase{
		"a page":            {request: html("GET", "/users/7"), status: 302, headers: map[string]string{"Location": "/down", "Cache-Control": "no-store"}},
		"its head":          {request: html("HEAD", "/users/7"), status: 302, headers: map[string]string{"Location": "/down"}},
		"a form":            {request: html("POST", "/api/items"), status: 503, headers: map[string]string{"Location": ""}},
		"an API client":     {request: rawhttp.Get("/api/items", rawhttp.Header("Accept", "application/json")), status: 503, headers: map[string]string{"Location": ""}},
		"no Accept":         {request: rawhttp.Get("/users/7", nil), status: 503, headers: map[string]string{"Location": ""}},
		"the target":        {request: html("GET", "/down"), status: 200, ran: "down"},
		"the target, asked": {request: html("GET", "/down?from=/"), status: 200, ran: "down"},
		"nearly the target": {request: html("GET", "/downs"), status: 302, headers: map[string]string{"Location": "/down"}},
	}
}

func statusCases() map[string]testCase {
	return map[string]testCase{
		"GET":             {request: rawhttp.Get("/users/1", nil), status: 404, holds: []string{"database"}},
		"HEAD":            {request: rawhttp.Request{Method: "HEAD", Target: "/users/1"}, status: 404},
		"no such route":   {request: rawhttp.Get("/nowhere", nil), status: 404, holds: []string{"database"}},
		"HEAD of no such": {request: rawhttp.Request{Method: "HEAD", Target: "/nowhere"}, status: 404},
	}
}

func pageCases() map[string]testCase {
	return map[string]testCase{
		"HTML": {
			request: rawhttp.Get("/", rawhttp.Header("Accept", asBrowser)), status: 503, holds: []string{"<h1>Gone fishing</h1>"},
			headers: map[string]string{"Content-Security-Policy": "default-src 'self'"},
		},
		"text": {request: rawhttp.Get("/", nil), status: 503, lacks: []string{"fishing"}},
	}
}

func preflight() http.Header {
	return rawhttp.Header("Origin", "https://shop.test", "Access-Control-Request-Method", "POST")
}
