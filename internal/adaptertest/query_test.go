package adaptertest

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/labstack/echo/v4"
	echomiddleware "github.com/labstack/echo/v4/middleware"
	"github.com/stretchr/testify/require"

	chidowntime "github.com/go-downtime/downtime/adapters/chi"
	echodowntime "github.com/go-downtime/downtime/adapters/echo"
	gindowntime "github.com/go-downtime/downtime/adapters/gin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/gatetest"
	"github.com/go-downtime/downtime/internal/rawhttp"
)

// accessLog holds the lines of middleware in front of the gate, written after the answer.
type accessLog struct {
	mu    sync.Mutex
	lines []string
}

func (l *accessLog) add(r *http.Request, more ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, append(more, r.RequestURI, r.URL.String())...)
}

func (l *accessLog) std(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		l.add(r)
	})
}

// The key that lets a request pass is in nothing that the application, its log or its redirects
// make of the request.
func TestAKeyInTheQueryStaysWithTheGate(t *testing.T) {
	t.Parallel()
	const left = "page=2"
	show := func(r *http.Request, query string) string {
		return fmt.Sprintf("%s|%s|%s|%s", r.RequestURI, r.URL, query, r.FormValue("key"))
	}
	for name, build := range map[string]func(gate *core.Gate, log *accessLog) http.Handler{
		"net/http": func(gate *core.Gate, log *accessLog) http.Handler {
			mux := http.NewServeMux()
			mux.HandleFunc("/orders/", func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, show(r, r.URL.Query().Get("key"))) })
			return log.std(gate.Handler(mux))
		},
		"gin": func(gate *core.Gate, log *accessLog) http.Handler {
			engine := gin.New()
			engine.Use(func(c *gin.Context) { c.Next(); log.add(c.Request) }, gindowntime.Middleware(gate))
			engine.GET("/orders/", func(c *gin.Context) { c.String(http.StatusOK, show(c.Request, c.Query("key"))) })
			return engine
		},
		"gin, wrapped": func(gate *core.Gate, log *accessLog) http.Handler {
			engine := gin.New()
			engine.GET("/orders/", func(c *gin.Context) { c.String(http.StatusOK, show(c.Request, c.Query("key"))) })
			return log.std(gate.Handler(engine))
		},
		"echo": func(gate *core.Gate, log *accessLog) http.Handler {
			e := echo.New()
			e.Use(echomiddleware.RequestLoggerWithConfig(echomiddleware.RequestLoggerConfig{
				LogURI: true,
				LogValuesFunc: func(c echo.Context, v echomiddleware.RequestLoggerValues) error {
					log.add(c.Request(), v.URI)
					return nil
				},
			}), echodowntime.Middleware(gate))
			e.GET("/orders/", func(c echo.Context) error { return c.String(http.StatusOK, show(c.Request(), c.QueryParam("key"))) })
			return e
		},
		"chi": func(gate *core.Gate, log *accessLog) http.Handler {
			r := chi.NewRouter()
			r.Use(log.std, chidowntime.Middleware(gate))
			r.Get("/orders/", func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, show(r, r.URL.Query().Get("key"))) })
			return r
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := &accessLog{}
			gate := gatetest.NewGate(t, core.Config{Down: true, Bypass: []core.Predicate{core.APIKeyQuery("key", core.KeyLiteral(keyNew))}})
			address := rawhttp.Serve(t, build(gate, log))
			a := rawhttp.Ask(t, address, rawhttp.Get("/orders/?key="+keyNew+"&"+left, nil))
			require.Equal(t, http.StatusOK, a.Status)
			require.Equal(t, "/orders/?page=2|/orders/?page=2||", a.Body)
			require.Equal(t, "no-referrer", a.Header.Get("Referrer-Policy"))
			require.Equal(t, "private, no-store", a.Header.Get("Cache-Control"))
			if strings.Contains(name, "net/http") || strings.Contains(name, "wrapped") {
				a = rawhttp.Ask(t, address, rawhttp.Get("/orders?key="+keyNew+"&"+left, nil))
				require.Equal(t, "/orders/?page=2", a.Header.Get("Location"), "a redirect of the router")
			}
			log.mu.Lock()
			defer log.mu.Unlock()
			require.NotEmpty(t, log.lines)
			require.NotContains(t, strings.Join(log.lines, "\n"), keyNew)
		})
	}
}
