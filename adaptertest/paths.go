package adaptertest

import (
	"net/http"
	"slices"
	"testing"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/gatetest"
	"github.com/go-downtime/downtime/internal/pathtest"
	"github.com/go-downtime/downtime/internal/rawhttp"
)

// pathCheck sends thousands of unusual targets. A handler may run only for a path that is exempt as
// the router reads it, and as any backend behind the handler could read it. Usual requests for exempt
// paths must pass.
var pathCheck = check{
	"closed: exempts no other path by an unusual spelling",
	"Give gate.Enter and gate.Admit the request as the server made it, before code that cleans or decodes its path. If the adapter does so, " +
		"the router reads paths in a way that the rule for exempt paths does not know: please report it.",
	func(t testing.TB, build Build) {
		t.Helper()
		gate := gatetest.NewGate(t, core.Config{Down: true, ExemptExact: pathtest.Exact, ExemptPaths: pathtest.Trees})
		probes := pathtest.Corpus(t)
		served := 0
		pathtest.Sweep(t, rawhttp.Serve(t, build(pathSite(gate))), probes, func(p pathtest.Probe, a pathtest.Reply) {
			if fault := pathtest.Misjudged(p, a, nil); fault != "" {
				t.Errorf("%s: %s", p, fault)
			}
			if a.Refused && p.Method == http.MethodGet && slices.Contains(pathtest.Usable, p.Target) {
				t.Errorf("%s: refused, though clients send it to an exempt path", p)
			}
			if a.Ran != "" {
				served++
			}
		})
		if served == 0 {
			t.Errorf("no handler ran for any of %d targets, of which %d are exempt", len(probes), len(pathtest.Usable))
		}
	},
}

// pathSite has handlers that tell the path as the router has read it.
func pathSite(gate *core.Gate) *Site {
	s := newSite(gate)
	s.Routes = nil
	for _, r := range []struct{ name, prefix, end string }{
		{"home", "/", ""},
		{"healthz", "/healthz", ""},
		{"admin", "/admin", ""},
		{"administrator", "/administrator", ""},
		{"page", "/", "{x}"},
		{"secret", "/secret/", "{x}"},
		{"docs", "/docs/", "{x}"},
		{"static", "/static/", "{x...}"},
		{"open", "/docs/open/", "{x...}"},
		{"café", "/café/", "{x...}"},
	} {
		s.Routes = append(s.Routes, Route{Method: http.MethodGet, Pattern: r.prefix + r.end, Handler: func(w http.ResponseWriter, q *http.Request) {
			reading := r.prefix
			if r.end != "" {
				reading += param(q, "x")
			}
			pathtest.MarkRan(w.Header(), r.name, reading)
		}})
	}
	s.Mount = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { pathtest.MarkRan(w.Header(), "mount", q.URL.Path) })
	return s
}
