package adaptertest

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"

	"github.com/go-downtime/downtime/core"
)

// Build makes the site in a framework: the front, then the gate, then the routes. The front calls
// [Before]. Each call makes a new site. The suite calls it concurrently.
type Build func(site *Site) http.Handler

// Site is the site that a [Build] builds. Its values belong to the suite; a Build must not change them.
type Site struct {
	// Gate is the gate, for the adapter's middleware. It is nil for the site without a gate, to which the
	// suite compares: build it without the middleware.
	Gate *core.Gate
	// Routes are registered one by one; those with a Group in a group or sub-router of that prefix.
	Routes []Route
	// Mount is a net/http handler for all methods and paths below /admin/. Mount it as an
	// application mounts the operator's page: by the adapter's own function, if it has one. It
	// receives the whole path.
	Mount http.Handler

	entered, release chan struct{} // of GET /wait
	calls            atomic.Int64  // of all handlers
}

// Route is one handler. Handler reads path parameters by the PathValue of its request. If the framework
// does not set them, the Build sets them by SetPathValue before it calls Handler.
type Route struct {
	// Method is the only method of the route.
	Method string
	// Group is the prefix of the group, such as "/api", or "".
	Group string
	// Pattern is the path below Group. Parameters are written as net/http writes them: {id} is one segment,
	// and {rest...} is the rest of the path.
	Pattern string
	Handler http.HandlerFunc
}

// Path is the whole pattern in the framework's syntax: param with the name in place of %s for each
// {name}, and rest for {name...}. For gin, say route.Path(":%s", "*%s").
func (r Route) Path(param, rest string) string { return r.Group + r.Below(param, rest) }

// Below is [Route.Path] without the group.
func (r Route) Below(param, rest string) string {
	return parameter.ReplaceAllStringFunc(r.Pattern, func(s string) string {
		name, isRest := strings.CutSuffix(strings.Trim(s, "{}"), "...")
		if isRest {
			return strings.ReplaceAll(rest, "%s", name)
		}
		return strings.ReplaceAll(param, "%s", name)
	})
}

var parameter = regexp.MustCompile(`\{[^}]*\}`)

// Before is the front of the site: CORS, a net/http middleware that replaces the request, and the
// authentication. If answered is true, it has answered: nothing else may run. Otherwise the gate and
// the handlers get next. If user is not nil, the front stores it under the key "user", in the way in which
// handlers of the framework store values.
func Before(w http.ResponseWriter, r *http.Request) (next *http.Request, user any, answered bool) {
	if cors(w, r) {
		return r, nil, true
	}
	return replaced(r), signedIn(r), false
}

// Front is the front as net/http middleware, for a framework whose middleware has this form, and
// for a gate around a finished router. It stores the user in the request's context.
func Front(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r, user, answered := Before(w, r)
		if answered {
			return
		}
		if user != nil {
			//nolint:revive,staticcheck // the key that handlers of gin and echo use too
			r = r.WithContext(context.WithValue(r.Context(), "user", user))
		}
		next.ServeHTTP(w, r)
	})
}

// reference is the site in plain net/http.
func reference(site *Site) http.Handler {
	mux := http.NewServeMux()
	for _, r := range site.Routes {
		pattern := r.Path("{%s}", "{%s...}")
		if pattern == "/" {
			pattern = "/{$}"
		}
		mux.HandleFunc(r.Method+" "+pattern, r.Handler)
	}
	mux.Handle("/admin/", site.Mount)
	if site.Gate == nil {
		return Front(mux)
	}
	return Front(site.Gate.Handler(mux))
}
