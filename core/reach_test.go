package core_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
)

func TestGateReportsExemptionsAndBypassesWhileOpen(t *testing.T) {
	t.Parallel()
	staff := core.Func("staff", func(context.Context, *http.Request) bool { return false })
	g, err := core.New(core.Config{ExemptPaths: []string{"/ops"}, Bypass: []core.Predicate{staff}})
	require.NoError(t, err)
	require.Nil(t, g.Store())

	entry, ok := g.Exempts(&url.URL{Path: "/ops/downtime/"})
	require.True(t, ok)
	require.Equal(t, "/ops", entry)
	_, ok = g.Exempts(&url.URL{Path: "/opsx"})
	require.False(t, ok)
	_, ok = g.Exempts(nil)
	require.False(t, ok)

	require.True(t, g.Bypasses(staff))
	require.False(t, g.Bypasses(core.Func("others", func(context.Context, *http.Request) bool { return true })))
	require.False(t, g.Bypasses(core.Predicate{}))
}

func TestGateHandsOutItsStore(t *testing.T) {
	t.Parallel()
	st := newFaulty()
	g, err := core.New(core.Config{Store: st})
	require.NoError(t, err)
	require.Same(t, st, g.Store())
}

func TestPredicateIsAskedWithoutAGate(t *testing.T) {
	t.Parallel()
	yes := core.Func("yes", func(context.Context, *http.Request) bool { return true })
	for name, tc := range map[string]struct {
		p    core.Predicate
		done bool
		want bool
	}{
		"one that says yes allows":               {yes, false, true},
		"one that says no does not":              {core.Func("no", func(context.Context, *http.Request) bool { return false }), false, false},
		"one that panics does not":               {core.Func("panics", func(context.Context, *http.Request) bool { panic("broken") }), false, false},
		"one whose context is done does not":     {yes, true, false},
		"one that was made wrongly does not":     {core.Func("", func(context.Context, *http.Request) bool { return true }), false, false},
		"the zero predicate does not":            {core.Predicate{}, false, false},
		"one without a function does not either": {core.Func("nil", nil), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if tc.done {
				cancel()
			}
			require.Equal(t, tc.want, tc.p.Allows(ctx, httptest.NewRequest(http.MethodGet, "/", http.NoBody)))
		})
	}
}

func TestPredicateSaysWhatIsWrongWithIt(t *testing.T) {
	t.Parallel()
	require.NoError(t, core.Func("fine", func(context.Context, *http.Request) bool { return false }).Validate())
	require.EqualError(t, core.Predicate{}.Validate(), "Predicate: is the zero Predicate; make one with Func, ContextValue, APIKeyHeader, …")
	var f *core.FieldError
	require.ErrorAs(t, core.Func("no function", nil).Validate(), &f)
	require.Equal(t, "Predicate.Func", f.Field)
}
