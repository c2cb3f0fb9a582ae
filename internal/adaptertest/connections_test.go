package adaptertest

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

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
)

const (
	h2cUpgrade = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"
	h2cOpening = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
)

// h2cSites put a gate around gin's own HTTP/2 without TLS, which takes connections over.
var h2cSites = map[string]func(gate *core.Gate, site http.Handler) http.Handler{
	"gate.Handler":     func(gate *core.Gate, site http.Handler) http.Handler { return gate.Handler(site) },
	"chi's middleware": func(gate *core.Gate, site http.Handler) http.Handler { return chidowntime.Middleware(gate)(site) },
	"chi's, own responder": func(gate *core.Gate, site http.Handler) http.Handler {
		own := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "down") })
		return chidowntime.Middleware(gate, chidowntime.WithResponder(own))(site)
	},
}

// put closes or opens a gate of this store.
func put(t *testing.T, gate *core.Gate, store *gatetest.Periods, down bool) {
	t.Helper()
	if down {
		store.Set(gatetest.InForce(1)...)
	} else {
		store.Set()
	}
	require.NoError(t, gate.Refresh(t.Context()))
}

// A handler that speaks HTTP/2 without TLS takes the connection from the server at its first
// request. A gate around it would never see the others.
func TestTheGateSeesEveryRequestOfAConnection(t *testing.T) {
	t.Parallel()
	for name, around := range h2cSites {
		for state, opening := range map[string]string{
			"open, an upgrade":         "GET /users/7 HTTP/1.1\r\nHost: site.test\r\n" + h2cUpgrade + "\r\n",
			"exempt, an upgrade":       "GET /healthz HTTP/1.1\r\nHost: site.test\r\n" + h2cUpgrade + "\r\n",
			"bypassed, an upgrade":     "GET /users/7 HTTP/1.1\r\nHost: site.test\r\nX-Api-Key: " + keyNew + "\r\n" + h2cUpgrade + "\r\n",
			"open, prior knowledge":    h2cOpening,
			"blocked, prior knowledge": h2cOpening,
		} {
			t.Run(name+": "+state, func(t *testing.T) {
				t.Parallel()
				store := gatetest.NewPeriods()
				cfg := base()
				cfg.Store = store
				gate := gatetest.NewGate(t, cfg)
				engine := gin.New()
				engine.UseH2C = true
				engine.GET("/*path", func(c *gin.Context) { c.String(http.StatusOK, c.Request.Proto) })
				conn, in := rawhttp.Dial(t, rawhttp.Serve(t, around(gate, engine.Handler())))
				put(t, gate, store, !strings.HasPrefix(state, "open"))
				rawhttp.Send(t, conn, opening)
				a := rawhttp.Read(t, in, http.MethodGet)
				if opening == h2cOpening {
					want := http.StatusHTTPVersionNotSupported
					if strings.HasSuffix(name, "responder") {
						want = http.StatusServiceUnavailable
					}
					require.Equal(t, want, a.Status)
					_, err := in.ReadByte()
					require.Error(t, err, "the server hangs up")
					return
				}
				require.Equal(t, http.StatusOK, a.Status, "no 101")
				require.Equal(t, "HTTP/1.1", a.Body)
				put(t, gate, store, true)
				rawhttp.Send(t, conn, "GET /users/7 HTTP/1.1\r\nHost: site.test\r\n\r\n")
				require.Equal(t, http.StatusServiceUnavailable, rawhttp.Read(t, in, http.MethodGet).Status)
			})
		}
	}
}

// HTTP/2 without TLS by the server itself, or in front of gin's middleware: every request of
// a connection is judged.
func TestHTTP2WithoutTLSByTheServer(t *testing.T) {
	t.Parallel()
	for name, site := range map[string]func(*core.Gate) http.Handler{
		"gate.Handler": func(gate *core.Gate) http.Handler {
			return gate.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }))
		},
		"gin's own, gin's middleware": func(gate *core.Gate) http.Handler {
			engine := gin.New()
			engine.UseH2C = true
			engine.Use(gindowntime.Middleware(gate))
			engine.GET("/*path", func(c *gin.Context) { c.String(http.StatusOK, c.Request.Proto) })
			return engine.Handler()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := gatetest.NewPeriods()
			cfg := base()
			cfg.Store = store
			gate := gatetest.NewGate(t, cfg)
			server := httptest.NewUnstartedServer(site(gate))
			both := new(http.Protocols)
			both.SetHTTP1(true)
			both.SetUnencryptedHTTP2(!strings.HasPrefix(name, "gin"))
			server.Config.Protocols = both
			server.Start()
			t.Cleanup(server.Close)
			dialed := 0
			only := new(http.Protocols)
			only.SetUnencryptedHTTP2(true)
			transport := &http.Transport{Protocols: only}
			t.Cleanup(transport.CloseIdleConnections)
			dialer := &net.Dialer{}
			transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				dialed++
				return dialer.DialContext(ctx, network, address)
			}
			client := &http.Client{Transport: transport}
			status := func(path string) int {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
				require.NoError(t, err)
				res, err := client.Do(r)
				require.NoError(t, err)
				require.NoError(t, res.Body.Close())
				require.Equal(t, "HTTP/2.0", res.Proto)
				return res.StatusCode
			}
			require.Equal(t, http.StatusOK, status("/users/7"))
			put(t, gate, store, true)
			require.Equal(t, http.StatusServiceUnavailable, status("/users/7"))
			require.Equal(t, http.StatusOK, status("/healthz"))
			require.Equal(t, 1, dialed, "one connection")
		})
	}
}

