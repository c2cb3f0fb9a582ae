package core_test

import (
	"context"
	"html/template"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

func TestAGateWithoutAnExemptProbeSaysSo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cfg  core.Config
		note bool
	}{
		"no exempt path":             {core.Config{Store: memstore.New()}, true},
		"an override file":           {core.Config{OverrideFile: "absent"}, true},
		"other exempt paths":         {core.Config{Store: memstore.New(), ExemptPaths: []string{"/static/delivery", "/upload"}}, true},
		"a gate that closes by none": {core.Config{}, false},
		"the usual paths":            {core.Config{Store: memstore.New(), ExemptExact: core.ExemptHealthChecks()}, false},
		"a path with a probe below":  {core.Config{Store: memstore.New(), ExemptPaths: []string{"/actuator/Health"}}, false},
		"a dot or a line before it":  {core.Config{Store: memstore.New(), ExemptExact: []string{"/_health"}}, false},
		"the short one":              {core.Config{Store: memstore.New(), ExemptExact: []string{"/up"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			c.cfg.Logger = slog.New(slog.NewTextHandler(&out, nil))
			gate, err := core.New(c.cfg)
			require.NoError(t, err)
			require.NoError(t, gate.Shutdown(t.Context()))
			require.Equal(t, c.note, strings.Contains(out.String(), `level=INFO msg="downtime: `+probeNote+`"`), out.String())
		})
	}
}

func TestAValueOfAnotherTypeIsNamed(t *testing.T) {
	t.Parallel()
	const warning = "predicate found a value of another type, which does not bypass"
	type user struct{ admin bool }
	type key struct{}
	admin := func(u user) bool { return u.admin }
	for name, tc := range map[string]struct {
		value any
		found string
	}{
		"no value":           {nil, ""},
		"the type":           {user{}, ""},
		"a pointer":          {&user{admin: true}, "*core_test.user"},
		"a number":           {1, "int"},
		"a nil of some type": {(*user)(nil), "*core_test.user"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gate, book := newGate(t, core.Config{Down: true, Bypass: []core.Predicate{
				core.Any("group", core.ContextValue("staff", key{}, admin)),
			}})
			r := httptest.NewRequestWithContext(context.WithValue(t.Context(), key{}, tc.value), http.MethodGet, "/", http.NoBody)
			require.Equal(t, core.Blocked, gate.Decide(r.Context(), r).Outcome)
			require.Equal(t, tc.found, book.attr(warning, "found"))
			if tc.found == "" {
				return
			}
			require.Equal(t, "core_test.user", book.attr(warning, "want"))
			require.Equal(t, "staff", book.attr(warning, "predicate"))
			lines := len(book.messages())
			require.Equal(t, core.Blocked, gate.Decide(r.Context(), r).Outcome)
			require.Len(t, book.messages(), lines, "once")
		})
	}
	t.Run("a nil of the type is no other type", func(t *testing.T) {
		t.Parallel()
		gate, book := newGate(t, core.Config{Down: true, Bypass: []core.Predicate{
			core.ContextValue("staff", key{}, func(u *user) bool { return u.admin }),
		}})
		r := httptest.NewRequestWithContext(context.WithValue(t.Context(), key{}, (*user)(nil)), http.MethodGet, "/", http.NoBody)
		require.Equal(t, core.Blocked, gate.Decide(r.Context(), r).Outcome)
		require.NotContains(t, book.messages(), warning)
	})
}

type frameworkKey struct{}

func (frameworkKey) Framework() string { return "fiber" }

func TestAPredicateOfAFrameworkUnderHandlerIsNamed(t *testing.T) {
	t.Parallel()
	const warning = "predicate lets no request pass under Gate.Handler, which runs before the framework"
	own := core.ContextValue("superuser", frameworkKey{}, func(bool) bool { return true })
	gate, book := newGate(t, core.Config{Bypass: []core.Predicate{core.All("group", own)}})
	require.NotContains(t, book.messages(), warning)
	gate.Handler(http.NotFoundHandler())
	require.Equal(t, "superuser", book.attr(warning, "predicate"))
	require.Equal(t, "fiber", book.attr(warning, "framework"))
	gate, book = newGate(t, core.Config{Bypass: []core.Predicate{core.ContextValue("staff", "user", func(bool) bool { return true })}})
	gate.Handler(http.NotFoundHandler())
	require.NotContains(t, book.messages(), warning)
}

func TestFilesOfAnOwnPageThatAreRefusedAreNamed(t *testing.T) {
	t.Parallel()
	const warning = "own page loads files that the gate refuses while down"
	page := template.Must(template.New("").Parse(`<link rel="stylesheet" href="/static/site.css"><img src="/logo.png">`))
	_, book := newGate(t, core.Config{PageTemplate: page, ExemptPaths: []string{"/static"}})
	require.Equal(t, "[/logo.png]", book.attr(warning, "files"))
	_, book = newGate(t, core.Config{PageTemplate: page, ExemptPaths: []string{"/static"}, ExemptExact: []string{"/logo.png"}})
	require.NotContains(t, book.messages(), warning)
}

// uncomparable is a store whose values cannot be compared.
type uncomparable struct {
	store.Store
	_ []int
}

func TestASecondGateWithOtherExemptPathsIsNamed(t *testing.T) {
	t.Parallel()
	const warning = "two gates of this process use the same store and exempt different paths"
	shared := memstore.New()
	first := core.Config{Store: shared, ExemptPaths: []string{"/static"}}
	second := core.Config{Store: shared, ExemptPaths: []string{"/static", "/ops/downtime"}, ExemptExact: []string{"/healthz"}}
	gate, book := newGate(t, first)
	require.NotContains(t, book.messages(), warning)
	_, book = newGate(t, first)
	require.NotContains(t, book.messages(), warning, "the same paths, as in a simulated fleet")
	_, book = newGate(t, core.Config{Store: memstore.New(), ExemptPaths: []string{"/other"}})
	require.NotContains(t, book.messages(), warning, "another store")
	_, book = newGate(t, second)
	require.Equal(t, "[/healthz /ops/downtime]", book.attr(warning, "exempt_in_one_only"))
	runtime.KeepAlive(gate)

	for range 2 {
		_, book = newGate(t, core.Config{Store: uncomparable{Store: shared}, ExemptPaths: []string{"/x"}})
		require.NotContains(t, book.messages(), warning)
	}
}

func TestAGateThatWasShutDownIsNoSecondGate(t *testing.T) {
	t.Parallel()
	shared := memstore.New()
	gate, _ := newGate(t, core.Config{Store: shared})
	require.NoError(t, gate.Shutdown(t.Context()))
	_, book := newGate(t, core.Config{Store: shared, ExemptPaths: []string{"/x"}})
	require.Empty(t, book.attr("two gates of this process use the same store and exempt different paths", "exempt_in_one_only"))
	runtime.KeepAlive(gate)
}
