package adaptertest

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// mutants are the faults that each check must find, and a part of the failure. The adapter that has
// them is in mutant_test.go.
var mutants = map[string]map[string]string{
	"the site without a gate": {
		"the site sets no path values": `parameter (GET /users/7, X-Test-Params: 1): the body lacks id="7"`,
		"the site has no front":        `CORS (GET /, Origin: https://shop.test): header Vary: "", want "Origin"`,
		"the site lacks a route":       `exempt path (GET /healthz): status 404, want 200`,
		"the site stores no user":      `mounted value (GET /admin/whoami, X-Test-Tenant: acme, X-Test-User: root): the body lacks user=true admin=true tenant=acme`,
	},
	"open: serves every request": {
		"refuses while open":        `home (GET /): status 503, want 200`,
		"marks what it serves":      `header Downtime: "up", want ""`,
		"serves only known methods": `body (POST /api/items): status 405, want 200`,
	},
	"closed: refuses with the gate's own answer": {
		"serves while closed":            `text (GET /users/7, Accept: */*): status 200, want 503`,
		"answers by itself":              `header Retry-After: "", want "N"`,
		"answers and serves":             `text (GET /users/7): a handler ran after the answer`,
		"drops headers of others":        `header Access-Control-Allow-Origin: "", want "https://shop.test"`,
		"answers everything as HTML":     `header Content-Type: "text/html; charset=utf-8", want "text/plain; charset=utf-8"`,
		"compresses nothing but says so": `header Content-Encoding: ["gzip"], want [] as by gate.Handler`,
		"exempts by the beginning":       `exempt as a prefix (GET /staticfiles): status 404, want 503`,
	},
	"closed: predicates see the request": {
		"hides native values":             `a superuser passes (GET /cached, X-Test-User: root): status 503, want 200`,
		"hides the values of the request": `a request context value passes (GET /cached, X-Test-Tenant: staff): status 503, want 200`,
		"hides the cancellation":          `a yes for a client that left does not pass (GET /cached, X-Test-Cancel: 1, X-Test-Yes: 1): status 200, want 503`,
		"gives Admit another writer":      `header Cache-Control: "", want "private, no-store"`,
	},
	"closed: believes no header": {
		"believes X-Forwarded-For":    `address 10.0.0.1 in X-Forwarded-For (GET /, X-Forwarded-For: 10.0.0.1): status 200, want 503`,
		"believes X-Original-URL":     `path in X-Original-URL (GET /users/7, X-Original-URL: /healthz): status 200, want 503`,
		"lets internal requests pass": `internal (GET /users/7, X-Debug: 1, X-Internal: true, X-Requested-With: XMLHttpRequest): status 200, want 503`,
	},
	"closed: redirects":                                  {"does not redirect": `a page (GET /users/7, Accept: text/html`},
	"closed: answers with the configured status":         {"always answers 503": `GET (GET /users/1): status 503, want 404`},
	"closed: answers with the configured page":           {"has a page of its own": `the body lacks <h1>Gone fishing</h1>`},
	"closed: refuses before it reads the body":           {"reads the form": `a request with a form (Accept: text/html`},
	"closed: a client that sends first gets the refusal": {"does not read the rest of the body": `5 MB: the server closed the connection while the client was sending`},
	"gives handlers the framework's own writer":          {"wraps the writer": `open, HTTP/1.1: the handler's writer is`},
	"lets handlers flush and take over connections":      {"buffers the response": `a handler that flushes: no answer before it ends`, "cannot hijack": `a handler that hijacks the connection`},
	"closed: refuses a WebSocket before the upgrade":     {"lets upgrades pass": `a WebSocket: status 101, handler "" ran`},
	"counts a request until its handler has ended": {
		"leaves before the handler":  `open: while the handler runs, the gate counts 0 requests, want 1`,
		"never leaves":               `open: the gate still counts 1 requests after they have ended`,
		"does not count what passes": `bypassed: while the handler runs, the gate counts 0 requests, want 1`,
	},
	"counts a request out if its handler panics": {"leaves after the handler": `open: the gate still counts 1 requests`},
	"follows the gate":                           {"keeps the first decision": `after 1 changes of the gate: status 200, want 503`},
	"gives the ticket to the handlers":           {"keeps the ticket": `core.Stream returned`},
	"closed: exempts no other route by a rewritten path": {
		"does not tell the route":   `GET /administrator, rewritten to the exempt path /healthz: handler "administrator" ran`,
		"tells no values":           `GET /users/8, rewritten to the exempt path /users/7: handler "user" ran`,
		"calls every route unknown": `GET /healthz, which is exempt and not rewritten: status 503`,
	},
	"closed: exempts no other path by an unusual spelling": {
		"cleans the path":      `which is not exempt`,
		"decodes the path":     `which leads out of what is exempt`,
		"refuses every escape": `refused, though clients send it to an exempt path`,
		"refuses the exempt":   `no handler ran for any of`,
	},
}

// TestEachCheckFindsItsMutants: a check that passes for a broken adapter proves nothing.
func TestEachCheckFindsItsMutants(t *testing.T) {
	t.Parallel()
	for name, faults := range mutants {
		i := slices.IndexFunc(checks, func(c check) bool { return c.name == name })
		require.GreaterOrEqual(t, i, 0, "no check is called %q", name)
		for fault, want := range faults {
			t.Run(name+": "+fault, func(t *testing.T) {
				t.Parallel()
				got := failures(t, checks[i], mutated(fault))
				require.Contains(t, got, want)
				require.Contains(t, got, checks[i].advice)
			})
		}
	}
}

func TestEachCheckHasAMutant(t *testing.T) {
	t.Parallel()
	names, seen := map[string]bool{}, map[string]bool{}
	for _, c := range checks {
		require.NotEmpty(t, mutants[c.name], "no mutant for %q", c.name)
		require.False(t, names[c.name], "two checks are called %q", c.name)
		names[c.name] = true
		for fault := range mutants[c.name] {
			require.False(t, seen[fault], "two faults are called %q", fault)
			seen[fault] = true
		}
	}
}

// TestTheOriginalPasses: an adapter without a fault passes, and so does net/http.
func TestTheOriginalPasses(t *testing.T) {
	t.Parallel()
	for name, build := range map[string]Build{"echo": mutated(""), "net/http": reference} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			Run(t, build)
			RunPaths(t, build)
		})
	}
}

// failures runs one check and returns the text of its failures; "" if it passes.
func failures(t *testing.T, c check, build Build) string {
	t.Helper()
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.run(advised{TB: r, advice: c.advice, given: &sync.Once{}, wait: 2 * time.Second}, build)
	}()
	<-done
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// recorder notes the failures that a testing.T would report.
type recorder struct {
	testing.TB

	mu   sync.Mutex
	text strings.Builder
}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, _ = fmt.Fprintf(&r.text, format+"\n", args...)
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}
