package echodowntime_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/stretchr/testify/require"

	echodowntime "github.com/go-downtime/downtime/adapters/echo"
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
			e.GET("/", func(c echo.Context) error {
				require.NoError(t, core.Stream(c.Request().Context(), "events"))
				require.Equal(t, map[string]int64{"events": 1}, gate.Status().Streams)
				return nil
			})
			require.Equal(t, http.StatusOK, serve(t, e, http.MethodGet, "/").Code)
			require.Empty(t, gate.Status().Streams)
		})
	}
}

func TestAHandlerThatOutlivesEchosTimeoutIsCounted(t *testing.T) {
	t.Parallel()
	gate, err := core.New(core.Config{CarryTickets: true})
	require.NoError(t, err)
	e := echo.New()
	//nolint:staticcheck // deprecated, and still in use
	timeout := middleware.TimeoutWithConfig(middleware.TimeoutConfig{Timeout: time.Millisecond, ErrorMessage: "late"})
	e.Use(echodowntime.Middleware(gate), timeout, echo.WrapMiddleware(gate.Inside))
	began, release := make(chan struct{}), make(chan struct{})
	e.GET("/", func(echo.Context) error {
		close(began)
		<-release
		return nil
	})
	require.Equal(t, "late", serve(t, e, http.MethodGet, "/").Body.String())
	<-began
	require.EqualValues(t, 1, gate.Status().InFlight)
	close(release)
	require.NoError(t, gate.Shutdown(t.Context()), "it waits until the handler has ended")
}
