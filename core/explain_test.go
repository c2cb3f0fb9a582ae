package core_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store/memstore"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	from := time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	r := schedule(t, st, operator.WindowOptions{Start: from, End: from.Add(time.Hour), Reason: "move"})
	doc := r.After
	cfg := core.Config{
		ExemptExact: []string{"/healthz"},
		Bypass:      []core.Predicate{core.Func("staff", func(_ context.Context, r *http.Request) bool { return r.Header.Get("Staff") != "" })},
	}
	for name, c := range map[string]struct {
		cfg     core.Config
		doc     *period.Document
		at      time.Time
		path    string
		staff   bool
		outcome core.Outcome
		rule    string
	}{
		"before the window":        {cfg, doc, from.Add(-time.Microsecond), "/", false, core.Open, ""},
		"at its start":             {cfg, doc, from, "/", false, core.Blocked, ""},
		"an exempt path":           {cfg, doc, from, "/healthz", false, core.Exempt, "/healthz"},
		"a bypass":                 {cfg, doc, from, "/", true, core.Bypassed, "staff"},
		"at its end":               {cfg, doc, from.Add(time.Hour), "/", false, core.Open, ""},
		"nothing was ever written": {cfg, nil, from, "/", false, core.Open, ""},
		"Down counts":              {core.Config{Down: true}, nil, from, "/", false, core.Blocked, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := httptest.NewRequest(http.MethodGet, c.path, nil)
			if c.staff {
				req.Header.Set("Staff", "1")
			}
			d, err := core.Explain(c.cfg, c.doc, c.at, req)
			require.NoError(t, err)
			require.Equal(t, c.outcome, d.Outcome)
			require.Equal(t, c.rule, d.Rule)
			if c.outcome == core.Blocked && c.doc != nil {
				require.Equal(t, r.Period.ID, d.Closure.Period)
				require.Equal(t, from, d.Closure.Since)
				require.Equal(t, from.Add(time.Hour), d.Closure.Until)
			}
		})
	}
}

func TestExplainIgnoresTheEnvironmentOfItsProcess(t *testing.T) {
	t.Setenv("DOWNTIME", "nonsense")
	for down, want := range map[bool]core.Outcome{true: core.Blocked, false: core.Open} {
		d, err := core.Explain(core.Config{Down: down}, nil, time.Now(), httptest.NewRequest(http.MethodGet, "/", nil))
		require.NoError(t, err)
		require.Equal(t, want, d.Outcome)
	}
}

func TestExplainChecksTheConfig(t *testing.T) {
	t.Parallel()
	_, err := core.Explain(core.Config{StatusCode: 1}, nil, time.Now(), httptest.NewRequest(http.MethodGet, "/", nil))
	require.ErrorContains(t, err, "StatusCode")
}
