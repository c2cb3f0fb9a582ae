package adaptertest

import (
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	chidowntime "github.com/go-downtime/downtime/adapters/chi"
	echodowntime "github.com/go-downtime/downtime/adapters/echo"
	gindowntime "github.com/go-downtime/downtime/adapters/gin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/gatetest"
	"github.com/go-downtime/downtime/internal/rawhttp"
	"github.com/go-downtime/downtime/internal/testservers"
)

const uploadTimes = 10

// downSites refuse every request: in each framework, with the gate's answer and a responder's.
func downSites(gate *core.Gate) map[string]http.Handler {
	none := http.NotFoundHandler()
	engine, ownEngine := gin.New(), gin.New()
	engine.Use(gindowntime.Middleware(gate))
	ownEngine.Use(gindowntime.Middleware(gate, gindowntime.WithResponder(func(c *gin.Context, _ core.Decision) {
		c.String(c.Writer.Status(), "down")
	})))
	e, ownEcho := echo.New(), echo.New()
	e.Use(echodowntime.Middleware(gate))
	ownEcho.Use(echodowntime.Middleware(gate, echodowntime.WithResponder(func(c echo.Context, _ core.Decision) error {
		return c.String(c.Response().Status, "down")
	})))
	own := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "down") })
	return map[string]http.Handler{
		"net/http":        gate.Handler(none),
		"gin":             engine,
		"gin, responder":  ownEngine,
		"echo":            e,
		"echo, responder": ownEcho,
		"chi, responder":  chidowntime.Middleware(gate, chidowntime.WithResponder(own))(none),
	}
}

// A client or a proxy that sends 5 MB before it reads gets the refusal, and not a reset.
func TestARefusedUploadGetsTheRefusal(t *testing.T) {
	t.Parallel()
	gate := gatetest.NewGate(t, closed())
	for name, site := range downSites(gate) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := rawhttp.Serve(t, site)
			t.Run("http.client", func(t *testing.T) {
				t.Parallel()
				uploadByPython(t, address)
			})
			if strings.HasSuffix(name, "responder") {
				return
			}
			t.Run("Apache", func(t *testing.T) {
				t.Parallel()
				upload(t, testservers.Apache(t, address).Addr)
			})
			t.Run("Varnish", func(t *testing.T) {
				t.Parallel()
				upload(t, testservers.Varnish(t, address).Addr)
			})
		})
	}
}

func uploadByPython(t *testing.T, address string) {
	t.Helper()
	python := testservers.Program(t, "python3", "python3")
	const script = `import http.client, sys
for i in range(int(sys.argv[2])):
    c = http.client.HTTPConnection(sys.argv[1], timeout=30)
    c.request("POST", "/upload", b"x" * 5_000_000)
    r = c.getresponse()
    print(r.status, "yes" if r.headers["Retry-After"] and r.read() else "no")
`
	out, err := exec.CommandContext(t.Context(), python, "-c", script, address, "10").CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Equal(t, strings.Repeat("503 yes\n", uploadTimes), string(out))
}

func upload(t *testing.T, address string) {
	t.Helper()
	for range uploadTimes {
		conn, in := rawhttp.Dial(t, address)
		_, err := io.WriteString(conn, "POST /upload HTTP/1.1\r\nHost: site.test\r\nContent-Length: 5000000\r\n\r\n"+strings.Repeat("x", 5_000_000))
		require.NoError(t, err)
		a := rawhttp.Read(t, in, http.MethodPost)
		require.Equal(t, http.StatusServiceUnavailable, a.Status, "%v %s", a.Header, a.Body)
		require.Equal(t, []string{"down;kind=planned"}, a.Header["Downtime"], "not the proxy's own 503")
		require.NotEmpty(t, a.Body)
	}
}
