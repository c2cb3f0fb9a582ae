package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/memstore"
)

func TestAWebSocketHub(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, gate *core.Gate, st *memstore.Store, server *http.Server){
		"the site goes down": func(t *testing.T, gate *core.Gate, st *memstore.Store, _ *http.Server) {
			t.Helper()
			_, err := operator.Operator{Store: st}.Start(t.Context(), operator.StartOptions{Holder: "test"})
			require.NoError(t, err)
			require.NoError(t, gate.Refresh(t.Context()))
		},
		"the server stops": func(t *testing.T, _ *core.Gate, _ *memstore.Store, server *http.Server) {
			t.Helper()
			require.NoError(t, server.Shutdown(t.Context()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := memstore.New()
			gate, err := core.New(core.Config{Store: st, Logger: slog.New(slog.DiscardHandler)})
			require.NoError(t, err)
			server := httptest.NewServer(gate.Handler(&hub{gate: gate, clients: map[*websocket.Conn]bool{}}))
			defer server.Close()
			server.Config.RegisterOnShutdown(gate.CloseStreams)
			conn, _, err := websocket.Dial(t.Context(), server.URL, nil)
			require.NoError(t, err)
			defer func() { _ = conn.CloseNow() }()
			require.NoError(t, conn.Write(t.Context(), websocket.MessageText, []byte("hello")))
			_, message, err := conn.Read(t.Context())
			require.NoError(t, err)
			require.Equal(t, "hello", string(message))
			require.Equal(t, map[string]int64{"chat": 1}, gate.Status().Streams)

			end(t, gate, st, server.Config)
			_, _, err = conn.Read(t.Context())
			require.Equal(t, websocket.StatusServiceRestart, websocket.CloseStatus(err), "%v", err)
			require.NoError(t, gate.Shutdown(t.Context()))
		})
	}
}
