package gindowntime_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	gindowntime "github.com/go-downtime/downtime/adapters/gin"
	"github.com/go-downtime/downtime/adaptertest"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/gatetest"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	os.Exit(m.Run())
}

func TestAdapter(t *testing.T) {
	t.Parallel()
	for name, build := range map[string]adaptertest.Build{
		"Use": func(site *adaptertest.Site) http.Handler {
			engine := gin.New()
			// gin sends slash redirects before its middleware runs. The wrapped build covers them.
			engine.RedirectTrailingSlash = false
			engine.Use(front)
			if site.Gate != nil {
				engine.Use(gindowntime.Middleware(site.Gate))
			}
			addRoutes(engine, site)
			return engine
		},
		"Install": func(site *adaptertest.Site) http.Handler {
			engine := gin.New()
			engine.RedirectTrailingSlash = false
			engine.Use(front)
			if site.Gate != nil {
				if err := gindowntime.Install(engine, site.Gate); err != nil {
					panic(err)
				}
			}
			addRoutes(engine, site)
			return engine
		},
		"wrapped": func(site *adaptertest.Site) http.Handler {
			engine := gin.New()
			addRoutes(engine, site)
			if site.Gate == nil {
				return adaptertest.Front(engine)
			}
			return adaptertest.Front(site.Gate.Handler(engine))
		},
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); adaptertest.Run(t, build) })
	}
}

// front is the middleware before the gate, as gin handlers write it.
func front(c *gin.Context) {
	r, user, answered := adaptertest.Before(c.Writer, c.Request)
	if answered {
		c.Abort()
		return
	}
	c.Request = r
	if user != nil {
		c.Set("user", user)
	}
}

