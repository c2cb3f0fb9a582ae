package admin_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/admin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/store/memstore"
)

func TestPageAtTheRootOfAHostOfItsOwn(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{page: func(c *admin.Config) { c.Path = "/" }})
	for path, want := range map[string]int{"/": 200, "/schedule": 200, "/api/v1/state": 200, "/ops": 404} {
		w := c.send(httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
		require.Equal(t, want, w.Code, path)
	}
}

func TestStartSaysWhenThePageWouldBeOutOfReach(t *testing.T) {
	t.Parallel()
	const line = "operator's page is out of reach while down"
	operators := core.Func("operators", func(context.Context, *http.Request) bool { return true })
	for name, tc := range map[string]struct {
		gate core.Config
		path string
		says bool
	}{
		"exempted by the helper":        {core.Config{ExemptPaths: []string{mount}}, mount, false},
		"exempt with what is above it":  {core.Config{ExemptPaths: []string{"/ops"}}, mount, false},
		"who may use it is bypassed":    {core.Config{Bypass: []core.Predicate{operators}}, mount, false},
		"neither":                       {core.Config{}, mount, true},
		"exempt alone, without a slash": {core.Config{ExemptExact: []string{mount}}, mount, true},
		"another path is exempt":        {core.Config{ExemptPaths: []string{"/ops/down"}}, mount, true},
		"others are bypassed": {core.Config{Bypass: []core.Predicate{
			core.Func("others", func(context.Context, *http.Request) bool { return true }),
		}}, mount, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := &lines{}
			logger := slog.New(slog.NewTextHandler(log, nil))
			tc.gate.Store = memstore.New()
			gate, err := core.New(tc.gate)
			require.NoError(t, err)
			_, err = admin.New(gate, admin.Config{Path: tc.path, Authorize: operators, Actor: named("ann"), Logger: logger})
			require.NoError(t, err)
			if !tc.says {
				require.Empty(t, log.String())
				return
			}
			require.Equal(t, 1, strings.Count(log.String(), line), log.String())
			require.Contains(t, log.String(), "level=WARN")
			require.Contains(t, log.String(), "path="+tc.path)
		})
	}
}

func named(s string) func(context.Context, *http.Request) string {
	return func(context.Context, *http.Request) string { return s }
}

func TestExemptAddsTheMountAndChangesNothingElse(t *testing.T) {
	t.Parallel()
	mine := make([]string, 1, 4)
	mine[0] = "/static"
	cfg := core.Config{ExemptPaths: mine}
	admin.Exempt(&cfg, "/ops/downtime/")
	require.Equal(t, []string{"/static", "/ops/downtime"}, cfg.ExemptPaths)
	require.Equal(t, []string{"/static", "", "", ""}, mine[:4], "the caller's slice stays as it was")
	require.Empty(t, cfg.ExemptExact)
	require.NoError(t, cfg.Validate())
}