// A reverse proxy below an exempt path passes upgrades on. A backend that speaks HTTP/2
// afterwards serves all of its paths on that connection.
func TestAProxyCannotBeMadeATunnel(t *testing.T) {
	t.Parallel()
	backend := lenientBackend(t)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(backend) },
		// Since Go 1.27 the proxy refuses CONNECT itself. The gate still calls it.
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Method != http.MethodConnect {
				t.Error(err)
			}
			w.WriteHeader(http.StatusOK)
		},
	}
	for framework, h := range proxied(gatetest.NewGate(t, base()), proxy) {
		t.Run(framework+": an upgrade while open", func(t *testing.T) {
			t.Parallel()
			conn, in := rawhttp.Dial(t, rawhttp.Serve(t, h))
			rawhttp.Send(t, conn, "GET /users/7 HTTP/1.1\r\nHost: site.test\r\n"+h2cUpgrade+"\r\n")
			require.Equal(t, http.StatusOK, rawhttp.Read(t, in, http.MethodGet).Status)
		})
	}
	for framework, h := range proxied(gatetest.NewGate(t, closed()), proxy) {
		address := rawhttp.Serve(t, h)
		for name, tc := range map[string]struct {
			request string
			status  int
		}{
			"an upgrade to h2c":               {"GET /static/x HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n", 200},
			"in capitals":                     {"GET /static/x HTTP/1.1\r\nConnection: upgrade\r\nUPGRADE: H2C\r\n", 200},
			"in a list":                       {"GET /static/x HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket, h2c\r\n", 200},
			"in a second line":                {"GET /static/x HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n", 200},
			"an upgrade to HTTP/2.0":          {"GET /static/x HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: HTTP/2.0\r\n", 200},
			"an upgrade to TLS":               {"OPTIONS /static/x HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2, HTTP/1.1\r\n", 200},
			"a WebSocket of an exempt path":   {"GET /static/ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n", 101},
			"a WebSocket of another path":     {"GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n", 503},
			"a tunnel by an exempt path":      {"CONNECT /static/x HTTP/1.1\r\n", 503},
			"a tunnel":                        {"CONNECT internal.test:443 HTTP/1.1\r\n", 503},
			"a tunnel of a client with a key": {"CONNECT /x HTTP/1.1\r\nX-Api-Key: " + keyNew + "\r\n", 200},
		} {
			t.Run(framework+": "+name, func(t *testing.T) {
				t.Parallel()
				conn, in := rawhttp.Dial(t, address)
				rawhttp.Send(t, conn, tc.request+"Host: site.test\r\n\r\n")
				res, err := http.ReadResponse(in, nil)
				require.NoError(t, err)
				require.NoError(t, res.Body.Close())
				require.Equal(t, tc.status, res.StatusCode)
			})
		}
	}
}

// proxied is a proxy for all paths and methods, under a gate in each framework.
func proxied(gate *core.Gate, proxy *httputil.ReverseProxy) map[string]http.Handler {
	engine := gin.New()
	engine.Use(gindowntime.Middleware(gate))
	engine.NoRoute(gin.WrapH(proxy))
	e := echo.New()
	e.Use(echodowntime.Middleware(gate))
	e.RouteNotFound("/*", echo.WrapHandler(proxy))
	router := chi.NewRouter()
	router.Use(chidowntime.Middleware(gate))
	router.Handle("/*", proxy)
	router.MethodNotAllowed(proxy.ServeHTTP)
	return map[string]http.Handler{"net/http": gate.Handler(proxy), "gin": engine, "echo": e, "chi": router}
}

// lenientBackend agrees to every upgrade that it is asked for, and answers other requests by 200.
func lenientBackend(t *testing.T) *url.URL {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protocol := r.Header.Get("Upgrade")
		if protocol == "" {
			return
		}
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close() //nolint:errcheck // nothing is lost
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "+protocol+"\r\n\r\n")
		_, _ = bufio.NewReader(rw).ReadByte()
	}))
	t.Cleanup(server.Close)
	backend, err := url.Parse(server.URL)
	require.NoError(t, err)
	return backend
}
