package echodowntime_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"
	"github.com/stretchr/testify/require"

	echodowntime "github.com/go-downtime/downtime/adapters/echov5"
	"github.com/go-downtime/downtime/adaptertest"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/gatetest"
)

func TestAdapter(t *testing.T) {
	t.Parallel()
	for name, build := range map[string]adaptertest.Build{
		"Use": func(site *adaptertest.Site) http.Handler {
			e := echo.New()
			e.Use(front)
			if site.Gate != nil {
				e.Use(echodowntime.Middleware(site.Gate))
			}
			addRoutes(e, site)
			return e
		},
		"Pre": func(site *adaptertest.Site) http.Handler {
			e := echo.New()
			e.Pre(front)
			if site.Gate != nil {
				e.Pre(echodowntime.Middleware(site.Gate))
			}
			addRoutes(e, site)
			return e
		},
		"wrapped": func(site *adaptertest.Site) http.Handler {
			e := echo.New()
			addRoutes(e, site)
			if site.Gate == nil {
				return adaptertest.Front(e)
			}
			return adaptertest.Front(site.Gate.Handler(e))
		},
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); adaptertest.Run(t, build) })
	}
}

// front is the middleware before the gate, as echo handlers write it.
func front(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c *echo.Context) error {
		r, user, answered := adaptertest.Before(c.Response(), c.Request())
		if answered {
			return nil
		}
		c.SetRequest(r)
		if user != nil {
			c.Set("user", user)
		}
		return next(c)
	}
}

