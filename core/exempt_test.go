package core_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
)

func TestExemptHealthChecks(t *testing.T) {
	t.Parallel()
	gate, err := core.New(core.Config{Down: true, ExemptExact: core.ExemptHealthChecks()})
	require.NoError(t, err)
	for _, path := range core.ExemptHealthChecks() {
		for target, want := range map[string]core.Outcome{path: core.Exempt, path + "/x": core.Blocked} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, http.NoBody)
			require.Equal(t, want, gate.Decide(r.Context(), r).Outcome, target)
		}
	}
	core.ExemptHealthChecks()[0] = "/changed"
	require.Equal(t, "/healthz", core.ExemptHealthChecks()[0], "each call returns a new slice")
}
