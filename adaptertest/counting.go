package adaptertest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/gatetest"
	"github.com/go-downtime/downtime/internal/rawhttp"
)

// countingChecks are about the tickets that count the requests.
var countingChecks = []check{
	{
		"counts a request until its handler has ended", "Defer ticket.Leave() before you call the next handler, for the ticket of gate.Enter and for that of gate.Admit.",
		func(t testing.TB, build Build) { t.Helper(); eachAdmitted(t, build, runningRequest) },
	},
	{
		"counts a request out if its handler panics", "Defer ticket.Leave(), and do not call it after the next handler.",
		func(t testing.TB, build Build) { t.Helper(); eachAdmitted(t, build, panickingRequest) },
	},
	{
		"follows the gate", "Call gate.Enter for each request. Do not keep its result, and do not look at gate.Status.",
		closesAndOpens,
	},
	{
		"gives the ticket to the handlers", "Call the next handler with ticket.Carry(r), for the ticket of gate.Enter and for that of gate.Admit.",
		carriesTickets,
	},
}

// eachAdmitted runs f with a gate that is open, and with one that lets a request with a key pass.
func eachAdmitted(t testing.TB, build Build, f func(t testing.TB, state string, gate *core.Gate, build Build)) {
	t.Helper()
	f(t, "open", gatetest.NewGate(t, base()), build)
	f(t, "bypassed", gatetest.NewGate(t, closed(nil)()), build)
}

func runningRequest(t testing.TB, state string, gate *core.Gate, build Build) {
	t.Helper()
	site := newSite(gate)
	conn, in := rawhttp.Dial(t, rawhttp.Serve(t, build(site)))
	rawhttp.Send(t, conn, "GET /wait HTTP/1.1\r\nHost: site.test\r\nX-Api-Key: "+keyNew+"\r\n\r\n")
	released := sync.OnceFunc(func() { close(site.release) })
	defer released()
	select {
	case <-site.entered:
	case <-time.After(patience(t)):
		t.Fatalf("%s: GET /wait: its handler does not run", state)
	}
	if n := running(gate); n != 1 {
		t.Errorf("%s: while the handler runs, the gate counts %d requests, want 1", state, n)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := gate.Shutdown(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("%s: gate.Shutdown beside a running request: %v, want context.Canceled", state, err)
	}
	released()
	if a := rawhttp.Read(t, in, http.MethodGet); a.Ran() != "wait" {
		t.Fatalf("%s: handler %q ran, want wait", state, a.Ran())
	}
	none(t, state, gate)
}

func panickingRequest(t testing.TB, state string, gate *core.Gate, build Build) {
	t.Helper()
	conn, in := rawhttp.Dial(t, rawhttp.Serve(t, build(newSite(gate))))
	rawhttp.Send(t, conn, "GET /panic HTTP/1.1\r\nHost: site.test\r\nX-Api-Key: "+keyNew+"\r\n\r\n")
	if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
		t.Fatalf("%s: after a panic with http.ErrAbortHandler: error %v, want the end of the connection", state, err)
	}
	none(t, state, gate)
}

func closesAndOpens(t testing.TB, build Build) {
	t.Helper()
	cfg := base()
	store := gatetest.NewPeriods()
	cfg.Store = store
	gate := gatetest.NewGate(t, cfg)
	address := rawhttp.Serve(t, build(newSite(gate)))
	for i, want := range []int{200, 503, 200, 503, 200} {
		store.Set(gatetest.InForce(i % 2)...)
		if err := gate.Refresh(t.Context()); err != nil {
			t.Fatalf("gate.Refresh: %v", err)
		}
		if a := rawhttp.Ask(t, address, rawhttp.Get("/users/7", nil)); a.Status != want {
			t.Fatalf("after %d changes of the gate: status %d, want %d", i, a.Status, want)
		}
	}
	none(t, "after five requests", gate)
}

func carriesTickets(t testing.TB, build Build) {
	t.Helper()
	for state, cfg := range map[string]core.Config{"open": base(), "exempt": closed(func(c *core.Config) { c.ExemptExact = []string{"/stream"} })()} {
		cfg.CarryTickets = true
		a := rawhttp.Ask(t, rawhttp.Serve(t, build(newSite(gatetest.NewGate(t, cfg)))), rawhttp.Get("/stream", nil))
		if a.Ran() != "stream" || a.Body != "<nil>" {
			t.Errorf("%s, with Config.CarryTickets: handler %q ran, and core.Stream returned %q, want <nil>", state, a.Ran(), a.Body)
		}
	}
}

// none checks that the gate counts no request. A client can have the response before the
// request has left the gate, so none waits for that.
func none(t testing.TB, state string, gate *core.Gate) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience(t))
	defer cancel()
	if err := gate.Shutdown(ctx); err != nil {
		t.Errorf("%s: the gate still counts %d requests after they have ended: %v", state, running(gate), err)
	}
}

// running is the number of requests that the gate counts.
func running(gate *core.Gate) int64 {
	s := gate.Status()
	return s.InFlight + s.Bypassed + s.Exempt
}
