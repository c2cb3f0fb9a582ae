package chidowntime_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/stretchr/testify/require"

	chidowntime "github.com/go-downtime/downtime/adapters/chi"
	"github.com/go-downtime/downtime/adaptertest"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/gatetest"
)

func TestAdapter(t *testing.T) {
	t.Parallel()
	for name, build := range map[string]adaptertest.Build{
		"Use": func(site *adaptertest.Site) http.Handler {
			r := chi.NewRouter()
			r.Use(adaptertest.Front)
			if site.Gate != nil {
				r.Use(chidowntime.Middleware(site.Gate))
			}
			addRoutes(r, site)
			return r
		},
		"wrapped": func(site *adaptertest.Site) http.Handler {
			r := chi.NewRouter()
			addRoutes(r, site)
			if site.Gate == nil {
				return adaptertest.Front(r)
			}
			return adaptertest.Front(site.Gate.Handler(r))
		},
		"net/http": func(site *adaptertest.Site) http.Handler {
			if site.Gate == nil {
				return adaptertest.Front(mux(site))
			}
			return adaptertest.Front(chidowntime.Middleware(site.Gate)(mux(site)))
		},
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); adaptertest.Run(t, build) })
	}
}

func addRoutes(r chi.Router, site *adaptertest.Site) {
	groups := map[string]chi.Router{"": r}
	for _, route := range site.Routes {
		if groups[route.Group] == nil {
			r.Route(route.Group, func(sub chi.Router) { groups[route.Group] = sub })
		}
		path := route.Below("{%s}", "*")
		groups[route.Group].Method(route.Method, path, route.Handler)
	}
	r.Mount("/admin", chidowntime.Wrap(site.Mount))
}

func mux(site *adaptertest.Site) http.Handler {
	m := http.NewServeMux()
	for _, r := range site.Routes {
		pattern := r.Path("{%s}", "{%s...}")
		if pattern == "/" {
			pattern = "/{$}" // no tree
		}
		m.Handle(r.Method+" "+pattern, r.Handler)
	}
	m.Handle("/admin/", site.Mount)
	return m
}

// down makes a closed gate.
func down(t *testing.T, change func(*core.Config)) *core.Gate {
	t.Helper()
	cfg := core.Config{Down: true}
	if change != nil {
		change(&cfg)
	}
	return gatetest.NewGate(t, cfg)
}

func serve(t *testing.T, h http.Handler, method, target string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, target, http.NoBody))
	return w
}

func up(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "up") }

func TestNewPanicsWithEveryFault(t *testing.T) {
	t.Parallel()
	defer func() {
		message, _ := recover().(string)
		require.Regexp(t, `^chidowntime: invalid config: `, message)
		require.Contains(t, message, `ExemptPaths[0]: "admin"`)
		require.Contains(t, message, `StatusCode: 200`)
	}()
	chidowntime.New(chidowntime.Config{ExemptPaths: []string{"admin"}, StatusCode: 200})
}

func TestTheZeroConfigIsOpen(t *testing.T) {
	t.Parallel()
	r := chi.NewRouter()
	r.Use(chidowntime.New(chidowntime.Config{}))
	r.Get("/", up)
	require.Equal(t, http.StatusOK, serve(t, r, http.MethodGet, "/").Code)
}

func TestNilGateRefusesEverything(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]chidowntime.Option{
		"by itself":        nil,
		"with a responder": {chidowntime.WithResponder(http.HandlerFunc(up))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := chi.NewRouter()
			r.Use(chidowntime.Middleware(nil, opts...))
			r.Get("/", func(http.ResponseWriter, *http.Request) { t.Error("the handler ran") })
			require.Equal(t, http.StatusServiceUnavailable, serve(t, r, http.MethodGet, "/").Code)
		})
	}
}

func TestNilHandlerPanics(t *testing.T) {
	t.Parallel()
	require.Panics(t, func() { chidowntime.New(chidowntime.Config{})(nil) })
	require.Panics(t, func() {
		chidowntime.New(chidowntime.Config{}, chidowntime.WithResponder(http.HandlerFunc(up)))(nil)
	})
	require.Panics(t, func() { chidowntime.Wrap(nil) })
}