func addRoutes(e *echo.Echo, site *adaptertest.Site) {
	groups := map[string]*echo.Group{}
	for _, r := range site.Routes {
		if groups[r.Group] == nil {
			groups[r.Group] = e.Group(r.Group)
		}
		path := r.Below(":%s", "*")
		groups[r.Group].Add(r.Method, path, echo.WrapHandler(r.Handler))
	}
	e.Any("/admin/*", echodowntime.Wrap(site.Mount))
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

func ok(c *echo.Context) error { return c.String(http.StatusOK, "up") }

func TestNewPanicsWithEveryFault(t *testing.T) {
	t.Parallel()
	defer func() {
		message, _ := recover().(string)
		require.Regexp(t, `^echodowntime: invalid config: `, message)
		require.Contains(t, message, `ExemptPaths[0]: "admin"`)
		require.Contains(t, message, `StatusCode: 200`)
	}()
	echodowntime.New(echodowntime.Config{ExemptPaths: []string{"admin"}, StatusCode: 200})
}

func TestTheZeroConfigIsOpen(t *testing.T) {
	t.Parallel()
	e := echo.New()
	e.Use(echodowntime.New(echodowntime.Config{}))
	e.GET("/", ok)
	require.Equal(t, http.StatusOK, serve(t, e, http.MethodGet, "/").Code)
}

func TestNilGateRefusesEverything(t *testing.T) {
	t.Parallel()
	e := echo.New()
	e.Use(echodowntime.Middleware(nil))
	e.GET("/", ok)
	require.Equal(t, http.StatusServiceUnavailable, serve(t, e, http.MethodGet, "/").Code)
}

func TestSeveralRoutersShareOneGate(t *testing.T) {
	t.Parallel()
	store := gatetest.NewPeriods()
	gate := gatetest.NewGate(t, core.Config{Store: store})
	use, pre := echo.New(), echo.New()
	use.Use(echodowntime.Middleware(gate))
	pre.Pre(echodowntime.Middleware(gate))
	for n, want := range []int{http.StatusOK, http.StatusServiceUnavailable} {
		store.Set(gatetest.InForce(n)...)
		require.NoError(t, gate.Refresh(t.Context()))
		for _, e := range []*echo.Echo{use, pre} {
			e.GET("/", ok)
			require.Equal(t, want, serve(t, e, http.MethodGet, "/").Code)
		}
	}
}

func TestTheHandlersErrorPasses(t *testing.T) {
	t.Parallel()
	e := echo.New()
	e.Use(echodowntime.New(echodowntime.Config{}))
	e.GET("/", func(*echo.Context) error { return echo.NewHTTPError(http.StatusConflict, "later") })
	w := serve(t, e, http.MethodGet, "/")
	require.Equal(t, http.StatusConflict, w.Code)
	require.JSONEq(t, `{"message":"later"}`, w.Body.String())
}

func TestWithSkipper(t *testing.T) {
	t.Parallel()
	e := echo.New()
	e.Use(echodowntime.Middleware(down(t, nil), echodowntime.WithSkipper(func(c *echo.Context) bool { return c.Path() == "/skipped/:id" })))
	e.GET("/skipped/:id", ok)
	e.GET("/other", ok)
	require.Equal(t, http.StatusOK, serve(t, e, http.MethodGet, "/skipped/1").Code)
	require.Equal(t, http.StatusServiceUnavailable, serve(t, e, http.MethodGet, "/other").Code)

	e = echo.New()
	e.Use(echodowntime.Middleware(down(t, nil), echodowntime.WithSkipper(nil)))
	e.GET("/other", ok)
	require.Equal(t, http.StatusServiceUnavailable, serve(t, e, http.MethodGet, "/other").Code)
}

func TestToMiddleware(t *testing.T) {
	t.Parallel()
	skipped := middleware.Skipper(func(c *echo.Context) bool { return c.Path() == "/skipped" })
	teapot := func(c *echo.Context, _ core.Decision) error { return c.NoContent(http.StatusTeapot) }
	for name, c := range map[string]struct {
		config           echodowntime.MiddlewareConfig
		wantErr          string
		skipped, refused int
	}{
		"a gate of its own":          {config: echodowntime.MiddlewareConfig{Config: core.Config{Down: true}}, skipped: 503, refused: 503},
		"the application's gate":     {config: echodowntime.MiddlewareConfig{Gate: down(t, nil)}, skipped: 503, refused: 503},
		"a skipper":                  {config: echodowntime.MiddlewareConfig{Gate: down(t, nil), Skipper: skipped}, skipped: 200, refused: 503},
		"a responder":                {config: echodowntime.MiddlewareConfig{Gate: down(t, nil), Responder: teapot}, skipped: 418, refused: 418},
		"an invalid configuration":   {config: echodowntime.MiddlewareConfig{Config: core.Config{StatusCode: 200}}, wantErr: "StatusCode: 200"},
		"a gate, and another config": {config: echodowntime.MiddlewareConfig{Gate: down(t, nil), Config: core.Config{StatusCode: 200}}, skipped: 503, refused: 503},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mw, err := c.config.ToMiddleware()
			if c.wantErr != "" {
				require.ErrorContains(t, err, c.wantErr)
				require.Nil(t, mw)
				return
			}
			require.NoError(t, err)
			e := echo.New()
			e.Use(mw)
			e.GET("/skipped", ok)
			e.GET("/other", ok)
			require.Equal(t, c.skipped, serve(t, e, http.MethodGet, "/skipped").Code)
			require.Equal(t, c.refused, serve(t, e, http.MethodGet, "/other").Code)
		})
	}
}

// TestRefusalIsNoError: with an error, an application's HTTPErrorHandler could write a
// second answer, or another status.
func TestRefusalIsNoError(t *testing.T) {
	t.Parallel()
	var handled atomic.Int64
	e := echo.New()
	e.HTTPErrorHandler = func(*echo.Context, error) { handled.Add(1) }
	e.Use(middleware.RequestLoggerWithConfig(middleware.RequestLoggerConfig{
		HandleError: true, LogStatus: true,
		LogValuesFunc: func(_ *echo.Context, v middleware.RequestLoggerValues) error {
			require.NoError(t, v.Error)
			require.Equal(t, http.StatusServiceUnavailable, v.Status)
			return nil
		},
	}))
	e.Use(echodowntime.Middleware(down(t, nil)))
	e.GET("/", ok)
	require.Equal(t, http.StatusServiceUnavailable, serve(t, e, http.MethodGet, "/").Code)
	require.Zero(t, handled.Load())
}

