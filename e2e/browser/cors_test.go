package browser

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/rs/cors"
	"github.com/stretchr/testify/require"

	echodowntime "github.com/go-downtime/downtime/adapters/echo"
	"github.com/go-downtime/downtime/core"
)

// A script of another origin reads the refusal of a request that needs a preflight, with the gate
// before the CORS middleware and after it.
func TestScriptsOfOtherOriginsReadRefusals(t *testing.T) {
	t.Parallel()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, "<!doctype html><title>app</title><link rel=icon href=data:,>")
	}))
	t.Cleanup(page.Close)
	allow := cors.New(cors.Options{
		AllowedOrigins: []string{page.URL}, AllowedMethods: []string{http.MethodPut}, AllowedHeaders: []string{"*"}, AllowCredentials: true,
	})
	gate := func(c core.Config) *core.Gate {
		c.Down, c.Logger = true, slog.New(slog.DiscardHandler)
		gate, err := core.New(c)
		require.NoError(t, err)
		return gate
	}
	underUse := echo.New()
	underUse.Use(middleware.CORSWithConfig(middleware.CORSConfig{AllowOrigins: []string{page.URL}, AllowCredentials: true}))
	underUse.Use(echodowntime.Middleware(gate(core.Config{})))
	for name, site := range map[string]http.Handler{
		"the gate first":    gate(core.Config{CORSOrigins: []string{page.URL}, CORSCredentials: true}).Handler(allow.Handler(http.NotFoundHandler())),
		"net/http CORS":     allow.Handler(gate(core.Config{}).Handler(http.NotFoundHandler())),
		"echo's CORS":       underUse,
		"any origin, no id": gate(core.Config{CORSOrigins: []string{"*"}}).Handler(http.NotFoundHandler()),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := httptest.NewServer(site)
			t.Cleanup(api.Close)
			b := newTab(t, person{})
			require.Equal(t, http.StatusOK, b.open(page.URL))
			credentials := "include"
			if name == "any origin, no id" {
				credentials = "omit"
			}
			got := read[[]string](b, `fetch("`+api.URL+`/orders/7", {
				method: "PUT", credentials: "`+credentials+`", body: "{}",
				headers: {"Content-Type": "application/json", "X-Client": "7", "Accept": "application/json"},
			}).then(async (r) => [String(r.status), r.headers.get("Downtime"), String(Number(r.headers.get("Retry-After")) > 0), (await r.json()).kind])`)
			require.Equal(t, []string{"503", "down;kind=planned", "true", "planned"}, got)
		})
	}
	t.Run("without CORS headers the script reads nothing", func(t *testing.T) {
		t.Parallel()
		api := httptest.NewServer(gate(core.Config{}).Handler(http.NotFoundHandler()))
		t.Cleanup(api.Close)
		b := newTab(t, person{})
		require.Equal(t, http.StatusOK, b.open(page.URL))
		require.Equal(t, "TypeError", read[string](b, `fetch("`+api.URL+`", {method: "PUT"}).catch((e) => e.name)`))
		b.faults = nil // the browser's own message about it
	})
}
