package adaptertest

import (
	"testing"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/gatetest"
	"github.com/go-downtime/downtime/internal/rawhttp"
)

// rewritingCheck: a framework may choose the route before its middleware runs. If middleware before the gate
// then rewrites the path to an exempt one, the framework calls the handler of the old path.
var rewritingCheck = check{
	"closed: exempts no other route by a rewritten path",
	"The framework chooses the route before the middleware runs. The context for gate.Admit must implement core.Routed. " +
		"Its methods tell the pattern of the chosen route and the values of its parameters.",
	func(t testing.TB, build Build) {
		t.Helper()
		gate := gatetest.NewGate(t, core.Config{Down: true, ExemptExact: []string{"/healthz", "/users/7"}, ExemptPaths: []string{"/static"}})
		address := rawhttp.Serve(t, build(newSite(gate)))
		for _, c := range []struct{ from, to, ran string }{
			{"/", "/healthz", "healthz"},
			{"/administrator", "/healthz", "healthz"},
			{"/users/8", "/healthz", "healthz"},
			{"/users/8", "/users/7", "user"},
			{"/api/items", "/static/a.js", "static"},
			{"/administrator", "/static/a.js", "static"},
			{"/users/8", "/static/a.js", "static"},
		} {
			a := rawhttp.Ask(t, address, rawhttp.Get(c.from, rawhttp.Header("X-Test-Rewrite", c.to, "X-Test-Params", "1")))
			old := c.ran == "user" && a.Body == "user\nid=\"8\"\n" // the right handler, for the path before
			if a.Ran() != "" && a.Ran() != c.ran || old {
				t.Errorf("GET %s, rewritten to the exempt path %s: handler %q ran with %q: want handler %q for the new path, or a refusal",
					c.from, c.to, a.Ran(), a.Body, c.ran)
			}
		}
		for target, ran := range map[string]string{"/healthz": "healthz", "/static/a.js": "static", "/static/css/a.css": "static", "/users/7": "user"} {
			if a := rawhttp.Ask(t, address, rawhttp.Get(target, nil)); a.Ran() != ran {
				t.Errorf("GET %s, which is exempt and not rewritten: status %d, handler %q ran, want %q", target, a.Status, a.Ran(), ran)
			}
		}
	},
}
