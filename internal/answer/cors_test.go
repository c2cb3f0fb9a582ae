package answer

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCORS(t *testing.T) {
	t.Parallel()
	const app, other = "https://app.test", "https://other.test"
	named := Options{CORSOrigins: []string{app, "http://localhost:3000"}, CORSCredentials: true}
	preflight := http.Header{"Access-Control-Request-Method": {"PUT"}, "Access-Control-Request-Headers": {"x-a,x-b"}}
	for name, tc := range map[string]struct {
		options Options
		method  string
		origin  string
		request http.Header
		outer   http.Header
		status  int
		allow   string // origin
		expose  []string
		more    http.Header
	}{
		"no option": {Options{}, "GET", app, nil, nil, 503, "", nil, nil},
		"no origin": {named, "GET", "", nil, nil, 503, "", nil, nil},
		"a named origin": {named, "GET", app, nil, nil, 503, app, exposedHeaders, http.Header{
			"Access-Control-Allow-Credentials": {"true"}, "Vary": {"Accept, Accept-Language", "Origin"},
		}},
		"another origin": {named, "GET", other, nil, nil, 503, "", nil, nil},
		"any origin":     {Options{CORSOrigins: []string{"*"}}, "GET", other, nil, nil, 503, "*", exposedHeaders, nil},
		"an opaque one":  {named, "GET", "null", nil, nil, 503, "", nil, nil},
		"plain OPTIONS":  {named, "OPTIONS", app, nil, nil, 503, app, exposedHeaders, nil},
		"a preflight": {named, "OPTIONS", app, preflight, nil, 204, app, exposedHeaders, http.Header{
			"Access-Control-Allow-Methods": {"PUT"}, "Access-Control-Allow-Headers": {"x-a,x-b"}, "Access-Control-Max-Age": {"0"},
			"Cache-Control": {"no-store"}, "Downtime": {"down;kind=planned"},
		}},
		"a preflight of another origin": {named, "OPTIONS", other, preflight, nil, 503, "", nil, nil},
		"a preflight without option":    {Options{}, "OPTIONS", app, preflight, nil, 503, "", nil, nil},
		"an outer middleware decides": {
			named, "GET", other, nil,
			http.Header{"Access-Control-Allow-Origin": {other}, "Access-Control-Expose-Headers": {"X-Total"}},
			503, other,
			[]string{"X-Total", exposedHeaders[0]},
			nil,
		},
		"an outer middleware passes a preflight on": {
			Options{},
			"OPTIONS", other, preflight,
			http.Header{"Access-Control-Allow-Origin": {other}, "Access-Control-Allow-Methods": {"GET"}},
			204, other, exposedHeaders,
			http.Header{"Access-Control-Allow-Methods": {"GET"}, "Access-Control-Allow-Headers": nil, "Access-Control-Max-Age": nil},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := New(tc.options)
			require.NoError(t, err)
			a := s.Prepare(Facts{Kind: "planned"}, time.Now(), nil)
			r := httptest.NewRequestWithContext(t.Context(), tc.method, "/", http.NoBody)
			maps.Copy(r.Header, tc.request)
			if tc.origin != "" {
				r.Header.Set("Origin", tc.origin)
			}
			w := httptest.NewRecorder()
			maps.Copy(w.Header(), tc.outer)
			a.Write(w, r)
			require.Equal(t, tc.status, w.Code)
			require.Equal(t, tc.allow, w.Header().Get("Access-Control-Allow-Origin"))
			require.Equal(t, tc.expose, w.Header()["Access-Control-Expose-Headers"])
			for key, values := range tc.more {
				require.Equal(t, values, w.Header()[key], key)
			}
			if tc.status == http.StatusNoContent {
				require.Empty(t, w.Body.Bytes())
				require.NotContains(t, w.Header(), "Retry-After")
				require.NotContains(t, w.Header(), "Content-Length")
			}

			w = httptest.NewRecorder() // with a responder of the application
			maps.Copy(w.Header(), tc.outer)
			status, answered := a.Announce(w, r)
			require.Equal(t, tc.status, status)
			require.Equal(t, tc.status == http.StatusNoContent, answered)
			require.Equal(t, tc.allow, w.Header().Get("Access-Control-Allow-Origin"))
		})
	}
}

func TestCORSOptions(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		options Options
		fault   string
	}{
		"a path":                  {Options{CORSOrigins: []string{"https://a.test/"}}, `CORSOrigins[0]: "https://a.test/"`},
		"a host":                  {Options{CORSOrigins: []string{"https://a.test", "a.test"}}, `CORSOrigins[1]: "a.test"`},
		"capitals":                {Options{CORSOrigins: []string{"https://A.test"}}, "CORSOrigins[0]"},
		"a user":                  {Options{CORSOrigins: []string{"https://u@a.test"}}, "CORSOrigins[0]"},
		"an opaque origin":        {Options{CORSOrigins: []string{"null"}}, "CORSOrigins[0]"},
		"nothing":                 {Options{CORSOrigins: []string{""}}, "CORSOrigins[0]"},
		"credentials for any":     {Options{CORSOrigins: []string{"*"}, CORSCredentials: true}, "CORSCredentials"},
		"credentials for no site": {Options{CORSCredentials: true}, "CORSCredentials"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := New(tc.options)
			require.ErrorContains(t, err, tc.fault)
		})
	}
}
