package gindowntime_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	gindowntime "github.com/go-downtime/downtime/adapters/gin"
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
			engine := gin.New()
			engine.Use(gindowntime.Middleware(gate))
			engine.GET("/", func(c *gin.Context) {
				require.NoError(t, core.Stream(c.Request.Context(), "events"))
				require.Equal(t, map[string]int64{"events": 1}, gate.Status().Streams)
			})
			require.Equal(t, http.StatusOK, serve(t, engine, http.MethodGet, "/").Code)
			require.Empty(t, gate.Status().Streams)
		})
	}
}

func TestARouteThatOutlivesATimeoutIsCounted(t *testing.T) {
	t.Parallel()
	gate, err := core.New(core.Config{CarryTickets: true})
	require.NoError(t, err)
	engine := gin.New()
	began, release := make(chan struct{}), make(chan struct{})
	engine.GET("/", func(*gin.Context) {
		close(began)
		<-release
	})
	site := gate.Handler(http.TimeoutHandler(gate.Inside(engine), time.Millisecond, "late"))
	require.Equal(t, "late", serve(t, site, http.MethodGet, "/").Body.String())
	<-began
	require.EqualValues(t, 1, gate.Status().InFlight)
	close(release)
	require.NoError(t, gate.Shutdown(t.Context()), "it waits until the route has ended")
}
