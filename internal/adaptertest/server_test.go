package adaptertest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	chidowntime "github.com/go-downtime/downtime/adapters/chi"
	echodowntime "github.com/go-downtime/downtime/adapters/echo"
	gindowntime "github.com/go-downtime/downtime/adapters/gin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// deregistering tells when a row is deleted, which takes a moment.
type deregistering struct {
	*memstore.Store

	deleted chan string
}

func (s deregistering) DeleteRow(ctx context.Context, key string, note []byte) error {
	<-time.After(20 * time.Millisecond)
	err := s.Store.DeleteRow(ctx, key, note)
	s.deleted <- string(note)
	return err
}

var _ store.Rows = deregistering{}

// newByConfig builds a router whose middleware made its own gate, for each adapter.
var newByConfig = map[string]func(cfg core.Config, serve http.Handler) http.Handler{
	"gin": func(cfg core.Config, serve http.Handler) http.Handler {
		engine := gin.New()
		engine.Use(gindowntime.New(cfg))
		engine.GET("/", gin.WrapH(serve))
		return engine
	},
	"echo": func(cfg core.Config, serve http.Handler) http.Handler {
		e := echo.New()
		e.Use(echodowntime.New(cfg))
		e.GET("/", echo.WrapHandler(serve))
		return e
	},
	"chi": func(cfg core.Config, serve http.Handler) http.Handler { return chidowntime.New(cfg)(serve) },
}

// An application that has no gate, because it called New, deregisters by stopping its server.
func TestNewShutsDownWithTheServer(t *testing.T) {
	t.Parallel()
	for name, build := range newByConfig {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := deregistering{memstore.New(), make(chan string, 2)}
			entered, finish := make(chan struct{}), make(chan struct{})
			server := &http.Server{
				Handler: build(core.Config{Store: st}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
					close(entered)
					<-finish
				})),
			}
			listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
			require.NoError(t, err)
			go server.Serve(listener) //nolint:errcheck // it says that it was shut down
			answered := make(chan error, 1)
			go func() { answered <- visit(t, "http://"+listener.Addr().String()) }()
			<-entered
			stopped := make(chan error, 1)
			go func() { stopped <- server.Shutdown(t.Context()) }()
			require.Empty(t, st.deleted, "a request runs")
			close(finish)
			require.NoError(t, <-answered)
			require.Equal(t, "left", <-st.deleted)
			require.NoError(t, <-stopped)
		})
	}
}

// A process may end when its server has stopped. Its row has left the store by then.
func TestAServerWaitsUntilTheGateOfNewHasLeft(t *testing.T) {
	t.Parallel()
	type aContext = func(net.Listener) context.Context
	for name, tc := range map[string]struct {
		base aContext
		stop func(ctx context.Context, s *http.Server) error
		left bool
	}{
		"shut down": {nil, shutDown, true},
		"with a context for its listeners": {func(l net.Listener) context.Context {
			return context.WithValue(context.Background(), userKey{}, l.Addr().(*net.TCPAddr))
		}, shutDown, true},
		"with one that wants a listener of its own": {func(l net.Listener) context.Context {
			return context.WithValue(context.Background(), userKey{}, l.(*net.TCPListener))
		}, shutDown, false},
		"closed": {nil, func(_ context.Context, s *http.Server) error { return s.Close() }, false},
	} {
		for framework, build := range newByConfig {
			t.Run(name+", "+framework, func(t *testing.T) {
				t.Parallel()
				st := deregistering{memstore.New(), make(chan string, 2)}
				server := &http.Server{Handler: build(core.Config{Store: st, Logger: slog.New(slog.DiscardHandler)}, http.NotFoundHandler()), BaseContext: tc.base}
				listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
				require.NoError(t, err)
				served := make(chan error, 1)
				go func() { served <- server.Serve(listener) }()
				require.NoError(t, visit(t, "http://"+listener.Addr().String()))
				require.NoError(t, tc.stop(t.Context(), server))
				if tc.left {
					require.Equal(t, 1, len(st.deleted)) //nolint:testifylint // Len prints the channel
				}
				require.ErrorIs(t, <-served, http.ErrServerClosed)
			})
		}
	}
}

type userKey struct{}

func shutDown(ctx context.Context, s *http.Server) error { return s.Shutdown(ctx) }

// A server that goes on without the middleware does not keep its gate.
func TestNewLeavesNothingInTheServer(t *testing.T) {
	t.Parallel()
	for name, build := range newByConfig {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := deregistering{memstore.New(), make(chan string, 2)}
			var handler atomic.Pointer[http.Handler]
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				(*handler.Load()).ServeHTTP(w, r)
			}))
			defer server.Close()
			plain := http.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			gated := build(core.Config{Store: st}, plain)
			handler.Store(&gated)
			require.NoError(t, visit(t, server.URL))
			gated = nil
			handler.Store(&plain)
			require.NoError(t, visit(t, server.URL))
			require.Eventually(t, func() bool {
				runtime.GC()
				return len(st.deleted) > 0
			}, time.Minute, time.Millisecond, "the gate was not collected")
		})
	}
}

func visit(t *testing.T, url string) error {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, res.Body)
	return errors.Join(err, res.Body.Close())
}
