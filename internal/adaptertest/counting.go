package adaptertest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/go-downtime/downtime/core"
)

// runCounting checks that requests are counted in and out again, whatever ends them.
func runCounting(t *testing.T, build Build) {
	t.Helper()
	for name, cfg := range map[string]core.Config{
		"open":     base(),
		"bypassed": closed(nil)(),
	} {
		t.Run(name+": a running request is counted until it ends", func(t *testing.T) {
			t.Parallel()
			gate := NewGate(t, cfg)
			site := newSite(gate)
			conn, in := dial(t, serve(t, build(site)))
			send(t, conn, "GET /wait HTTP/1.1\r\nHost: site.test\r\nX-Api-Key: "+keyNew+"\r\n\r\n")
			<-site.entered
			if s := gate.Status(); s.InFlight+s.Passing != 1 {
				t.Errorf("in flight %d, passing %d: want one request", s.InFlight, s.Passing)
			}
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			if err := gate.Shutdown(ended); !errors.Is(err, context.Canceled) {
				t.Errorf("Shutdown beside a running request: %v, want context.Canceled", err)
			}
			site.release <- struct{}{}
			if a := read(t, in, http.MethodGet); a.ran() != "wait" {
				t.Fatalf("handler %q ran, want wait", a.ran())
			}
			none(t, gate)
		})
		t.Run(name+": a panicking request leaves the count", func(t *testing.T) {
			t.Parallel()
			gate := NewGate(t, cfg)
			conn, in := dial(t, serve(t, build(newSite(gate))))
			send(t, conn, "GET /panic HTTP/1.1\r\nHost: site.test\r\nX-Api-Key: "+keyNew+"\r\n\r\n")
			if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
				t.Fatalf("read: %v, want the connection closed", err)
			}
			none(t, gate)
		})
	}
	t.Run("a refused request is not counted", func(t *testing.T) {
		t.Parallel()
		gate := NewGate(t, closed(nil)())
		address := serve(t, build(newSite(gate)))
		for range 3 {
			ask(t, address, get("/users/7", nil))
		}
		none(t, gate)
	})
	t.Run("the gate closes under the requests and opens again", func(t *testing.T) {
		t.Parallel()
		cfg := base()
		store := NewPeriods()
		cfg.Store = store
		gate := NewGate(t, cfg)
		address := serve(t, build(newSite(gate)))
		for _, n := range []int{0, 1, 0, 1, 0} {
			store.Set(InForce(n)...)
			if err := gate.Refresh(t.Context()); err != nil {
				t.Fatalf("Refresh: %v", err)
			}
			want := http.StatusOK
			if n > 0 {
				want = http.StatusServiceUnavailable
			}
			if a := ask(t, address, get("/users/7", nil)); a.status != want {
				t.Fatalf("with %d periods: status %d, want %d", n, a.status, want)
			}
		}
		none(t, gate)
	})
}

// none checks that nothing is counted any more. The answer may be out before the request
// has left, so it waits for that.
func none(t *testing.T, gate *core.Gate) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := gate.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if s := gate.Status(); s.InFlight != 0 || s.Passing != 0 {
		t.Errorf("in flight %d, passing %d: want none", s.InFlight, s.Passing)
	}
}
