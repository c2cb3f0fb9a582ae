package echodowntime_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/labstack/echo/v5"
	"github.com/stretchr/testify/require"

	echodowntime "github.com/go-downtime/downtime/adapters/echov5"
	"github.com/go-downtime/downtime/core"
)

type typedKey struct{}

// set is a handler in front of the gate that stores a value.
func set(key string, value any) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			c.Set(key, value)
			return next(c)
		}
	}
}

// seen runs check with the context that a predicate gets, after the handlers before.
func seen(t *testing.T, r *http.Request, check func(ctx context.Context), before ...echo.MiddlewareFunc) {
	t.Helper()
	ran := false
	gate := down(t, func(c *core.Config) {
		c.PredicateTimeout = time.Minute
		c.Bypass = []core.Predicate{core.Func("look", func(ctx context.Context, _ *http.Request) bool {
			ran = true
			check(ctx)
			return false
		})}
	})
	e := echo.New()
	e.Use(before...)
	e.Use(echodowntime.Middleware(gate))
	e.ServeHTTP(httptest.NewRecorder(), r)
	require.True(t, ran, "the predicate was not asked")
}

func TestPredicateContext(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		before echo.MiddlewareFunc
		key    any
		want   any
	}{
		"sees a string key":             {before: set("user", "root"), key: "user", want: "root"},
		"sees the request's context":    {before: set("x", 1), key: typedKey{}, want: "typed, from the request"},
		"a native value goes before":    {before: set("tenant", "native"), key: "tenant", want: "native"},
		"a stored nil counts as absent": {before: set("tenant", nil), key: "tenant", want: "from the request"},
		"an absent key is nil":          {before: set("x", 1), key: "absent", want: nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			//nolint:revive,staticcheck // the very key that c.Set uses
			ctx := context.WithValue(t.Context(), "tenant", "from the request")
			ctx = context.WithValue(ctx, typedKey{}, "typed, from the request")
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", http.NoBody)
			seen(t, r, func(ctx context.Context) {
				require.Equal(t, tc.want, ctx.Value(tc.key))
				c, ok := echodowntime.From(ctx)
				require.True(t, ok)
				require.NotNil(t, c)
			}, tc.before)
		})
	}
	t.Run("has the request's deadline and cancellation", func(t *testing.T) {
		t.Parallel()
		deadline := time.Now().Add(50 * time.Second) // before the predicate's own
		ctx, cancel := context.WithDeadline(t.Context(), deadline)
		defer cancel()
		seen(t, httptest.NewRequestWithContext(ctx, http.MethodGet, "/", http.NoBody), func(ctx context.Context) {
			got, ok := ctx.Deadline()
			require.True(t, ok)
			require.Equal(t, deadline, got)
			require.NoError(t, ctx.Err())
			cancel()
			<-ctx.Done()
			require.ErrorIs(t, ctx.Err(), context.Canceled)
		})
	})
}

func TestPredicate(t *testing.T) {
	t.Parallel()
	admin := echodowntime.Predicate("admin", func(c *echo.Context) bool { return c.Get("role") == "admin" })
	require.Equal(t, "admin", admin.Name())
	gate := down(t, func(c *core.Config) { c.Bypass = []core.Predicate{admin} })
	e := echo.New()
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			c.Set("role", c.QueryParam("role"))
			return next(c)
		}
	}, echodowntime.Middleware(gate))
	e.GET("/", ok)

	t.Run("sees the native context", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, http.StatusOK, serve(t, e, http.MethodGet, "/?role=admin").Code)
		require.Equal(t, http.StatusServiceUnavailable, serve(t, e, http.MethodGet, "/?role=guest").Code)
	})
	t.Run("says no where there is no echo context", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, http.StatusServiceUnavailable, serve(t, gate.Handler(e), http.MethodGet, "/?role=admin").Code)
	})
	t.Run("a nil function is a fault of the config", func(t *testing.T) {
		t.Parallel()
		_, err := core.New(core.Config{Bypass: []core.Predicate{echodowntime.Predicate("none", nil)}})
		require.ErrorContains(t, err, "Bypass[0]")
	})
}

func TestFromFindsNothingElsewhere(t *testing.T) {
	t.Parallel()
	c, ok := echodowntime.From(t.Context())
	require.False(t, ok)
	require.Nil(t, c)
}

func TestWrap(t *testing.T) {
	t.Parallel()
	t.Run("the handler's context holds native and request values", func(t *testing.T) {
		t.Parallel()
		e := echo.New()
		e.Use(set("user", "native"), set("nil", nil))
		e.GET("/x/*", echodowntime.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			require.Equal(t, "native", r.Context().Value("user"))
			require.Equal(t, "request", r.Context().Value("nil"), "a stored nil counts as absent")
			require.Equal(t, "typed", r.Context().Value(typedKey{}))
			c, ok := echodowntime.From(r.Context())
			require.True(t, ok)
			require.Equal(t, "path", c.Param("*"))
			require.NotNil(t, r.Context().Done())
			w.WriteHeader(http.StatusAccepted)
		})))
		//nolint:revive,staticcheck // the very key that c.Set uses
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), "nil", "request"))
		defer cancel()
		ctx = context.WithValue(ctx, typedKey{}, "typed")
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/x/path", http.NoBody))
		require.Equal(t, http.StatusAccepted, w.Code)
	})
	t.Run("a context that outlives its request sees no other request's values", func(t *testing.T) {
		t.Parallel()
		var kept context.Context
		e := echo.New()
		e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c *echo.Context) error {
				c.Set("user", c.QueryParam("user"))
				return next(c)
			}
		})
		e.GET("/", echodowntime.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if kept == nil {
				kept = r.Context()
				return
			}
			require.Nil(t, kept.Value("user"))
			_, ok := echodowntime.From(kept)
			require.False(t, ok)
		})))
		serve(t, e, http.MethodGet, "/?user=guest")
		serve(t, e, http.MethodGet, "/?user=root")
		require.Nil(t, kept.Value("user"))
	})
	t.Run("an echo handler behind it that takes the request over goes in no circle", func(t *testing.T) {
		t.Parallel()
		gate := down(t, func(c *core.Config) {
			c.Bypass = []core.Predicate{core.ContextValue("user", "user", func(u string) bool { return u == "root" })}
		})
		e := echo.New()
		e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
			return echodowntime.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				c, _ := echodowntime.From(r.Context())
				c.SetRequest(r)
				_ = next(c)
			}))
		}, echodowntime.Middleware(gate))
		e.GET("/", ok)
		require.Equal(t, http.StatusServiceUnavailable, serve(t, e, http.MethodGet, "/").Code)
	})
	t.Run("a nil handler panics at construction", func(t *testing.T) {
		t.Parallel()
		require.PanicsWithValue(t, "echodowntime: Wrap: handler is nil", func() { echodowntime.Wrap(nil) })
	})
}
