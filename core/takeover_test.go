package core_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
)

func TestNoPathExemptsATunnel(t *testing.T) {
	t.Parallel()
	cfg := core.Config{Down: true, ExemptExact: []string{"/"}, ExemptPaths: []string{"/static"}}
	gate, _ := newGate(t, cfg)
	for name, tc := range map[string]struct {
		method, target string
		header         http.Header
		want           core.Outcome
	}{
		"a tunnel":                      {http.MethodConnect, "/static/x", http.Header{}, core.Blocked},
		"a tunnel by the front page":    {http.MethodConnect, "/", nil, core.Blocked},
		"a WebSocket over HTTP/2":       {http.MethodConnect, "/static/x", http.Header{":protocol": {"websocket"}}, core.Exempt},
		"the same elsewhere":            {http.MethodConnect, "/x", http.Header{":protocol": {"websocket"}}, core.Blocked},
		"another method":                {http.MethodGet, "/static/x", http.Header{}, core.Exempt},
		"the opening of a connection":   {"PRI", "/static/x", http.Header{}, core.Blocked},
		"a method that begins the same": {"PRIX", "/static/x", http.Header{}, core.Exempt},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, tc.target, nil)
			r.Method, r.Header = tc.method, tc.header
			require.Equal(t, tc.want, gate.Decide(t.Context(), r).Outcome)
			d, err := core.Explain(cfg, nil, time.Now(), r)
			require.NoError(t, err)
			require.Equal(t, tc.want, d.Outcome)
		})
	}
}

func TestTheOpeningOfAnHTTP2ConnectionIsNeverAdmitted(t *testing.T) {
	t.Parallel()
	everything := core.Func("everything", func(context.Context, *http.Request) bool { return true })
	for name, cfg := range map[string]core.Config{"open": {}, "closed": {Down: true, Bypass: []core.Predicate{everything}}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gate, _ := newGate(t, cfg)
			r := httptest.NewRequest("PRI", "/", nil)
			_, entered := gate.Enter(r)
			require.False(t, entered)
			w := httptest.NewRecorder()
			ticket, d := gate.Admit(t.Context, w, r)
			ticket.Leave()
			require.False(t, d.Passes())
			require.NotNil(t, d.Closure, "for a responder that looks at it")
			gate.Respond(w, r, d)
			require.Equal(t, http.StatusHTTPVersionNotSupported, w.Code)
			status := gate.Status()
			require.Zero(t, status.InFlight+status.Bypassed)
		})
	}
}

func TestOtherUpgradesPass(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]core.Config{"open": {}, "exempt": {Down: true, ExemptExact: []string{"/ws"}}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gate, _ := newGate(t, cfg)
			for _, protocol := range []string{"websocket", "SPDY/3.1", "tcp", "connect-udp"} {
				r := httptest.NewRequest(http.MethodGet, "/ws", nil)
				for _, name := range []string{"Connection", "Upgrade", "User-Agent", "Sec-Websocket-Key"} {
					r.Header.Set(name, protocol)
				}
				var got string
				gate.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Get("Upgrade") })).ServeHTTP(httptest.NewRecorder(), r)
				require.Equal(t, protocol, got)
			}
		})
	}
}
