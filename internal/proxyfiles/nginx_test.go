package proxyfiles

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/answer"
	"github.com/go-downtime/downtime/internal/testservers"
)

// A worker of nginx serves no other request while it matches a header. A pattern with ".*" that can
// begin anywhere takes a square number of steps: 60 ms for a header of 8 KB. One that is anchored, and
// that does not try again what stands before ".*", takes a linear number.
func TestNoPatternOfNginxTakesASquareNumberOfSteps(t *testing.T) {
	t.Parallel()
	conf, err := configs.ReadFile("nginx.conf")
	require.NoError(t, err)
	found := regexp.MustCompile(`~\*? "([^"]*[.][*][^"]*)"`).FindAllStringSubmatch(string(conf), -1)
	require.NotEmpty(t, found)
	for _, pattern := range found {
		require.Regexp(t, `^\^\(\?>[.][*][?]`, pattern[1])
		require.Equal(t, 2, strings.Count(pattern[1], ".*"), pattern[1]) // one in the group, and one behind it
	}
}

func TestNginxAnswersALongAccept(t *testing.T) {
	t.Parallel()
	proxy := testservers.Nginx(t, func(s *testservers.Server) string {
		dir := filepath.Join(s.Dir, "page")
		require.NoError(t, os.Mkdir(dir, 0o755))
		set, err := Make("nginx", dir, settings(t), answer.Facts{Kind: answer.Unreachable}, "")
		require.NoError(t, err)
		for _, f := range set.Files {
			require.NoError(t, os.WriteFile(filepath.Join(dir, f.Name), f.Content, 0o644))
		}
		return "server { listen " + s.Addr + "; include " + dir + "/nginx.conf; location / { return 502; } }"
	})
	for name, of := range map[string]struct{ accept, contentType string }{
		"HTML again and again, then no JSON":  {strings.Repeat("text/html", 400) + "application/" + strings.Repeat("+", 3000), "text/html; charset=utf-8"},
		"HTML again and again, then JSON":     {strings.Repeat("text/html,", 400) + strings.Repeat("application/+", 200) + "json", "text/html; charset=utf-8"},
		"JSON, then HTML again and again":     {"application/json," + strings.Repeat("text/html,", 600), "application/problem+json"},
		"no HTML, and the beginnings of JSON": {strings.Repeat("application/x", 500), "text/plain; charset=utf-8"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+proxy.Addr+"/", http.NoBody)
		require.NoError(t, err)
		r.Header.Set("Accept", of.accept)
		res, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusServiceUnavailable, res.StatusCode, name)
		require.Equal(t, of.contentType, res.Header.Get("Content-Type"), name)
	}
}
