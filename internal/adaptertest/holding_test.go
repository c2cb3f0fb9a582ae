package adaptertest

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	chidowntime "github.com/go-downtime/downtime/adapters/chi"
	echodowntime "github.com/go-downtime/downtime/adapters/echo"
	gindowntime "github.com/go-downtime/downtime/adapters/gin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/gatetest"
	"github.com/go-downtime/downtime/internal/rawhttp"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/memstore"
)

const (
	heldLimit     = 5 * time.Second
	heldOpensAt   = 3 * time.Second
	serverTimeout = 2 * time.Second // it would pass while a request waits
)

// heldSite is a site of one handler, which answers with the body of its request.
type heldSite struct {
	gate  *core.Gate
	store *memstore.Store
	runs  atomic.Int64
}

func newHeldSite(t *testing.T) *heldSite {
	t.Helper()
	s := &heldSite{store: memstore.New()}
	s.gate = gatetest.NewGate(t, core.Config{Store: s.store})
	return s
}

func (s *heldSite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.runs.Add(1)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusTeapot)
		return
	}
	_, _ = io.WriteString(w, r.Method+" "+string(body))
}

// builds are the site in each framework.
func (s *heldSite) builds() map[string]http.Handler {
	engine, around := gin.New(), gin.New()
	engine.Use(gindowntime.Middleware(s.gate))
	engine.Any("/", gindowntime.Wrap(s))
	around.Any("/", gindowntime.Wrap(s))
	e, pre := echo.New(), echo.New()
	e.Use(echodowntime.Middleware(s.gate))
	e.Any("/", echodowntime.Wrap(s))
	pre.Pre(echodowntime.Middleware(s.gate))
	pre.Any("/", echodowntime.Wrap(s))
	router, own := chi.NewRouter(), chi.NewRouter()
	router.Use(chidowntime.Middleware(s.gate))
	router.Handle("/", s)
	own.Use(chidowntime.Middleware(s.gate, chidowntime.WithResponder(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "down")
	}))))
	own.Handle("/", s)
	return map[string]http.Handler{
		"net/http": s.gate.Handler(s), "gin": engine, "gin, Handler": s.gate.Handler(around),
		"echo": e, "echo, Pre": pre, "chi": router, "chi, responder": own,
	}
}

// close takes the site down, and returns when its gate refuses.
func (s *heldSite) close(t *testing.T) {
	t.Helper()
	op := operator.Operator{Store: s.store, Actor: "test"}
	_, err := op.Start(t.Context(), operator.StartOptions{Hold: new(heldLimit)})
	require.NoError(t, err)
	require.NoError(t, s.gate.Refresh(t.Context()))
}

func (s *heldSite) open(ctx context.Context) error {
	_, err := operator.Operator{Store: s.store, Actor: "test"}.End(ctx, operator.EndOptions{All: true})
	return err
}

// heldServer serves h with time-outs that are shorter than the hold.
func heldServer(t *testing.T, h http.Handler, http2 bool) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ReadTimeout, server.Config.WriteTimeout = serverTimeout, serverTimeout
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if server.EnableHTTP2 = http2; http2 {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server
}

// waitHeld returns when the gate holds n requests.
func (s *heldSite) waitHeld(t *testing.T, n int64) {
	t.Helper()
	require.Eventually(t, func() bool { return s.gate.Status().Held == n }, rawhttp.Patience, 5*time.Millisecond)
}

