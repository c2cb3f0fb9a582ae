package promdowntime_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/testservers"
	promdowntime "github.com/go-downtime/downtime/metrics/prometheus"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

func newGate(t testing.TB, cfg core.Config) *core.Gate {
	t.Helper()
	cfg.Logger = slog.New(slog.DiscardHandler)
	gate, err := core.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = gate.Shutdown(context.Background()) })
	return gate
}

// registry has the metrics of one gate. It is pedantic: it fails if a metric does not fit its
// description.
func registry(t testing.TB, gate *core.Gate) *prometheus.Registry {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	require.NoError(t, reg.Register(promdowntime.New(gate)))
	return reg
}

// values returns the metrics that are not 0, by name and labels.
func values(t testing.TB, reg *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := reg.Gather()
	require.NoError(t, err)
	found := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			key := []string{strings.TrimPrefix(f.GetName(), "downtime_")}
			for _, l := range m.GetLabel() {
				key = append(key, l.GetValue())
			}
			if v := m.GetGauge().GetValue() + m.GetCounter().GetValue(); v != 0 {
				found[strings.Join(key, " ")] = v
			}
		}
	}
	return found
}

func request(h http.Handler, path string) {
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, http.NoBody))
}

func TestTheMetricsOfADowntime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New()
		gate := newGate(t, core.Config{Store: st, ExemptExact: []string{"/healthz"}})
		reg, release := registry(t, gate), make(chan struct{})
		site := gate.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				<-release
			}
		}))
		require.Equal(t, map[string]float64{"cause none": 1, "store_hints_on": 1, "store_registered": 1}, values(t, reg))

		request(site, "/")
		go request(site, "/slow")
		synctest.Wait()
		began := time.Now().Truncate(time.Millisecond)
		seconds := func(d time.Duration) float64 { return float64(began.Add(d).UnixMilli()) / 1000 }
		op := operator.Operator{Store: st}
		_, err := op.Start(t.Context(), operator.StartOptions{Holder: "kim", Emergency: new(true), ExpectedEnd: began.Add(time.Hour)})
		require.NoError(t, err)
		_, err = op.Schedule(t.Context(), operator.WindowOptions{Start: began.Add(2 * time.Hour), End: began.Add(3 * time.Hour)})
		require.NoError(t, err)
		require.NoError(t, gate.Refresh(t.Context()))
		request(site, "/")
		request(site, "/healthz")
		want := map[string]float64{
			"closed": 1, "cause period": 1, "emergency": 1, "closed_since_timestamp_seconds": seconds(0), "expected_end_timestamp_seconds": seconds(time.Hour),
			"next_start_timestamp_seconds": seconds(2 * time.Hour), "periods_in_force": 1, "requests_running open": 1,
			"requests_total none open": 2, "requests_total period blocked": 1, "requests_total period exempt": 1,
			"store_hints_on": 1, "store_registered": 1, "store_revision": 2,
		}
		require.Equal(t, want, values(t, reg))

		close(release)
		time.Sleep(time.Hour + time.Second)
		want["drained"], want["periods_drained"], want["overdue"] = 1, 1, 1
		delete(want, "requests_running open")
		found := values(t, reg)
		require.LessOrEqual(t, found["store_age_seconds"], 18.0, "the poll of this store is 15 s, spread by a fifth")
		delete(found, "store_age_seconds")
		require.Equal(t, want, found)

		require.NoError(t, gate.Shutdown(t.Context()))
		found = values(t, reg)
		require.Equal(t, 1.0, found["leaving"])
		require.Equal(t, 1.0, found["cause shutdown"])
	})
}

// failing is a store that cannot be read.
type failing struct{ store.Store }

func (failing) Get(context.Context, store.Token) (store.Blob, error) {
	return store.Blob{}, store.ErrLost
}

func TestTheMetricsOfALostStoreAndOfAnOverride(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		starting := values(t, registry(t, newGate(t, core.Config{Store: failing{memstore.New()}})))
		require.Equal(t, 1.0, starting["store_lost"])
		require.Equal(t, 1.0, starting["cause starting"])
		require.Positive(t, starting["store_read_errors_total"])
		down := values(t, registry(t, newGate(t, core.Config{Down: true})))
		require.Positive(t, down["closed_since_timestamp_seconds"])
		delete(down, "closed_since_timestamp_seconds")
		require.Equal(t, map[string]float64{"closed": 1, "drained": 1, "cause override": 1, "override down": 1}, down)
	})
}

func TestNamesAndTypesFollowTheConventions(t *testing.T) {
	t.Parallel()
	problems, err := testutil.GatherAndLint(registry(t, full(t)))
	require.NoError(t, err)
	require.Empty(t, problems)
}

// full makes a gate that has every metric.
func full(t testing.TB) *core.Gate {
	t.Helper()
	st := memstore.New()
	op := operator.Operator{Store: st}
	_, err := op.Start(t.Context(), operator.StartOptions{Holder: "kim", ExpectedEnd: time.Now().Add(time.Hour)})
	require.NoError(t, err)
	_, err = op.Schedule(t.Context(), operator.WindowOptions{Start: time.Now().Add(2 * time.Hour), End: time.Now().Add(3 * time.Hour)})
	require.NoError(t, err)
	return newGate(t, core.Config{Store: st})
}