func TestWithResponder(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		respond http.HandlerFunc
		status  int
		body    string
		headers map[string]string
	}{
		"finds the decision and the headers": {
			respond: func(w http.ResponseWriter, r *http.Request) {
				d, _ := core.DecisionFrom(r.Context())
				_, _ = io.WriteString(w, d.Outcome.String()+" "+d.Closure.Kind())
			},
			status: 503, body: "blocked planned",
			headers: map[string]string{"Cache-Control": "no-store", "Downtime": "down;kind=planned"},
		},
		"may choose another status": {
			respond: func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "short and stout", http.StatusTeapot) },
			status:  418, body: "short and stout\n",
		},
		"that does nothing keeps the status": {
			respond: func(http.ResponseWriter, *http.Request) {},
			status:  503,
		},
		"may flush before it writes": {
			respond: func(w http.ResponseWriter, _ *http.Request) {
				if err := http.NewResponseController(w).Flush(); err != nil {
					panic(err)
				}
				_, _ = io.WriteString(w, "down")
			},
			status: 503, body: "down",
		},
		"may flush": {
			respond: func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, "down")
				if err := http.NewResponseController(w).Flush(); err != nil {
					panic(err)
				}
			},
			status: 503, body: "down",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := chi.NewRouter()
			r.Use(chidowntime.Middleware(down(t, nil), chidowntime.WithResponder(tc.respond), nil))
			r.Get("/", func(http.ResponseWriter, *http.Request) { t.Error("the handler ran") })
			w := serve(t, r, http.MethodGet, "/")
			require.Equal(t, tc.status, w.Code)
			require.Equal(t, tc.body, w.Body.String())
			require.NotEmpty(t, w.Header().Get("Retry-After"))
			for name, want := range tc.headers {
				require.Equal(t, want, w.Header().Get(name), name)
			}
		})
	}
	t.Run("an early hint does not end the answer", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewServer(chidowntime.Middleware(down(t, nil), chidowntime.WithResponder(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			_, _ = io.WriteString(w, "down")
		})))(http.NotFoundHandler()))
		t.Cleanup(server.Close)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		require.NoError(t, err)
		res, err := server.Client().Do(r)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
	})
	t.Run("a connection that was taken over is left alone", func(t *testing.T) {
		t.Parallel()
		handler := chidowntime.Middleware(down(t, nil), chidowntime.WithResponder(http.HandlerFunc(gatetest.TakeOver)))(http.NotFoundHandler())
		require.Empty(t, gatetest.TakenOver(t, handler))
	})
	t.Run("nil is the gate's own", func(t *testing.T) {
		t.Parallel()
		w := serve(t, chidowntime.Middleware(down(t, nil), chidowntime.WithResponder(nil))(http.HandlerFunc(up)), http.MethodGet, "/")
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
	})
	t.Run("what passes reaches the handler with its own writer, and is counted", func(t *testing.T) {
		t.Parallel()
		gate := down(t, func(c *core.Config) { c.ExemptExact = []string{"/"} })
		m := chidowntime.Middleware(gate, chidowntime.WithResponder(http.HandlerFunc(up)))
		w := httptest.NewRecorder()
		m(http.HandlerFunc(func(got http.ResponseWriter, _ *http.Request) {
			require.Same(t, w, got)
			require.Equal(t, int64(1), gate.Status().Exempt)
		})).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody))
		require.Zero(t, gate.Status().Exempt)
	})
}

func TestPredicate(t *testing.T) {
	t.Parallel()
	type userKey struct{}
	admin := chidowntime.Predicate("admin", func(r *http.Request) bool { return r.Context().Value(userKey{}) == "admin" })
	require.Equal(t, "admin", admin.Name())
	r := chi.NewRouter()
	r.Use(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), userKey{}, r.URL.Query().Get("user"))))
		})
	}, chidowntime.Middleware(down(t, func(c *core.Config) { c.Bypass = []core.Predicate{admin} })))
	r.Get("/", up)
	require.Equal(t, http.StatusOK, serve(t, r, http.MethodGet, "/?user=admin").Code)
	require.Equal(t, http.StatusServiceUnavailable, serve(t, r, http.MethodGet, "/?user=guest").Code)

	_, err := core.New(core.Config{Bypass: []core.Predicate{chidowntime.Predicate("none", nil)}})
	require.ErrorContains(t, err, "Bypass[0]")
}

func TestFrom(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	gate := down(t, func(c *core.Config) {
		c.Bypass = []core.Predicate{core.Func("look", func(ctx context.Context, r *http.Request) bool {
			_, found[r.URL.Path] = chidowntime.From(ctx)
			return false
		})}
	})
	r := chi.NewRouter()
	r.Use(chidowntime.Middleware(gate))
	r.Get("/", up)
	serve(t, r, http.MethodGet, "/chi")
	serve(t, gate.Handler(r), http.MethodGet, "/around")
	require.Equal(t, map[string]bool{"/chi": true, "/around": false}, found)
}

// TestRealIPBeforeTheGate: chi's RealIP puts an address from a header into RemoteAddr. The
// gate must not take it for the address of the office.
func TestRealIPBeforeTheGate(t *testing.T) {
	t.Parallel()
	gate := down(t, func(c *core.Config) {
		c.Bypass = []core.Predicate{core.ClientAddr("office", []string{"127.0.0.1", "10.0.0.0/8"}, []string{"192.0.2.1"})}
	})
	r := chi.NewRouter()
	r.Use(middleware.RealIP, chidowntime.Middleware(gate)) //nolint:staticcheck // deprecated for this very reason
	r.Get("/", up)
	for _, name := range []string{"X-Forwarded-For", "X-Real-Ip", "True-Client-Ip"} {
		q := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		q.Header.Set(name, "127.0.0.1")
		w := httptest.NewRecorder()
		r.ServeHTTP(w, q)
		require.Equal(t, http.StatusServiceUnavailable, w.Code, name)
	}
}

//nolint:paralleltest // AllocsPerRun counts what the whole process allocates
func TestAllocations(t *testing.T) {
	if gatetest.Race {
		t.Skip("the race detector allocates by itself")
	}
	nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	router := func(m ...func(http.Handler) http.Handler) http.Handler {
		r := chi.NewRouter()
		r.Use(m...)
		r.Get("/", nothing)
		return r
	}
	open := chidowntime.New(chidowntime.Config{})
	answering := chidowntime.New(chidowntime.Config{}, chidowntime.WithResponder(nothing))
	exempt := chidowntime.Middleware(down(t, func(c *core.Config) { c.ExemptExact = []string{"/"} }))
	refused := chidowntime.Middleware(down(t, nil))

	bare := gatetest.Allocations(t, router(), "/")
	require.Equal(t, bare, gatetest.Allocations(t, router(open), "/"), "an open gate allocates")
	require.Equal(t, bare, gatetest.Allocations(t, router(answering), "/"), "an open gate with a responder allocates")
	require.Equal(t, bare, gatetest.Allocations(t, router(exempt), "/"), "an exempt request allocates")

	require.Zero(t, gatetest.Allocations(t, open(nothing), "/"), "net/http, open")
	require.Zero(t, gatetest.Allocations(t, exempt(nothing), "/"), "net/http, exempt")
	require.Zero(t, gatetest.Allocations(t, refused(nothing), "/"), "net/http, refused")
}