// Each framework holds GET and POST, over HTTP/1 and HTTP/2, longer than the time-outs of the
// server. Half of the sites open in time; the others do not.
func TestEachFrameworkHoldsRequestsBeyondTheTimeoutsOfTheServer(t *testing.T) {
	t.Parallel()
	for _, opens := range []bool{true, false} {
		site := newHeldSite(t)
		site.close(t)
		limit := site.gate.Status().Closure.HoldUntil
		if opens {
			timer := time.AfterFunc(heldOpensAt, func() { _ = site.open(context.Background()) })
			t.Cleanup(func() { timer.Stop() })
		}
		for framework, h := range site.builds() {
			for protocol, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
				server := heldServer(t, h, http2)
				for _, method := range []string{http.MethodGet, http.MethodPost} {
					name := map[bool]string{true: "opens", false: "stays closed"}[opens] + ", " + framework + ", " + protocol + ", " + method
					t.Run(name, func(t *testing.T) {
						t.Parallel()
						body := ""
						if method == http.MethodPost {
							body = strings.Repeat("order ", 10_000) // more than the server reads ahead
						}
						r, err := http.NewRequestWithContext(t.Context(), method, server.URL, strings.NewReader(body))
						require.NoError(t, err)
						res, err := server.Client().Do(r)
						require.NoError(t, err)
						defer func() { _ = res.Body.Close() }()
						answer, err := io.ReadAll(res.Body)
						require.NoError(t, err)
						require.Equal(t, protocol, res.Proto)
						if opens {
							require.Equal(t, http.StatusOK, res.StatusCode, "%s", answer)
							require.Equal(t, method+" "+body, string(answer))
							return
						}
						require.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
						require.NotEmpty(t, res.Header.Get("Retry-After"))
						require.False(t, time.Now().Before(limit))
					})
				}
			}
		}
		if !opens {
			t.Cleanup(func() { require.Zero(t, site.runs.Load()) })
		}
	}
}

// A client sends its body while the request is held, after the ReadTimeout of the server.
func TestABodyThatArrivesDuringTheHoldIsRead(t *testing.T) {
	t.Parallel()
	site := newHeldSite(t)
	server := heldServer(t, site.gate.Handler(site), false)
	site.close(t)
	conn, in := rawhttp.Dial(t, server.Listener.Addr().String())
	rawhttp.Send(t, conn, "POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 5\r\n\r\nor")
	site.waitHeld(t, 1)
	unfinished, end := rawhttp.Dial(t, server.Listener.Addr().String())
	rawhttp.Send(t, unfinished, "GET / HTTP/1.1\r\n")
	_, _ = io.ReadAll(end) // until the ReadTimeout, which would also have ended the other request
	rawhttp.Send(t, conn, "der")
	require.NoError(t, site.open(t.Context()))
	got := rawhttp.Read(t, in, http.MethodPost)
	require.Equal(t, http.StatusOK, got.Status, got.Body)
	require.Equal(t, "POST order", got.Body)
}

func TestAClientThatLeavesDuringTheHoldIsNotServed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		http2  bool
		method string
	}{
		"GET over HTTP/1":  {false, http.MethodGet},
		"GET over HTTP/2":  {true, http.MethodGet},
		"POST over HTTP/2": {true, http.MethodPost},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := newHeldSite(t)
			server := heldServer(t, site.gate.Handler(site), tc.http2)
			site.close(t)
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			r, err := http.NewRequestWithContext(ctx, tc.method, server.URL, strings.NewReader("order"))
			require.NoError(t, err)
			failed := make(chan error, 1)
			go func() {
				res, err := server.Client().Do(r)
				if err == nil {
					_ = res.Body.Close()
				}
				failed <- err
			}()
			site.waitHeld(t, 1)
			leave()
			require.ErrorIs(t, <-failed, context.Canceled)
			site.waitHeld(t, 0)
			require.NoError(t, site.open(t.Context()))
			require.NoError(t, site.gate.Refresh(t.Context()))
			require.Zero(t, site.runs.Load())
		})
	}
}

// A server that shuts down does not wait until the limit if it closes the streams.
func TestAServerThatShutsDownRefusesHeldRequests(t *testing.T) {
	t.Parallel()
	site := newHeldSite(t)
	server := heldServer(t, site.gate.Handler(site), false)
	server.Config.RegisterOnShutdown(site.gate.CloseStreams)
	site.close(t)
	conn, in := rawhttp.Dial(t, server.Listener.Addr().String())
	rawhttp.Send(t, conn, "GET / HTTP/1.1\r\nHost: site.test\r\n\r\n")
	site.waitHeld(t, 1)
	require.NoError(t, server.Config.Shutdown(t.Context()))
	require.Less(t, time.Until(site.gate.Status().Closure.Since.Add(heldLimit)), heldLimit)
	require.Equal(t, http.StatusServiceUnavailable, rawhttp.Read(t, in, http.MethodGet).Status)
	require.NoError(t, site.gate.Shutdown(t.Context()))
}