// names returns the metrics that a gate can have, with their labels.
func names(t testing.TB) map[string][]string {
	t.Helper()
	families, err := registry(t, full(t)).Gather()
	require.NoError(t, err)
	labels := map[string][]string{}
	for _, f := range families {
		labels[f.GetName()] = []string{"job", "instance"}
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels[f.GetName()] = append(labels[f.GetName()], l.GetName())
		}
	}
	descs := make(chan *prometheus.Desc, 100)
	promdowntime.New(full(t)).Describe(descs)
	require.Len(t, descs, len(labels), "full has every metric")
	return labels
}

var metric = regexp.MustCompile(`(downtime_\w+)(?:\{([^}]*)\})?`)

// wantKnown checks that an expression names metrics that exist, and labels that they have.
func wantKnown(t *testing.T, known map[string][]string, expr string) (used []string) {
	t.Helper()
	for _, m := range metric.FindAllStringSubmatch(expr, -1) {
		require.Contains(t, known, m[1], expr)
		used = append(used, m[1])
		for _, l := range regexp.MustCompile(`(\w+)\s*(?:=|!=|=~|!~)"`).FindAllStringSubmatch(m[2], -1) {
			require.Contains(t, known[m[1]], l[1], expr)
		}
	}
	require.NotEmpty(t, used, expr)
	return used
}

type dashboard struct {
	Templating struct {
		List []struct{ Name, Definition string }
	}
	Panels []struct {
		Title   string
		Targets []struct{ Expr string }
	}
}

// queries returns the queries of the dashboard.
func queries(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("dashboard.json")
	require.NoError(t, err)
	var d dashboard
	require.NoError(t, json.Unmarshal(text, &d))
	var found []string
	for _, p := range d.Panels {
		require.NotEmpty(t, p.Targets, p.Title)
		for _, target := range p.Targets {
			found = append(found, target.Expr)
		}
	}
	for _, v := range d.Templating.List {
		if v.Definition != "" {
			found = append(found, v.Definition)
		}
	}
	return found
}

func TestTheDashboardNamesMetricsThatExist(t *testing.T) {
	t.Parallel()
	known := names(t)
	unused := maps.Clone(known)
	for _, q := range queries(t) {
		for _, name := range wantKnown(t, known, q) {
			delete(unused, name)
		}
	}
	left := slices.Sorted(maps.Keys(unused))
	require.Equal(t, []string{"downtime_emergency", "downtime_leaving", "downtime_periods_drained", "downtime_periods_in_force", "downtime_store_registered"}, left,
		"the dashboard shows all others")
}

func TestTheAlertsNameMetricsThatExist(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("alerts.yml")
	require.NoError(t, err)
	known := names(t)
	exprs := regexp.MustCompile(`(?m)^ +expr: (.*)$`).FindAllStringSubmatch(string(text), -1)
	require.Len(t, exprs, strings.Count(string(text), "- alert:"))
	for _, e := range exprs {
		wantKnown(t, known, e[1])
	}
}

// promtool runs Prometheus's own checks.
func promtool(t *testing.T, stdin io.Reader, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), testservers.Program(t, "prometheus", "promtool"), args...)
	cmd.Stdin = stdin
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}

func TestPromtool(t *testing.T) {
	t.Parallel()
	t.Run("the rules are valid", func(t *testing.T) {
		t.Parallel()
		promtool(t, nil, "check", "rules", "alerts.yml")
	})
	t.Run("the rules raise the right alerts", func(t *testing.T) {
		t.Parallel()
		promtool(t, nil, "test", "rules", "alerts_test.yml")
	})
	t.Run("the exposition is valid", func(t *testing.T) {
		t.Parallel()
		w := httptest.NewRecorder()
		promhttp.HandlerFor(registry(t, full(t)), promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
		require.Equal(t, http.StatusOK, w.Code)
		promtool(t, w.Body, "check", "metrics")
	})
	t.Run("the queries of the dashboard are valid", func(t *testing.T) {
		t.Parallel()
		var rules []string
		for i, q := range queries(t) {
			if strings.HasPrefix(q, "label_values(") {
				continue // Grafana's own
			}
			expr, err := json.Marshal(strings.NewReplacer("$job", ".*", "$__rate_interval", "5m").Replace(q))
			require.NoError(t, err)
			rules = append(rules, "{record: dashboard, expr: "+string(expr)+", labels: {n: \""+strconv.Itoa(i)+"\"}}")
		}
		path := filepath.Join(t.TempDir(), "dashboard.yml")
		require.NoError(t, os.WriteFile(path, []byte("groups: [{name: dashboard, rules: ["+strings.Join(rules, ",")+"]}]"), 0o600))
		promtool(t, nil, "check", "rules", path)
	})
}

func TestANilGateIsNamed(t *testing.T) {
	t.Parallel()
	require.PanicsWithValue(t, "promdowntime: nil gate: look at the error of core.New", func() { promdowntime.New(nil) })
}
