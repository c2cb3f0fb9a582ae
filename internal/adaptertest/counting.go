package adaptertest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/go-downtime/downtime/core"
)

// runCounting checks that each request is counted in, and out again however it ends.
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
			if n := running(gate); n != 1 {
				t.Errorf("%d requests are counted, want 1", n)
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

// none checks that the gate counts no request. A client can have the response before the
// request has left the gate, so none waits for that.
func none(t *testing.T, gate *core.Gate) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := gate.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if n := running(gate); n != 0 {
		t.Errorf("%d requests are counted, want none", n)
	}
}

// running is the number of requests that the gate counts.
func running(gate *core.Gate) int64 {
	s := gate.Status()
	return s.InFlight + s.Bypassed + s.Exempt
}
