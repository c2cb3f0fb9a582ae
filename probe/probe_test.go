package probe_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/probe"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// broken is a store that cannot be read while err is set.
type broken struct {
	*memstore.Store

	err error
}

func (b *broken) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	if b.err != nil {
		return store.Blob{}, b.err
	}
	return b.Store.Get(ctx, have)
}

func (b *broken) ListRows(ctx context.Context, have store.Token) (store.Rowset, error) {
	if b.err != nil {
		return store.Rowset{}, b.err
	}
	return b.Store.ListRows(ctx, have)
}

func down(t *testing.T, st store.Store) {
	t.Helper()
	_, err := operator.Operator{Store: st}.Start(t.Context(), operator.StartOptions{Holder: "kim"})
	require.NoError(t, err)
}

func TestProbes(t *testing.T) {
	t.Parallel()
	const (
		starting = "starting: the gate does not know yet whether the site is down\n"
		unread   = "starting: the store or the override file was not read yet\n"
		leaving  = "shutting down\n"
	)
	failing := func() *broken { return &broken{Store: memstore.New(), err: store.ErrLost} }
	for name, c := range map[string]struct {
		cfg            core.Config
		then           func(t *testing.T, gate *core.Gate, st *broken)
		ready, started string // "" means 200
	}{
		"an open gate":           {cfg: core.Config{Store: memstore.New()}},
		"a gate without a store": {},
		"a closed gate":          {then: func(t *testing.T, _ *core.Gate, st *broken) { t.Helper(); down(t, st) }},
		"an override":            {cfg: core.Config{Down: true}},
		"a store that was never read": {
			cfg: core.Config{Store: failing()}, ready: starting, started: unread,
		},
		"an override, and a store that was never read": {cfg: core.Config{Store: failing(), Down: true}},
		"a gate that serves without its store":         {cfg: core.Config{Store: failing(), FirstStart: core.FirstStartOpen}},
		"an override file that cannot be read": {
			cfg: core.Config{OverrideFile: filepath.Join("absent", "override")}, ready: starting, started: unread,
		},
		"a store that was lost": {then: func(_ *testing.T, _ *core.Gate, st *broken) { st.err = store.ErrLost }},
		"a gate whose streams end": {
			then:  func(_ *testing.T, gate *core.Gate, _ *broken) { gate.CloseStreams() },
			ready: leaving,
		},
		"a closed gate whose streams end": {
			then: func(t *testing.T, gate *core.Gate, st *broken) {
				t.Helper()
				down(t, st)
				require.NoError(t, gate.Refresh(t.Context()))
				gate.CloseStreams()
			},
			ready: leaving,
		},
		"a gate that was shut down": {
			then: func(t *testing.T, gate *core.Gate, _ *broken) {
				t.Helper()
				require.NoError(t, gate.Shutdown(t.Context()))
			},
			ready: leaving,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := &broken{Store: memstore.New()}
			if c.then != nil {
				c.cfg.Store = st
			}
			c.cfg.Logger = slog.New(slog.DiscardHandler)
			gate, err := core.New(c.cfg)
			require.NoError(t, err)
			t.Cleanup(func() { _ = gate.Shutdown(context.Background()) })
			if c.then != nil {
				c.then(t, gate, st)
			}
			_ = gate.Refresh(t.Context())
			want := func(h http.Handler, problem string) {
				t.Helper()
				for _, method := range []string{http.MethodGet, http.MethodHead} {
					w := httptest.NewRecorder()
					h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, "/", http.NoBody))
					code, body := http.StatusOK, "ok\n"
					if problem != "" {
						code, body = http.StatusServiceUnavailable, problem
					}
					require.Equal(t, code, w.Code)
					require.Equal(t, body, w.Body.String())
					require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
					require.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
				}
			}
			want(probe.Liveness(), "")
			want(probe.Readiness(gate), c.ready)
			want(probe.Startup(gate), c.started)
		})
	}
}

func TestANilGateIsNamed(t *testing.T) {
	t.Parallel()
	require.PanicsWithValue(t, "probe: nil gate: look at the error of core.New", func() { probe.Readiness(nil) })
	require.PanicsWithValue(t, "probe: nil gate: look at the error of core.New", func() { probe.Startup(nil) })
}

// The three probes of a Deployment in Kubernetes, behind the gate. The site is down, and the instance
// stays in the service.
func Example() {
	gate, err := core.New(core.Config{
		Down:        true, // instead of a Store, to keep the example short
		ExemptExact: []string{"/livez", "/readyz", "/startupz"},
		Logger:      slog.New(slog.DiscardHandler),
	})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/livez", probe.Liveness())
	mux.Handle("/readyz", probe.Readiness(gate))
	mux.Handle("/startupz", probe.Startup(gate))
	site := gate.Handler(mux)

	for _, path := range []string{"/livez", "/readyz", "/startupz", "/"} {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, http.NoBody))
		fmt.Println(path, w.Code)
	}
	// Output:
	// /livez 200
	// /readyz 200
	// /startupz 200
	// / 503
}

// A readiness check that also asks the database.
func ExampleReady() {
	gate, err := core.New(core.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	ping := func(context.Context) error { return nil } // db.PingContext
	mux := http.NewServeMux()
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, r *http.Request) {
		err := probe.Ready(gate)
		if err == nil {
			err = ping(r.Context())
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	fmt.Println(probe.Ready(gate))
	gate.CloseStreams() // the process was told to end
	fmt.Println(probe.Ready(gate))
	// Output:
	// <nil>
	// shutting down
}
