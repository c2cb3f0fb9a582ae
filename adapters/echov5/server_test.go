package echodowntime_test

import (
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/labstack/echo/v5"
	"github.com/stretchr/testify/require"

	echodowntime "github.com/go-downtime/downtime/adapters/echov5"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// An application that has no gate, because it called New, deregisters by stopping its server.
func TestNewShutsDownWithTheServer(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	e := echo.New()
	e.Use(echodowntime.New(core.Config{Store: st}))
	e.GET("/", ok)
	server := &http.Server{Handler: e}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go server.Serve(listener) //nolint:errcheck // it says that it was shut down
	lives := func() (lives []store.Life) {
		fleet, err := operator.Operator{Store: st}.Fleet(t.Context())
		require.NoError(t, err)
		for _, instance := range fleet.Instances {
			lives = append(lives, instance.Life)
		}
		return lives
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+listener.Addr().String(), http.NoBody)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, []store.Life{store.Live}, lives())
	require.NoError(t, server.Shutdown(t.Context()))
	require.Equal(t, []store.Life{store.Deleted}, lives())
}
