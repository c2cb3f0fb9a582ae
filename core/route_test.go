package core_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
)

// chosen is the context of an adapter.
type chosen struct {
	context.Context //nolint:containedctx // it is one
	pattern         string
	params          map[string]string
	unknown         bool
}

func (c chosen) Route() (pattern string, known bool) { return c.pattern, !c.unknown }

func (c chosen) Param(name string) (value string, found bool) {
	value, found = c.params[name]
	return value, found
}

func TestAnExemptPathIsServedByItsOwnRoute(t *testing.T) {
	t.Parallel()
	gate, _ := newGate(t, core.Config{
		Down:        true,
		ExemptExact: []string{"/", "/healthz", "/a:b", "/acme/x/y", "/exact/"},
		ExemptPaths: []string{"/static", "/assets/", "/b:c"},
	})
	for name, tc := range map[string]struct {
		path    string
		pattern string
		params  map[string]string
		unknown bool
		want    core.Outcome
	}{
		"no route":                                  {path: "/healthz", want: core.Exempt},
		"no route, and not exempt":                  {path: "/other", want: core.Blocked},
		"the route itself":                          {path: "/healthz", pattern: "/healthz", want: core.Exempt},
		"the front page":                            {path: "/", pattern: "/", want: core.Exempt},
		"the front page under another path":         {path: "/healthz", pattern: "/", want: core.Blocked},
		"another route under the front page":        {path: "/", pattern: "/admin", want: core.Blocked},
		"half a segment":                            {path: "/static/x", pattern: "/statics", want: core.Blocked},
		"a route below an exact entry":              {path: "/healthz", pattern: "/healthz/deep", want: core.Blocked},
		"a route below a tree":                      {path: "/static/x", pattern: "/static/y", want: core.Exempt},
		"a route below a tree, under its root":      {path: "/static", pattern: "/static/y", want: core.Blocked},
		"a route below a tree with a slash":         {path: "/assets", pattern: "/assets/x", want: core.Exempt},
		"the root of a tree":                        {path: "/static/x", pattern: "/static", want: core.Exempt},
		"an exact entry with a slash":               {path: "/exact/", pattern: "/exact", want: core.Blocked},
		"a parameter":                               {path: "/healthz", pattern: "/:page", params: map[string]string{":page": "healthz"}, want: core.Exempt},
		"another value":                             {path: "/healthz", pattern: "/:page", params: map[string]string{":page": "admin"}, want: core.Blocked},
		"the start of a value":                      {path: "/healthz", pattern: "/:page", params: map[string]string{":page": "health"}, want: core.Blocked},
		"an empty value":                            {path: "/healthz", pattern: "/:page", params: map[string]string{":page": ""}, want: core.Blocked},
		"more than the value":                       {path: "/healthz", pattern: "/:page/x", params: map[string]string{":page": "healthz"}, want: core.Blocked},
		"two parameters":                            {path: "/acme/x/y", pattern: "/:a/x/:b", params: map[string]string{":a": "acme", ":b": "y"}, want: core.Exempt},
		"two parameters the other way round":        {path: "/acme/x/y", pattern: "/:a/x/:b", params: map[string]string{":a": "y", ":b": "acme"}, want: core.Blocked},
		"a value with slashes":                      {path: "/acme/x/y", pattern: "/:a", params: map[string]string{":a": "acme/x/y"}, want: core.Exempt},
		"a rest that is what the router read":       {path: "/acme/x/y", pattern: "/acme/*rest", params: map[string]string{"*rest": "/x/y"}, want: core.Exempt},
		"a rest without its slash":                  {path: "/acme/x/y", pattern: "/acme/*", params: map[string]string{"*": "x/y"}, want: core.Exempt},
		"another rest":                              {path: "/acme/x/y", pattern: "/acme/*", params: map[string]string{"*": "x/z"}, want: core.Blocked},
		"any rest":                                  {path: "/acme/x/y", pattern: "/acme/*", want: core.Exempt},
		"any rest of another literal":               {path: "/acme/x/y", pattern: "/other/*", want: core.Blocked},
		"any rest of half a segment":                {path: "/static/x", pattern: "/sta*", want: core.Exempt},
		"a colon that is no parameter":              {path: "/a:b", pattern: "/a:b", want: core.Exempt},
		"a parameter that looks like an exact one":  {path: "/a:b", pattern: "/a:b", params: map[string]string{":b": "x"}, want: core.Blocked},
		"a parameter that looks like a tree":        {path: "/b:c/x", pattern: "/b:c/:x", params: map[string]string{":c": "d", ":x": "x"}, want: core.Blocked},
		"a parameter whose value is that tree":      {path: "/b:c/x", pattern: "/:b/:x", params: map[string]string{":b": "b:c", ":x": "x"}, want: core.Exempt},
		"the raw path":                              {path: "/static/a%2Fb", pattern: "/:a/:b", params: map[string]string{":a": "static", ":b": "a%2Fb"}, want: core.Exempt},
		"handlers of another route":                 {path: "/healthz", pattern: "/healthz", unknown: true, want: core.Blocked},
		"handlers of another route below the entry": {path: "/static/x", pattern: "/static/x", unknown: true, want: core.Blocked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, tc.path, http.NoBody)
			ctx := chosen{r.Context(), tc.pattern, tc.params, tc.unknown}
			require.Equal(t, tc.want, gate.Decide(ctx, r).Outcome)
		})
	}
}

func TestAPathThatWasRewrittenAfterRoutingIsRefusedLikeAnyOther(t *testing.T) {
	t.Parallel()
	var hooked []core.Decision
	gate, book := newGate(t, core.Config{
		Down:        true,
		ExemptExact: []string{"/healthz"},
		Bypass:      []core.Predicate{core.Func("staff", func(_ context.Context, r *http.Request) bool { return r.Header.Get("Staff") == "yes" })},
		OnDecision:  func(_ context.Context, _ *http.Request, d core.Decision) { hooked = append(hooked, d) },
	})
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/healthz", http.NoBody)
	for range 2 {
		_, d := gate.Admit(func() context.Context { return chosen{Context: r.Context(), pattern: "/admin"} }, httptest.NewRecorder(), r)
		require.False(t, d.Passes())
		require.Empty(t, d.Rule)
	}
	require.Len(t, hooked, 2)
	require.Equal(t, core.Blocked, hooked[0].Outcome)
	const message = "an exempt path was rewritten after routing, and is refused"
	logged := slices.DeleteFunc(book.messages(), func(m string) bool { return m != message })
	require.Len(t, logged, 1)
	require.Equal(t, "/healthz", book.attr(message, "exempt"))

	r.Header.Set("Staff", "yes")
	ticket, d := gate.Admit(func() context.Context { return chosen{Context: r.Context(), pattern: "/admin"} }, httptest.NewRecorder(), r)
	defer ticket.Leave()
	require.Equal(t, core.Bypassed, d.Outcome)
}
