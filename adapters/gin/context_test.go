package gindowntime_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	gindowntime "github.com/go-downtime/downtime/adapters/gin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/gatetest"
)

type typedKey struct{}

// seen runs check with the context that a predicate gets, after the handlers before.
func seen(t *testing.T, r *http.Request, check func(ctx context.Context), before ...gin.HandlerFunc) {
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
	engine := gin.New()
	engine.Use(before...)
	engine.Use(gindowntime.Middleware(gate))
	engine.ServeHTTP(httptest.NewRecorder(), r)
	require.True(t, ran, "the predicate was not asked")
}

func TestPredicateContext(t *testing.T) {
	t.Parallel()
	set := func(key, value any) gin.HandlerFunc { return func(c *gin.Context) { c.Set(key, value) } }
	for name, tc := range map[string]struct {
		before gin.HandlerFunc
		key    any
		want   any
	}{
		"sees a string key":                   {before: set("user", "root"), key: "user", want: "root"},
		"sees a typed key":                    {before: set(typedKey{}, "root"), key: typedKey{}, want: "root"},
		"sees the request's context":          {before: set("x", 1), key: "tenant", want: "from the request"},
		"a native value goes before":          {before: set("tenant", "native"), key: "tenant", want: "native"},
		"a stored nil counts as absent":       {before: set("tenant", nil), key: "tenant", want: "from the request"},
		"an absent key is nil":                {before: set("x", 1), key: "absent", want: nil},
		"gin's own key cannot be overwritten": {before: set(gin.ContextKey, "forged"), key: "absent", want: nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			//nolint:revive,staticcheck // the very key that c.Set uses
			ctx := context.WithValue(t.Context(), "tenant", "from the request")
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", http.NoBody)
			seen(t, r, func(ctx context.Context) {
				require.Equal(t, tc.want, ctx.Value(tc.key))
				c, ok := gindowntime.From(ctx)
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
	admin := gindowntime.Predicate("admin", func(c *gin.Context) bool { return c.GetString("role") == "admin" })
	require.Equal(t, "admin", admin.Name())
	gate := down(t, func(c *core.Config) { c.Bypass = []core.Predicate{admin} })
	engine := gin.New()
	engine.Use(func(c *gin.Context) { c.Set("role", c.Query("role")) }, gindowntime.Middleware(gate))
	engine.GET("/", func(c *gin.Context) { c.String(http.StatusOK, "up") })

	t.Run("sees the native context", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, http.StatusOK, serve(t, engine, http.MethodGet, "/?role=admin").Code)
		require.Equal(t, http.StatusServiceUnavailable, serve(t, engine, http.MethodGet, "/?role=guest").Code)
	})
	t.Run("says no where there is no gin context", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, http.StatusServiceUnavailable, serve(t, gate.Handler(engine), http.MethodGet, "/?role=admin").Code)
	})
	t.Run("a nil function is a fault of the config", func(t *testing.T) {
		t.Parallel()
		_, err := core.New(core.Config{Bypass: []core.Predicate{gindowntime.Predicate("none", nil)}})
		require.ErrorContains(t, err, "Bypass[0]")
	})
}

func TestFromFindsNothingElsewhere(t *testing.T) {
	t.Parallel()
	c, ok := gindowntime.From(t.Context())
	require.False(t, ok)
	require.Nil(t, c)
}

func TestWrap(t *testing.T) {
	t.Parallel()
	t.Run("the handler's context holds native and request values", func(t *testing.T) {
		t.Parallel()
		engine := gin.New()
		engine.Use(func(c *gin.Context) { c.Set(typedKey{}, "native"); c.Set("nil", nil) })
		engine.GET("/x/*path", gindowntime.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			require.Equal(t, "native", r.Context().Value(typedKey{}))
			require.Equal(t, "request", r.Context().Value("nil"), "a stored nil counts as absent")
			c, ok := gindowntime.From(r.Context())
			require.True(t, ok)
			require.Equal(t, "/path", c.Param("path"))
			require.NotNil(t, r.Context().Done())
			w.WriteHeader(http.StatusAccepted)
		})))
		//nolint:revive,staticcheck // the very key that c.Set uses
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), "nil", "request"))
		defer cancel()
		w := httptest.NewRecorder()
		engine.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/x/path", http.NoBody))
		require.Equal(t, http.StatusAccepted, w.Code)
	})
	t.Run("a context that outlives its request sees no other request's values", func(t *testing.T) {
		t.Parallel()
		var kept context.Context
		engine := gin.New()
		engine.Use(func(c *gin.Context) { c.Set("user", c.Query("user")) })
		engine.GET("/", gindowntime.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if kept == nil {
				kept = r.Context()
				return
			}
			require.Nil(t, kept.Value("user"))
			_, ok := gindowntime.From(kept)
			require.False(t, ok)
		})))
		serve(t, engine, http.MethodGet, "/?user=guest")
		serve(t, engine, http.MethodGet, "/?user=root")
		require.Nil(t, kept.Value("user"))
	})
	t.Run("a gin handler behind it that takes the request over goes in no circle", func(t *testing.T) {
		t.Parallel()
		gate := down(t, func(c *core.Config) {
			c.Bypass = []core.Predicate{core.ContextValue("user", "user", func(u string) bool { return u == "root" })}
		})
		engine := gin.New()
		engine.Use(gindowntime.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			c, _ := gindowntime.From(r.Context())
			c.Request = r
			c.Next()
		})), gindowntime.Middleware(gate))
		engine.GET("/", func(*gin.Context) {})
		require.Equal(t, http.StatusServiceUnavailable, serve(t, engine, http.MethodGet, "/").Code)
	})
	t.Run("a nil handler panics at construction", func(t *testing.T) {
		t.Parallel()
		require.PanicsWithValue(t, "gindowntime: Wrap: handler is nil", func() { gindowntime.Wrap(nil) })
	})
}

//nolint:paralleltest // AllocsPerRun counts what the whole process allocates
func TestAllocations(t *testing.T) {
	if gatetest.Race {
		t.Skip("the race detector allocates by itself")
	}
	engine := func(before ...gin.HandlerFunc) http.Handler {
		e := gin.New()
		e.Use(before...)
		e.GET("/", func(*gin.Context) {})
		return e
	}
	open := gindowntime.New(gindowntime.Config{})
	bare := gatetest.Allocations(t, engine(), "/")
	require.Equal(t, bare, gatetest.Allocations(t, engine(open), "/"), "an open gate allocates")

	exempt := gindowntime.Middleware(down(t, func(c *core.Config) { c.ExemptExact = []string{"/"} }))
	require.Equal(t, bare, gatetest.Allocations(t, engine(exempt), "/"), "an exempt request allocates")

	refused := gindowntime.Middleware(down(t, nil))
	withPredicate := gindowntime.Middleware(down(t, func(c *core.Config) {
		c.Bypass = []core.Predicate{core.Func("none", func(ctx context.Context, _ *http.Request) bool { return ctx.Value(typedKey{}) != nil })}
	}))
	require.Equal(t, gatetest.Allocations(t, engine(refused), "/")+1, gatetest.Allocations(t, engine(withPredicate), "/"), "one for the predicate's deadline, none for the overlay")
}
