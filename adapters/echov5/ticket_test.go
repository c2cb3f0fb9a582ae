package echodowntime_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/labstack/echo/v5"
	"github.com/stretchr/testify/require"

	echodowntime "github.com/go-downtime/downtime/adapters/echov5"
	"github.com/go-downtime/downtime/core"
)

func TestHandlersGetTheTicket(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]core.Config{
		"open":   {CarryTickets: true},
		"exempt": {CarryTickets: true, Down: true, ExemptExact: []string{"/"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gate, err := core.New(cfg)
			require.NoError(t, err)
			e := echo.New()
			e.Use(echodowntime.Middleware(gate))
			e.GET("/", func(c *echo.Context) error {
				require.NoError(t, core.Stream(c.Request().Context(), "events"))
				require.Equal(t, map[string]int64{"events": 1}, gate.Status().Streams)
				return nil
			})
			require.Equal(t, http.StatusOK, serve(t, e, http.MethodGet, "/").Code)
			require.Empty(t, gate.Status().Streams)
		})
	}
}

func TestWorkThatOutlivesItsHandlerIsCounted(t *testing.T) {
	t.Parallel()
	gate, err := core.New(core.Config{CarryTickets: true})
	require.NoError(t, err)
	e := echo.New()
	e.Use(echodowntime.Middleware(gate), echo.WrapMiddleware(gate.Inside))
	release := make(chan struct{})
	e.GET("/", func(c *echo.Context) error {
		require.True(t, gate.Go(c.Request().Context(), func(context.Context) { <-release }))
		return c.NoContent(http.StatusAccepted)
	})
	require.Equal(t, http.StatusAccepted, serve(t, e, http.MethodGet, "/").Code)
	require.EqualValues(t, 1, gate.Status().InFlight)
	close(release)
	require.NoError(t, gate.Shutdown(t.Context()), "it waits until the work has ended")
}