func TestWithResponder(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		respond func(*echo.Context, core.Decision) error
		status  int
		body    string
		headers map[string]string
	}{
		"finds status and headers set": {
			respond: func(c *echo.Context, d core.Decision) error {
				_, status := echo.ResolveResponseStatus(c.Response(), nil)
				return c.JSON(status, map[string]string{"kind": d.Closure.Kind(), "outcome": d.Outcome.String()})
			},
			status: 503, body: `{"kind":"planned","outcome":"blocked"}` + "\n",
			headers: map[string]string{"Content-Type": "application/json", "Cache-Control": "no-store", "Downtime": "down;kind=planned"},
		},
		"may choose another status": {
			respond: func(c *echo.Context, _ core.Decision) error { return c.String(http.StatusTeapot, "short and stout") },
			status:  418, body: "short and stout",
		},
		"that only writes keeps the status": {
			respond: func(c *echo.Context, _ core.Decision) error {
				_, err := io.WriteString(c.Response(), "down")
				return err
			},
			status: 503, body: "down",
		},
		"may flush before it writes": {
			respond: func(c *echo.Context, _ core.Decision) error {
				c.Response().(http.Flusher).Flush()
				_, err := io.WriteString(c.Response(), "down")
				return err
			},
			status: 503, body: "down",
		},
		"may flush by a controller": {
			respond: func(c *echo.Context, _ core.Decision) error {
				return http.NewResponseController(c.Response()).Flush()
			},
			status: 503,
		},
		"may write to echo's own response": {
			respond: func(c *echo.Context, _ core.Decision) error {
				res, err := echo.UnwrapResponse(c.Response())
				require.NoError(t, err)
				_, err = io.WriteString(res, "down")
				return err
			},
			status: 503, body: "down",
		},
		"may suggest a status": {
			respond: func(c *echo.Context, _ core.Decision) error {
				res, err := echo.UnwrapResponse(c.Response())
				require.NoError(t, err)
				res.Status = http.StatusTeapot
				return nil
			},
			status: 418,
		},
		"that fails after it has flushed gets no second answer": {
			respond: func(c *echo.Context, _ core.Decision) error {
				c.Response().(http.Flusher).Flush()
				return errors.New("failed")
			},
			status: 503,
		},
		"that fails after it has written gets no second answer": {
			respond: func(c *echo.Context, _ core.Decision) error {
				c.Response().WriteHeader(http.StatusTeapot)
				return errors.New("failed")
			},
			status: 418,
		},
		"that does nothing keeps the status": {
			respond: func(*echo.Context, core.Decision) error { return nil },
			status:  503,
		},
		"may return an HTTPError": {
			respond: func(*echo.Context, core.Decision) error { return echo.NewHTTPError(http.StatusLocked, "locked") },
			status:  423, body: `{"message":"locked"}` + "\n",
		},
		"nil is the gate's own": {
			status: 503, headers: map[string]string{"Content-Type": "text/plain; charset=utf-8"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := echo.New()
			e.Use(echodowntime.Middleware(down(t, nil), echodowntime.WithResponder(tc.respond), nil))
			e.GET("/", ok)
			w := serve(t, e, http.MethodGet, "/")
			require.Equal(t, tc.status, w.Code)
			require.NotEmpty(t, w.Header().Get("Retry-After"))
			require.NotContains(t, w.Body.String(), "Internal Server Error")
			if tc.body != "" {
				require.Equal(t, tc.body, w.Body.String())
			}
			for name, want := range tc.headers {
				require.Equal(t, want, w.Header().Get(name), name)
			}
		})
	}
}

func TestAResponderMayTakeTheConnectionOver(t *testing.T) {
	t.Parallel()
	e := echo.New()
	e.Use(echodowntime.Middleware(down(t, nil), echodowntime.WithResponder(func(c *echo.Context, _ core.Decision) error {
		gatetest.TakeOver(c.Response(), c.Request())
		return nil
	})))
	require.Empty(t, gatetest.TakenOver(t, e))
}

