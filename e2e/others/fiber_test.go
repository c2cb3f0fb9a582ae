package others

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/adaptor"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
)

// counted is the middleware that docs/work.md shows for Fiber.
func counted(gate *core.Gate) fiber.Handler {
	return func(c fiber.Ctx) error {
		var ticket core.Ticket
		passes := false
		err := adaptor.HTTPHandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if ticket, passes = gate.Enter(r); passes {
				return
			}
			var d core.Decision
			if ticket, d = gate.Admit(r.Context(), w, r); d.Passes() {
				passes = true
				return
			}
			gate.Respond(w, r, d)
		})(c)
		if err != nil || !passes {
			return err
		}
		defer ticket.Leave()
		return c.Next()
	}
}

// Fiber's adaptor calls the next handler after the net/http middleware has returned.
func TestFiber(t *testing.T) {
	t.Parallel()
	serve := func(t *testing.T, cfg core.Config, use func(app *fiber.App, gate *core.Gate)) (status int, running int64) {
		t.Helper()
		cfg.Logger = slog.New(slog.DiscardHandler)
		gate, err := core.New(cfg)
		require.NoError(t, err)
		running = -1
		app := fiber.New()
		use(app, gate)
		app.Get("/", func(c fiber.Ctx) error {
			s := gate.Status()
			running = s.InFlight + s.Exempt
			return c.SendString("up")
		})
		res, err := app.Test(httptest.NewRequest(http.MethodGet, "/", nil))
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		return res.StatusCode, running
	}
	native := func(app *fiber.App, gate *core.Gate) { app.Use(counted(gate)) }
	split := func(app *fiber.App, gate *core.Gate) { app.Use(adaptor.HTTPMiddleware(gate.Handler)) }

	t.Run("adaptor.HTTPMiddleware does not count the handler", func(t *testing.T) {
		t.Parallel()
		status, running := serve(t, core.Config{}, split)
		require.Equal(t, http.StatusOK, status)
		require.Zero(t, running)
	})
	t.Run("the middleware of the docs counts it", func(t *testing.T) {
		t.Parallel()
		status, running := serve(t, core.Config{}, native)
		require.Equal(t, http.StatusOK, status)
		require.EqualValues(t, 1, running)
	})
	t.Run("it counts an exempt request", func(t *testing.T) {
		t.Parallel()
		status, running := serve(t, core.Config{Down: true, ExemptExact: []string{"/"}}, native)
		require.Equal(t, http.StatusOK, status)
		require.EqualValues(t, 1, running)
	})
	t.Run("it refuses", func(t *testing.T) {
		t.Parallel()
		status, running := serve(t, core.Config{Down: true}, native)
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.EqualValues(t, -1, running)
	})
	t.Run("a gate around adaptor.FiberApp counts it", func(t *testing.T) {
		t.Parallel()
		gate, err := core.New(core.Config{})
		require.NoError(t, err)
		app := fiber.New()
		var running int64
		app.Get("/", func(fiber.Ctx) error {
			running = gate.Status().InFlight
			return nil
		})
		gate.Handler(adaptor.FiberApp(app)).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
		require.EqualValues(t, 1, running)
	})
}
