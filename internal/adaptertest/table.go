package adaptertest

import (
	"context"
	"net/http"
	"strings"

	"github.com/go-downtime/downtime/core"
)

const (
	keyOld = "0123456789abcdef-old"
	keyNew = "0123456789abcdef-new"

	asBrowser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
)

// scenario is a state of the gate and the requests that it is asked.
type scenario struct {
	config func() core.Config
	cases  map[string]testCase
}

// base is a site as applications configure it; it is open.
func base() core.Config {
	return core.Config{
		ExemptExact: []string{"/healthz", "/down"},
		ExemptPaths: []string{"/static", "/api/public"},
		Bypass: []core.Predicate{
			core.APIKeyHeader("X-Api-Key", core.KeyLiteral(keyOld), core.KeyLiteral(keyNew)),
			core.ContextValue("superuser", "user", func(u *User) bool { return u.Admin }),
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
		cfg.Store = NewPeriods(InForce(1)...)
		if change != nil {
			change(&cfg)
		}
		return cfg
	}
}

func scenarios() map[string]scenario {
	return map[string]scenario{
		"open":           {config: base, cases: openCases()},
		"closed":         {config: closed(nil), cases: closedCases()},
		"who may pass":   {config: closed(nil), cases: bypassCases()},
		"hostile header": {config: closed(nil), cases: hostileCases()},
		"redirect":       {config: closed(func(c *core.Config) { c.RedirectURL = "/down" }), cases: redirectCases()},
		"own status": {config: closed(func(c *core.Config) { c.StatusCode = 404 }), cases: map[string]testCase{
			"GET":             {request: get("/users/1", nil), status: 404, holds: []string{"database"}},
			"HEAD":            {request: request{method: "HEAD", target: "/users/1"}, status: 404},
			"no such route":   {request: get("/nowhere", nil), status: 404, holds: []string{"database"}},
			"HEAD of no such": {request: request{method: "HEAD", target: "/nowhere"}, status: 404},
		}},
		"own page": {config: closed(func(c *core.Config) { c.PageBytes = []byte("<h1>Gone fishing</h1>"); c.PageCSP = "default-src 'self'" }), cases: map[string]testCase{
			"HTML": {request: get("/", header("Accept", asBrowser)), status: 503, holds: []string{"<h1>Gone fishing</h1>"}, headers: map[string]string{"Content-Security-Policy": "default-src 'self'"}},
			"text": {request: get("/", nil), status: 503, lacks: []string{"fishing"}},
		}},
		"without a store": {config: func() core.Config { c := base(); c.Down = true; return c }, cases: map[string]testCase{
			"blocked": {request: get("/", nil), status: 503},
			"exempt":  {request: get("/healthz", nil), status: 200, ran: "healthz"},
		}},
	}
}

func openCases() map[string]testCase {
	return map[string]testCase{
		"home":                   {request: get("/", nil), status: 200, ran: "home", headers: map[string]string{"Downtime": "", "Retry-After": "", "Cache-Control": ""}},
		"parameter":              {request: get("/users/7", nil), status: 200, ran: "user"},
		"group":                  {request: get("/api/items", nil), status: 200, ran: "items"},
		"body":                   {request: request{method: "POST", target: "/api/items", body: "a body"}, status: 200, ran: "create", holds: []string{"a body"}},
		"exempt path":            {request: get("/healthz", nil), status: 200, ran: "healthz"},
		"mounted":                {request: get("/admin/", nil), status: 200, ran: "admin"},
		"mounted value":          {request: get("/admin/whoami", header("X-Test-User", "root", "X-Test-Tenant", "acme")), status: 200, ran: "whoami", holds: []string{"user=true admin=true tenant=acme"}},
		"mounted without a user": {request: get("/admin/whoami", header("X-Test-User", "nil")), status: 200, ran: "whoami", holds: []string{"user=false"}},
		"no such route":          {request: get("/nowhere", nil), status: 404, native: true},
		"preflight":              {request: request{method: "OPTIONS", target: "/api/items", header: preflight()}, status: 204},
		"CORS":                   {request: get("/", header("Origin", "https://shop.test")), status: 200, ran: "home", headers: map[string]string{"Vary": "Origin"}},
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
	secrets := []string{"secret-holder", "secret-person", "period-0", "adaptertest"}
	html := testCase{
		request: get("/", header("Accept", asBrowser)), status: 503, lacks: append(secrets, "<database>"),
		holds: []string{"<html", "&lt;database&gt;"}, headers: refused("Content-Type", "text/html; charset=utf-8"),
	}
	problem := testCase{
		request: get("/api/items", header("Accept", "application/json")), status: 503, lacks: append(secrets, "<database>"),
		holds: []string{`"retry_after"`, `"status":503`}, headers: refused("Content-Type", "application/problem+json"),
	}
	text := testCase{
		request: get("/users/7", header("Accept", "*/*")), status: 503, lacks: secrets,
		headers: refused("Content-Type", "text/plain; charset=utf-8"),
	}
	cases := map[string]testCase{"HTML": html, "problem": problem, "text": text}
	for name, q := range map[string]request{
		"no Accept":            get("/", nil),
		"group":                get("/api/items", nil),
		"parameter":            get("/users/7", nil),
		"mounted":              get("/admin/", nil),
		"no such route":        get("/nowhere", nil),
		"no such method":       {method: "PATCH", target: "/api/items"},
		"unknown method":       {method: "BREW", target: "/"},
		"trailing slash":       get("/api/items/", nil),
		"post":                 {method: "POST", target: "/api/items", body: "a body"},
		"delete":               {method: "DELETE", target: "/api/items/7"},
		"options":              {method: "OPTIONS", target: "/api/items"},
		"head":                 {method: "HEAD", target: "/users/7"},
		"head as browser":      {method: "HEAD", target: "/", header: header("Accept", asBrowser)},
		"conditional":          get("/", header("If-None-Match", "*", "If-Modified-Since", "Thu, 01 Jan 2026 00:00:00 GMT")),
		"range":                get("/", header("Range", "bytes=0-3")),
		"longer than exempt":   get("/healthz/more", nil),
		"exempt as a prefix":   get("/staticfiles", nil),
		"exempt in the query":  get("/administrator?x=/healthz", nil),
		"exempt in another":    get("/users/static", nil),
		"exempt, other case":   get("/Healthz", nil),
		"exempt, encoded":      get("/%68ealthz", nil),
		"exempt with a slash":  get("/healthz/", nil),
		"leaves the exempt":    get("/static/../users/7", nil),
		"leaves it encoded":    get("/static/%2e%2e/users/7", nil),
		"group, half exempt":   get("/api/publicity", nil),
		"German":               get("/", header("Accept-Language", "de-AT,de;q=0.9")),
		"several Accept lines": get("/", header("Accept", "application/json", "Accept", "text/html;q=0.1")),
		"huge Accept":          get("/", header("Accept", strings.Repeat("a/b;q=0.1,", 800)+"text/html")),
		"the key in the query": get("/?X-Api-Key="+keyNew, nil),
		"the key's beginning":  get("/", header("X-Api-Key", keyNew[:16])),
		"two keys":             get("/", header("X-Api-Key", keyNew, "X-Api-Key", keyNew)),
		"an empty key":         get("/", header("X-Api-Key", "")),
	} {
		cases[name] = testCase{request: q, status: 503, headers: refused()}
	}
	cases["CORS"] = testCase{
		request: get("/", header("Origin", "https://shop.test")), status: 503,
		headers: refused("Access-Control-Allow-Origin", "https://shop.test", "Vary", "Origin, Accept, Accept-Language"),
	}
	cases["preflight"] = testCase{request: request{method: "OPTIONS", target: "/api/items", header: preflight()}, status: 204}
	for name, c := range map[string]testCase{
		"exempt exact":       {request: get("/healthz", nil), ran: "healthz"},
		"exempt with query":  {request: get("/healthz?full=1", nil), ran: "healthz"},
		"exempt tree":        {request: get("/static/css/site.css", nil), ran: "static"},
		"exempt name":        {request: get("/static/a(1)%20caf%C3%A9.png", nil), ran: "static"},
		"exempt in a group":  {request: get("/api/public/list", nil), ran: "public"},
		"exempt, with a key": {request: get("/healthz", header("X-Api-Key", keyNew)), ran: "healthz"},
	} {
		c.status = 200
		c.headers = map[string]string{"Retry-After": "", "Cache-Control": "", "Downtime": ""}
		cases[name] = c
	}
	return cases
}

func bypassCases() map[string]testCase {
	cases := map[string]testCase{}
	for name, q := range map[string]request{
		"a key":                      get("/cached", header("X-Api-Key", keyNew)),
		"the key that is rotated":    get("/cached", header("X-Api-Key", keyOld)),
		"a superuser":                get("/cached", header("X-Test-User", "root")),
		"a request context value":    get("/cached", header("X-Test-Tenant", "staff")),
		"a function":                 get("/cached", header("X-Test-Yes", "1")),
		"a function after one panic": get("/cached", header("X-Test-Yes", "1", "X-Test-Panic", "1")),
	} {
		cases[name+" passes"] = testCase{
			request: q, status: 200, ran: "cached",
			headers: map[string]string{"Cache-Control": "private, no-store", "Cdn-Cache-Control": "no-store", "Retry-After": ""},
		}
	}
	for name, h := range map[string]http.Header{
		"a user without rights":          header("X-Test-User", "guest"),
		"a nil user":                     header("X-Test-User", "nil"),
		"a user of another type":         header("X-Test-User", "other-type"),
		"another tenant":                 header("X-Test-Tenant", "acme"),
		"a panic":                        header("X-Test-Panic", "1"),
		"a yes for a client that left":   header("X-Test-Yes", "1", "X-Test-Cancel", "1"),
		"a superuser whose context died": header("X-Test-User", "root", "X-Test-Cancel", "1"),
	} {
		cases[name+" does not pass"] = testCase{request: get("/cached", h), status: 503, headers: refused()}
	}
	cases["a bypassed body is read by the handler"] = testCase{
		request: request{method: "POST", target: "/api/items", header: header("X-Api-Key", keyNew), body: "a body"},
		status:  200, ran: "create", holds: []string{"a body"},
	}
	cases["a bypassed mount sees the user"] = testCase{
		request: get("/admin/whoami", header("X-Test-User", "root", "X-Test-Tenant", "acme")),
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
		cases["path in "+name] = testCase{request: get("/users/7", header(name, "/healthz")), status: 503}
	}
	for _, name := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"} {
		cases["method in "+name] = testCase{request: request{method: "POST", target: "/api/items", header: header(name, "OPTIONS"), body: "x"}, status: 503}
	}
	for _, name := range []string{
		"X-Forwarded-For", "X-Real-Ip", "X-Client-Ip", "True-Client-Ip", "Cf-Connecting-Ip", "Fly-Client-Ip", "X-Cluster-Client-Ip",
		"X-Originating-Ip", "X-Remote-Addr", "X-Appengine-Remote-Addr", "Fastly-Client-Ip", "X-Azure-Clientip", "Client-Ip",
	} {
		for _, addr := range []string{"10.0.0.1", "127.0.0.1", "::1"} {
			cases["address "+addr+" in "+name] = testCase{request: get("/", header(name, addr)), status: 503}
		}
	}
	cases["address in Forwarded"] = testCase{request: get("/", header("Forwarded", "for=10.0.0.1;host=localhost;proto=https")), status: 503}
	for name, h := range map[string]http.Header{
		"host":                header("X-Forwarded-Host", "localhost", "X-Host", "localhost"),
		"the work is done":    header("X-Middleware-Subrequest", "middleware:middleware", "X-Downtime-Checked", "1", "Downtime", "state=up"),
		"internal":            header("X-Internal", "true", "X-Debug", "1", "X-Requested-With", "XMLHttpRequest"),
		"hop by hop":          header("Connection", "X-Forwarded-For, X-Api-Key"),
		"a cookie of Laravel": header("Cookie", "laravel_maintenance=eyJleHBpcmVzX2F0Ijo5OTk5OTk5OTk5fQ=="),
		"bearer":              header("Authorization", "Bearer "+keyNew),
	} {
		cases[name] = testCase{request: get("/users/7", h), status: 503}
	}
	return cases
}

func redirectCases() map[string]testCase {
	html := func(method, target string) request {
		return request{method: method, target: target, header: header("Accept", asBrowser)}
	}
	return map[string]testCase{
		"a page":            {request: html("GET", "/users/7"), status: 302, headers: map[string]string{"Location": "/down", "Cache-Control": "no-store"}},
		"its head":          {request: html("HEAD", "/users/7"), status: 302, headers: map[string]string{"Location": "/down"}},
		"a form":            {request: html("POST", "/api/items"), status: 503, headers: map[string]string{"Location": ""}},
		"an API client":     {request: get("/api/items", header("Accept", "application/json")), status: 503, headers: map[string]string{"Location": ""}},
		"no Accept":         {request: get("/users/7", nil), status: 503, headers: map[string]string{"Location": ""}},
		"the target":        {request: html("GET", "/down"), status: 200, ran: "down"},
		"the target, asked": {request: html("GET", "/down?from=/"), status: 200, ran: "down"},
		"nearly the target": {request: html("GET", "/downs"), status: 302, headers: map[string]string{"Location": "/down"}},
	}
}

func get(target string, h http.Header) request {
	return request{method: http.MethodGet, target: target, header: h}
}

// header makes a header of names and values, as written: a name may come twice.
func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h[pairs[i]] = append(h[pairs[i]], pairs[i+1])
	}
	return h
}

func preflight() http.Header {
	return header("Origin", "https://shop.test", "Access-Control-Request-Method", "POST")
}
