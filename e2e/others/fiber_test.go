package others

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/adaptor"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/memstore"
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
			if ticket, d = gate.Admit(r.Context, w, r); d.Passes() {
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
	// The gate says "drained", and an operator would begin the migration beside the handler.
	t.Run("adaptor.HTTPMiddleware is drained while the handler runs", func(t *testing.T) {
		t.Parallel()
		require.True(t, drainedBesideTheHandler(t, split), "the adaptor is sound now: change docs/placement.md and docs/work.md")
	})
	t.Run("the middleware of the docs is not", func(t *testing.T) {
		t.Parallel()
		require.False(t, drainedBesideTheHandler(t, native))
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

// drainedBesideTheHandler closes the gate while a handler runs, and reports whether it is drained.
func drainedBesideTheHandler(t *testing.T, use func(app *fiber.App, gate *core.Gate)) bool {
	t.Helper()
	st := memstore.New()
	gate, err := core.New(core.Config{Store: st, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { _ = gate.Shutdown(context.Background()) })
	drained := false
	app := fiber.New()
	use(app, gate)
	app.Get("/", func(c fiber.Ctx) error {
		if _, err := (operator.Operator{Store: st}).Start(t.Context(), operator.StartOptions{Holder: "kim"}); err != nil {
			return err
		}
		if err := gate.Refresh(t.Context()); err != nil {
			return err
		}
		drained = len(gate.Status().Drained) > 0
		return c.SendString("up")
	})
	res, err := app.Test(httptest.NewRequest(http.MethodGet, "/", nil), fiber.TestConfig{Timeout: time.Minute})
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusOK, res.StatusCode)
	return drained
}
