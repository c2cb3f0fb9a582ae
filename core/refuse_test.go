package core

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBlockedError(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		err  BlockedError
		want string
	}{
		"planned":           {BlockedError{Decision{Outcome: Blocked, Closure: &Closure{Cause: CausePeriod}}, 503}, "down for now (planned), status 503"},
		"emergency":         {BlockedError{Decision{Outcome: Blocked, Closure: &Closure{Cause: CausePeriod, Emergency: true}}, 521}, "down for now (emergency), status 521"},
		"starting":          {BlockedError{Decision{Outcome: Blocked, Closure: &Closure{Cause: CauseStarting}}, 503}, "down for now (starting), status 503"},
		"made without more": {BlockedError{Status: 503}, "down for now (emergency), status 503"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.EqualError(t, &tc.err, tc.want)
			found, ok := errors.AsType[*BlockedError](fmt.Errorf("handler: %w", &tc.err))
			require.True(t, ok)
			require.Equal(t, tc.err.Status, found.StatusCode())
		})
	}
}

func TestPrepare(t *testing.T) {
	t.Parallel()
	gate, err := New(Config{Down: true, StatusCode: 521})
	require.NoError(t, err)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	d := gate.Decide(t.Context(), r)
	for name, d := range map[string]Decision{
		"a decision of the gate":   d,
		"one that the caller made": {Outcome: Blocked, Closure: &Closure{Cause: CauseOverride, Emergency: true}},
		"the zero Decision":        {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.False(t, d.Passes())
			w := httptest.NewRecorder()
			h := w.Header()
			maps.Copy(h, http.Header{"Vary": {"Origin"}, "Etag": {`"1"`}, "Last-Modified": {"yesterday"}, "X-Request-Id": {"7"}})
			status, answered := gate.Prepare(w, r, d)
			require.Equal(t, 521, status)
			require.False(t, answered)
			require.Equal(t, []string{"no-store"}, h["Cache-Control"])
			require.Equal(t, []string{"down;kind=" + cmp.Or(d.Closure, unknownClosure).Kind()}, h["Downtime"])
			require.Equal(t, []string{"Origin", "Accept, Accept-Language"}, h["Vary"])
			require.Equal(t, []string{"7"}, h["X-Request-Id"])
			require.NotEmpty(t, h.Get("Retry-After"))
			require.NotContains(t, h, "Etag")
			require.NotContains(t, h, "Last-Modified")
			require.NotContains(t, h, "Content-Type", "the body is not ours")
		})
	}
}

func TestOrClosed(t *testing.T) {
	t.Setenv("DOWNTIME", "up") // must not open the gate that OrClosed makes for nil
	var none *Gate
	closed := none.OrClosed()
	require.False(t, closed.Status().Open)
	_, ok := closed.Enter(nil)
	require.False(t, ok)
	w := httptest.NewRecorder()
	none.Handler(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/healthz", http.NoBody))
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.NoError(t, closed.Shutdown(t.Context()))

	gate, err := New(Config{})
	require.NoError(t, err)
	require.Same(t, gate, gate.OrClosed())
}
