package browser

import (
	"context"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/memstore"
)

// site is a small site behind a gate. It has a form, whose target answers POST only.
type site struct {
	t       *testing.T
	url     string
	gate    *core.Gate
	command operator.Operator
	orders  atomic.Int64
}

func openSite(t *testing.T) *site {
	t.Helper()
	return openSiteWith(t, core.Config{})
}

func openSiteWith(t *testing.T, cfg core.Config) *site {
	t.Helper()
	s := &site{t: t, command: operator.Operator{Store: memstore.New(), Actor: "ann"}}
	_, err := s.command.Init(t.Context(), operator.InitOptions{})
	require.NoError(t, err)
	cfg.Store, cfg.ExemptPaths, cfg.Logger = s.command.Store, []string{"/host"}, slog.New(slog.DiscardHandler)
	s.gate, err = core.New(cfg)
	require.NoError(t, err)
	mux := http.NewServeMux()
	serve := func(pattern, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, `<!DOCTYPE html><html lang="en"><title>Shop</title>`+body)
		})
	}
	serve("GET /{$}", "<h1>Welcome</h1>")
	serve("GET /form", `<form method="post" action="/order"><textarea name="text" id="text"></textarea><button>Order</button></form>`)
	serve("GET /host", `<textarea id="draft"></textarea><div id="part"></div>`)
	mux.HandleFunc("POST /order", func(w http.ResponseWriter, r *http.Request) {
		s.orders.Add(1)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, `<!DOCTYPE html><html lang="en"><title>Shop</title>Ordered: `+html.EscapeString(r.FormValue("text")))
	})
	server := httptest.NewServer(s.gate.Handler(mux))
	s.url = server.URL
	t.Cleanup(func() {
		server.Close()
		require.NoError(t, s.gate.Shutdown(context.WithoutCancel(t.Context())))
	})
	return s
}

// down takes the site down, and returns the id of the period.
func (s *site) down(o operator.StartOptions) string {
	s.t.Helper()
	res, err := s.command.Start(s.t.Context(), o)
	require.NoError(s.t, err)
	require.NoError(s.t, s.gate.Refresh(s.t.Context()))
	return res.Period.ID
}

func (s *site) edit(id string, o operator.EditOptions) {
	s.t.Helper()
	_, err := s.command.Edit(s.t.Context(), id, o)
	require.NoError(s.t, err)
	require.NoError(s.t, s.gate.Refresh(s.t.Context()))
}

func (s *site) up() {
	s.t.Helper()
	_, err := s.command.End(s.t.Context(), operator.EndOptions{Holder: "ann"})
	require.NoError(s.t, err)
	require.NoError(s.t, s.gate.Refresh(s.t.Context()))
}

// waitFor waits until the clock of the server shows an instant, by its header in whole seconds.
func (s *site) waitFor(instant time.Time) {
	s.t.Helper()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		r, err := http.NewRequestWithContext(s.t.Context(), http.MethodHead, s.url, nil)
		require.NoError(s.t, err)
		answer, err := http.DefaultClient.Do(r)
		require.NoError(s.t, err)
		require.NoError(s.t, answer.Body.Close())
		date, err := http.ParseTime(answer.Header.Get("Date"))
		require.NoError(s.t, err)
		if date.After(instant) {
			return
		}
		<-look.C
	}
}
