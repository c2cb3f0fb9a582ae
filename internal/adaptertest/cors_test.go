package adaptertest

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/gatetest"
	"github.com/go-downtime/downtime/internal/rawhttp"
)

// The gate answers preflights of named origins in each framework, also if a responder writes the
// refusals.
func TestPreflightsOfNamedOrigins(t *testing.T) {
	t.Parallel()
	const origin = "https://app.test"
	gate := gatetest.NewGate(t, core.Config{Down: true, CORSOrigins: []string{origin}})
	for name, site := range downSites(gate) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := "http://" + rawhttp.Serve(t, site)
			send := func(method string, header http.Header) *http.Response {
				r, err := http.NewRequestWithContext(t.Context(), method, address+"/orders", http.NoBody)
				require.NoError(t, err)
				r.Header = header
				res, err := http.DefaultClient.Do(r)
				require.NoError(t, err)
				require.NoError(t, res.Body.Close())
				require.Equal(t, []string{"down;kind=planned"}, res.Header["Downtime"])
				return res
			}
			res := send(http.MethodOptions, http.Header{"Origin": {origin}, "Access-Control-Request-Method": {"PUT"}})
			require.Equal(t, http.StatusNoContent, res.StatusCode)
			require.Equal(t, []string{origin}, res.Header["Access-Control-Allow-Origin"])
			require.Equal(t, []string{"PUT"}, res.Header["Access-Control-Allow-Methods"])
			require.Empty(t, res.Header["Content-Type"])

			res = send(http.MethodPut, http.Header{"Origin": {origin}})
			require.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
			require.Equal(t, []string{origin}, res.Header["Access-Control-Allow-Origin"])
			require.Equal(t, []string{"Retry-After, Downtime"}, res.Header["Access-Control-Expose-Headers"])

			res = send(http.MethodOptions, http.Header{"Origin": {"https://other.test"}, "Access-Control-Request-Method": {"PUT"}})
			require.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
			require.Empty(t, res.Header["Access-Control-Allow-Origin"])
		})
	}
}