// TestTheResponseIsEchosOwnAfterARefusal: middleware around the gate finds its own writer
// again after a refusal, also if the responder panics.
func TestTheResponseIsEchosOwnAfterARefusal(t *testing.T) {
	t.Parallel()
	for name, respond := range map[string]func(*echo.Context, core.Decision) error{
		"answered": func(c *echo.Context, _ core.Decision) error { return c.String(http.StatusServiceUnavailable, "down") },
		"failed":   func(*echo.Context, core.Decision) error { return errors.New("failed") },
		"panicked": func(*echo.Context, core.Decision) error { panic("failed") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := echo.New()
			e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
				return func(c *echo.Context) error {
					before := c.Response()
					err := next(c)
					require.Same(t, before, c.Response())
					return err
				}
			}, middleware.Recover(), echodowntime.Middleware(down(t, nil), echodowntime.WithResponder(respond)))
			e.GET("/", ok)
			require.GreaterOrEqual(t, serve(t, e, http.MethodGet, "/").Code, 500)
		})
	}
}

func TestDelegateErrors(t *testing.T) {
	t.Parallel()
	for name, register := range map[string]func(*echo.Echo, echo.MiddlewareFunc){
		"Use": func(e *echo.Echo, m echo.MiddlewareFunc) { e.Use(m) },
		"Pre": func(e *echo.Echo, m echo.MiddlewareFunc) { e.Pre(m) },
	} {
		t.Run(name+": echo's own error handler renders it", func(t *testing.T) {
			t.Parallel()
			e := echo.New()
			register(e, echodowntime.Middleware(down(t, nil), echodowntime.WithResponder(echodowntime.DelegateErrors)))
			e.GET("/", ok)
			w := serve(t, e, http.MethodGet, "/")
			require.Equal(t, http.StatusServiceUnavailable, w.Code)
			require.JSONEq(t, `{"message":"Service Unavailable"}`, w.Body.String())
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			require.Empty(t, serve(t, e, http.MethodHead, "/").Body.String())
		})
		t.Run(name+": the application's error handler finds the decision, once", func(t *testing.T) {
			t.Parallel()
			var handled atomic.Int64
			e := echo.New()
			e.HTTPErrorHandler = func(c *echo.Context, err error) {
				handled.Add(1)
				blocked, found := errors.AsType[*core.BlockedError](err)
				if !found {
					t.Errorf("no BlockedError in %v", err)
					return
				}
				_ = c.String(blocked.StatusCode(), blocked.Decision.Closure.Kind())
			}
			register(e, echodowntime.Middleware(down(t, nil), echodowntime.WithResponder(echodowntime.DelegateErrors)))
			w := serve(t, e, http.MethodGet, "/")
			require.Equal(t, http.StatusServiceUnavailable, w.Code)
			require.Equal(t, "planned", w.Body.String())
			require.Equal(t, int64(1), handled.Load())
		})
	}
}

//nolint:paralleltest // AllocsPerRun counts what the whole process allocates
func TestAllocations(t *testing.T) {
	if gatetest.Race {
		t.Skip("the race detector allocates by itself")
	}
	site := func(m ...echo.MiddlewareFunc) http.Handler {
		e := echo.New()
		e.Use(m...)
		e.GET("/", func(*echo.Context) error { return nil })
		return e
	}
	var flag atomic.Bool
	message := "down"
	handwritten := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			if flag.Load() {
				return c.String(http.StatusServiceUnavailable, message)
			}
			return next(c)
		}
	}
	require.Zero(t, gatetest.Allocations(t, site(handwritten), "/"), "echo builds the chain once")
	require.Zero(t, gatetest.Allocations(t, site(echodowntime.New(echodowntime.Config{})), "/"), "open")
	require.Zero(t, gatetest.Bytes(site(echodowntime.New(echodowntime.Config{})), "/"), "open")
	require.Zero(t, gatetest.Allocations(t, site(echodowntime.Middleware(down(t, nil))), "/"), "blocked")
}
