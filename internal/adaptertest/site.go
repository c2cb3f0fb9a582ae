package adaptertest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/go-downtime/downtime/core"
)

// Build makes the site in some framework: its fronts, then the gate, then the routes.
type Build func(site *Site) http.Handler

// Site is the site that a [Build] builds.
type Site struct {
	// Gate is nil for the bare site, which has none.
	Gate *core.Gate
	// Routes are registered one by one; those with a Group in a group or sub-router of
	// that prefix. Path parameters are written as net/http does: {id}, {rest...}.
	Routes []Route
	// Mount is a net/http handler for all paths below /admin, to be mounted by the means of
	// the framework.
	Mount http.Handler

	entered, release chan struct{} // of GET /wait
}

// Route is one handler. Pattern is below Group.
type Route struct {
	Method, Group, Pattern string
	Handler                http.HandlerFunc
}

// Path is the whole pattern with param(name) in place of each {name}, and rest(name) in
// place of {name...}.
func (r Route) Path(param, rest func(name string) string) string {
	return r.Group + r.Below(param, rest)
}

// Below is Path without the group.
func (r Route) Below(param, rest func(name string) string) string {
	segments := strings.Split(r.Pattern, "/")
	for i, s := range segments {
		name, ok := strings.CutPrefix(s, "{")
		if !ok {
			continue
		}
		name = strings.TrimSuffix(name, "}")
		if name, ok = strings.CutSuffix(name, "..."); ok {
			segments[i] = rest(name)
		} else {
			segments[i] = param(name)
		}
	}
	return strings.Join(segments, "/")
}

// User is the value that the site's authentication stores under the key "user".
type User struct{ Admin bool }

// UserOf is the authentication: the value to store under "user". ok is false if there is none.
func UserOf(r *http.Request) (user any, ok bool) {
	switch r.Header.Get("X-Test-User") {
	case "root":
		return &User{Admin: true}, true
	case "guest":
		return &User{}, true
	case "nil":
		return (*User)(nil), true
	case "other-type":
		return "root", true
	}
	return nil, false
}

type tenantKey struct{}

// Prepare stands for net/http middleware in front of the gate that replaces the request:
// it stores a value in the request's context, and may end that context.
func Prepare(r *http.Request) *http.Request {
	ctx := context.WithValue(r.Context(), tenantKey{}, r.Header.Get("X-Test-Tenant"))
	if r.Header.Get("X-Test-Cancel") != "" {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		cancel()
	}
	return r.WithContext(ctx)
}

// CORS stands for a CORS middleware in front of the gate; true means that it answered.
func CORS(w http.ResponseWriter, r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	w.Header().Add("Vary", "Origin")
	w.Header().Set("Access-Control-Allow-Origin", origin)
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
	w.WriteHeader(http.StatusNoContent)
	return true
}

// Front is CORS, Prepare and the authentication as net/http middleware, for builds that
// wrap the gate around a finished router.
func Front(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if CORS(w, r) {
			return
		}
		r = Prepare(r)
		if user, ok := UserOf(r); ok {
			//nolint:revive,staticcheck // the key that gin and echo handlers use too
			r = r.WithContext(context.WithValue(r.Context(), "user", user))
		}
		next.ServeHTTP(w, r)
	})
}

// newSite has every kind of route that the table asks for.
func newSite(gate *core.Gate) *Site {
	s := &Site{Gate: gate, entered: make(chan struct{}), release: make(chan struct{})}
	mark := func(name string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Ran", name)
			_, _ = fmt.Fprintln(w, name)
		}
	}
	add := func(method, group, pattern string, h http.HandlerFunc) {
		s.Routes = append(s.Routes, Route{Method: method, Group: group, Pattern: pattern, Handler: h})
	}
	add("GET", "", "/", mark("home"))
	add("GET", "", "/healthz", mark("healthz"))
	add("GET", "", "/down", mark("down"))
	add("GET", "", "/administrator", mark("administrator"))
	add("GET", "", "/static/{file...}", mark("static"))
	add("GET", "", "/users/{id}", mark("user"))
	add("GET", "/api", "/items", mark("items"))
	add("POST", "/api", "/items", s.echoBody)
	add("DELETE", "/api", "/items/{id}", mark("delete"))
	add("GET", "/api", "/public/list", mark("public"))
	add("GET", "", "/panic", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	add("GET", "", "/wait", s.wait)
	add("GET", "", "/cached", cached)
	add("GET", "", "/writer", describeWriter)
	add("GET", "", "/flush", s.flush)
	add("GET", "", "/hijack", hijack("taken over\n"))
	add("GET", "", "/ws", hijack("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"))

	admin := http.NewServeMux()
	admin.HandleFunc("GET /admin/{$}", mark("admin"))
	admin.HandleFunc("GET /admin/whoami", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Ran", "whoami")
		user, ok := core.Value[*User](r.Context(), "user")
		tenant, _ := core.Value[string](r.Context(), tenantKey{})
		_, _ = fmt.Fprintf(w, "user=%t admin=%t tenant=%s", ok, ok && user.Admin, tenant)
	})
	s.Mount = admin
	return s
}

func (s *Site) echoBody(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("X-Ran", "create")
	_, _ = w.Write(body)
}

func (s *Site) wait(w http.ResponseWriter, _ *http.Request) {
	s.entered <- struct{}{}
	<-s.release
	w.Header().Set("X-Ran", "wait")
}

// cached sets no Cache-Control, so that the adapter's own header stays.
func cached(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("X-Ran", "cached")
	_, _ = io.WriteString(w, "cached")
}