func addRoutes(engine *gin.Engine, site *adaptertest.Site) {
	groups := map[string]*gin.RouterGroup{}
	for _, r := range site.Routes {
		if groups[r.Group] == nil {
			groups[r.Group] = engine.Group(r.Group)
		}
		path := r.Below(":%s", "*%s")
		groups[r.Group].Handle(r.Method, path, func(c *gin.Context) {
			for _, p := range c.Params {
				c.Request.SetPathValue(p.Key, p.Value)
			}
			r.Handler(c.Writer, c.Request)
		})
	}
	engine.Any("/admin/*path", gindowntime.Wrap(site.Mount))
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

func TestNewPanicsWithEveryFault(t *testing.T) {
	t.Parallel()
	defer func() {
		message, _ := recover().(string)
		require.Regexp(t, `^gindowntime: invalid config: `, message)
		require.Contains(t, message, `ExemptPaths[0]: "admin"`)
		require.Contains(t, message, `StatusCode: 200`)
	}()
	gindowntime.New(gindowntime.Config{ExemptPaths: []string{"admin"}, StatusCode: 200})
}

func TestTheZeroConfigIsOpen(t *testing.T) {
	t.Parallel()
	engine := gin.New()
	engine.Use(gindowntime.New(gindowntime.Config{}))
	engine.GET("/", func(c *gin.Context) { c.String(http.StatusOK, "up") })
	require.Equal(t, http.StatusOK, serve(t, engine, http.MethodGet, "/").Code)
}

func TestNilGateRefusesEverything(t *testing.T) {
	t.Parallel()
	engine := gin.New()
	engine.Use(gindowntime.Middleware(nil))
	engine.GET("/", func(c *gin.Context) { c.String(http.StatusOK, "up") })
	w := serve(t, engine, http.MethodGet, "/")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.NotContains(t, w.Body.String(), "up\n")
}

func TestSeveralRoutersShareOneGate(t *testing.T) {
	t.Parallel()
	store := gatetest.NewPeriods()
	gate := gatetest.NewGate(t, core.Config{Store: store})
	var engines []*gin.Engine
	for range 2 {
		engine := gin.New()
		engine.Use(gindowntime.Middleware(gate))
		engine.GET("/", func(*gin.Context) {})
		engines = append(engines, engine)
	}
	for n, want := range []int{http.StatusOK, http.StatusServiceUnavailable} {
		store.Set(gatetest.InForce(n)...)
		require.NoError(t, gate.Refresh(t.Context()))
		for _, engine := range engines {
			require.Equal(t, want, serve(t, engine, http.MethodGet, "/").Code)
		}
	}
}

func TestInstall(t *testing.T) {
	t.Parallel()
	t.Run("gates what is added after it, and what no route matches", func(t *testing.T) {
		t.Parallel()
		engine := gin.New()
		require.NoError(t, gindowntime.Install(engine, down(t, nil)))
		engine.GET("/", func(*gin.Context) {})
		require.Equal(t, http.StatusServiceUnavailable, serve(t, engine, http.MethodGet, "/").Code)
		require.Equal(t, http.StatusServiceUnavailable, serve(t, engine, http.MethodGet, "/nowhere").Code)
	})
	t.Run("takes options", func(t *testing.T) {
		t.Parallel()
		engine := gin.New()
		require.NoError(t, gindowntime.Install(engine, down(t, nil), gindowntime.WithResponder(func(c *gin.Context, _ core.Decision) {
			c.String(c.Writer.Status(), "own")
		})))
		require.Equal(t, "own", serve(t, engine, http.MethodGet, "/").Body.String())
	})
	t.Run("refuses an engine with routes, and leaves it as it was", func(t *testing.T) {
		t.Parallel()
		engine := gin.New()
		engine.GET("/early", func(*gin.Context) {})
		engine.GET("/second", func(*gin.Context) {})
		err := gindowntime.Install(engine, down(t, nil))
		require.ErrorContains(t, err, "2 routes already, GET /early among them")
		require.Empty(t, engine.Handlers)
	})
	t.Run("refuses a nil engine and a nil gate", func(t *testing.T) {
		t.Parallel()
		require.ErrorContains(t, gindowntime.Install(nil, down(t, nil)), "engine is nil")
		require.ErrorContains(t, gindowntime.Install(gin.New(), nil), "gate is nil")
	})
}

func TestRefusalEndsTheChain(t *testing.T) {
	t.Parallel()
	var after []string
	engine := gin.New()
	engine.Use(func(c *gin.Context) {
		c.Next()
		after = append(after, "outer", http.StatusText(c.Writer.Status()))
	})
	// After a responder calls Next by mistake, no handler runs.
	engine.Use(gindowntime.Middleware(down(t, nil), gindowntime.WithResponder(func(c *gin.Context, _ core.Decision) { c.Next() })))
	engine.Use(func(*gin.Context) { after = append(after, "inner") })
	engine.GET("/", func(*gin.Context) { after = append(after, "handler") })
	w := serve(t, engine, http.MethodGet, "/")
	require.Equal(t, []string{"outer", "Service Unavailable"}, after)
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
}

func TestWithResponder(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		respond  func(*gin.Context, core.Decision)
		status   int
		body     string
		headers  map[string]string
		bodyless bool
	}{
		"finds status and headers set": {
			respond: func(c *gin.Context, d core.Decision) {
				c.JSON(c.Writer.Status(), gin.H{"kind": d.Closure.Kind(), "outcome": d.Outcome.String()})
			},
			status: 503, body: `{"kind":"planned","outcome":"blocked"}`,
			headers: map[string]string{"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store", "Downtime": "down;kind=planned"},
		},
		"may choose another status": {
			respond: func(c *gin.Context, _ core.Decision) { c.String(http.StatusTeapot, "short and stout") },
			status:  418, body: "short and stout",
		},
		"that only writes keeps the status": {
			respond: func(c *gin.Context, _ core.Decision) { _, _ = io.WriteString(c.Writer, "down") },
			status:  503, body: "down",
		},
		"may flush before it writes": {
			respond: func(c *gin.Context, _ core.Decision) {
				c.Writer.Flush()
				_, _ = io.WriteString(c.Writer, "down")
			},
			status: 503, body: "down",
		},
		"may flush by a controller": {
			respond: func(c *gin.Context, _ core.Decision) {
				if err := http.NewResponseController(c.Writer).Flush(); err != nil {
					panic(err)
				}
			},
			status: 503,
		},
		"that does nothing keeps the status": {
			respond: func(*gin.Context, core.Decision) {},
			status:  503,
		},
		"nil is the gate's own": {
			status: 503, headers: map[string]string{"Content-Type": "text/plain; charset=utf-8"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engine := gin.New()
			engine.Use(gindowntime.Middleware(down(t, nil), gindowntime.WithResponder(tc.respond), nil))
			engine.GET("/", func(*gin.Context) {})
			w := serve(t, engine, http.MethodGet, "/")
			require.Equal(t, tc.status, w.Code)
			require.NotEmpty(t, w.Header().Get("Retry-After"))
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
	engine := gin.New()
	engine.Use(gindowntime.Middleware(down(t, nil), gindowntime.WithResponder(func(c *gin.Context, _ core.Decision) {
		gatetest.TakeOver(c.Writer, c.Request)
	})))
	engine.GET("/", func(*gin.Context) {})
	require.Empty(t, gatetest.TakenOver(t, engine))
}

func TestDelegateErrors(t *testing.T) {
	t.Parallel()
	use := func(t *testing.T, outer ...gin.HandlerFunc) *httptest.ResponseRecorder {
		t.Helper()
		engine := gin.New()
		engine.Use(outer...)
		engine.Use(gindowntime.Middleware(down(t, nil), gindowntime.WithResponder(gindowntime.DelegateErrors)))
		engine.GET("/", func(c *gin.Context) { c.String(http.StatusOK, "up") })
		return serve(t, engine, http.MethodGet, "/")
	}
	t.Run("an error middleware renders it, once", func(t *testing.T) {
		t.Parallel()
		w := use(t, func(c *gin.Context) {
			c.Next()
			if blocked, ok := errors.AsType[*core.BlockedError](c.Errors.Last()); ok {
				c.JSON(-1, gin.H{"error": blocked.Error(), "status": blocked.StatusCode()})
			}
		})
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.JSONEq(t, `{"error":"down for now (planned), status 503","status":503}`, w.Body.String())
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	})
	t.Run("without one the answer is the status alone", func(t *testing.T) {
		t.Parallel()
		w := use(t)
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Empty(t, w.Body.String())
	})
}

func TestHandleContextIsDecidedAgain(t *testing.T) {
	t.Parallel()
	engine := gin.New()
	engine.Use(gindowntime.Middleware(down(t, func(c *core.Config) { c.ExemptExact = []string{"/exempt", "/other"} })))
	engine.GET("/exempt", func(c *gin.Context) {
		c.Request.URL.Path = c.Query("to")
		engine.HandleContext(c)
	})
	engine.GET("/other", func(c *gin.Context) { c.String(http.StatusOK, "other") })
	engine.GET("/secret", func(c *gin.Context) { c.String(http.StatusOK, "secret") })

	w := serve(t, engine, http.MethodGet, "/exempt?to=/other")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "other", w.Body.String())
	w = serve(t, engine, http.MethodGet, "/exempt?to=/secret")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.NotContains(t, w.Body.String(), "secret")
}
