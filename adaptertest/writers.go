package adaptertest

import (
	"bufio"
	"context"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/gatetest"
	"github.com/go-downtime/downtime/internal/rawhttp"
)

// writerChecks are about the writer that a handler gets.
var writerChecks = []check{
	{
		"gives handlers the framework's own writer", "Call the next handler with the writer that the framework made, and not with one around it.",
		ownWriter,
	},
	{
		"lets handlers flush and take over connections", "Call the next handler with the writer that the framework made, and do not buffer the response.",
		liveWriter,
	},
	{
		"closed: refuses a WebSocket before the upgrade", "Call gate.Enter and gate.Admit before the next handler, also for a request that asks for an upgrade.",
		refusedUpgrade,
	},
}

// ownWriter compares the handler's writer with that of the site without a gate.
func ownWriter(t testing.TB, build Build) {
	t.Helper()
	bare := build(newSite(nil))
	open, bypassed := build(newSite(gatetest.NewGate(t, base()))), build(newSite(gatetest.NewGate(t, closed(nil)())))
	exempt := build(newSite(gatetest.NewGate(t, closed(func(c *core.Config) { c.ExemptExact = []string{"/writer"} })())))
	for _, version := range []string{"HTTP/1.1", "HTTP/2.0"} {
		want := describe(t, version, bare, nil)
		if !strings.Contains(want, "own: true; flusher true") {
			t.Fatalf("%s: the writer without a gate is %q: want one that flushes, over the server's own", version, want)
		}
		for _, of := range []struct{ state, got string }{
			{"open", describe(t, version, open, nil)},
			{"exempt", describe(t, version, exempt, nil)},
			{"bypassed", describe(t, version, bypassed, rawhttp.Header("X-Api-Key", keyNew))},
		} {
			if of.got != want {
				t.Errorf("%s, %s: the handler's writer is\n%s\nand without a gate it is\n%s", of.state, version, of.got, want)
			}
		}
	}
}

func liveWriter(t testing.TB, build Build) {
	t.Helper()
	for state, cfg := range map[string]core.Config{"open": base(), "bypassed": closed(nil)()} {
		site := newSite(gatetest.NewGate(t, cfg))
		address := rawhttp.Serve(t, build(site))
		with := " HTTP/1.1\r\nHost: site.test\r\nX-Api-Key: " + keyNew + "\r\n"

		conn, in := rawhttp.Dial(t, address)
		rawhttp.Send(t, conn, "GET /hijack"+with+"\r\n")
		expect(t, state+": a handler that hijacks the connection", in, "taken over\n")

		conn, in = rawhttp.Dial(t, address)
		rawhttp.Send(t, conn, "GET /ws"+with+upgrade+"\r\n")
		expect(t, state+": a WebSocket", in, "HTTP/1.1 101 Switching Protocols\r\n")

		flushed(t, state, site, address, "GET /flush"+with+"\r\n")
	}
}

// flushed checks that a flush reaches the client before the handler ends.
func flushed(t testing.TB, state string, site *Site, address, request string) {
	t.Helper()
	conn, in := rawhttp.Dial(t, address)
	if err := conn.SetDeadline(time.Now().Add(patience(t))); err != nil {
		t.Fatalf("deadline: %v", err)
	}
	rawhttp.Send(t, conn, request)
	release := sync.OnceFunc(func() { close(site.release) })
	defer release() // also if the first part never comes
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatalf("%s: a handler that flushes: no answer before it ends: %v", state, err)
	}
	defer res.Body.Close() //nolint:errcheck // read only
	first := make([]byte, len("first"))
	if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != "first" {
		t.Fatalf("%s: a handler that flushes: read %q, %v before it ends, want first", state, first, err)
	}
	release()
	last, err := io.ReadAll(res.Body)
	if err != nil || string(last) != "last" {
		t.Fatalf("%s: a handler that flushes: read %q, %v after it has ended, want last", state, last, err)
	}
}

func refusedUpgrade(t testing.TB, build Build) {
	t.Helper()
	conn, in := rawhttp.Dial(t, rawhttp.Serve(t, build(newSite(gatetest.NewGate(t, closed(nil)())))))
	rawhttp.Send(t, conn, "GET /ws HTTP/1.1\r\nHost: site.test\r\n"+upgrade+"\r\n\x81\x05hello")
	a := rawhttp.Read(t, in, http.MethodGet)
	if a.Status != http.StatusServiceUnavailable || a.Ran() != "" || a.Header.Get("Upgrade") != "" {
		t.Errorf("a WebSocket: status %d, handler %q ran, header %v: want 503, and neither a handler nor an upgrade", a.Status, a.Ran(), a.Header)
	}
}

const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

// describe asks h, on a server of its own, for a description of the handler's writer.
func describe(t testing.TB, version string, h http.Handler, extra http.Header) string {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), writerKey{}, w)))
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.EnableHTTP2 = version == "HTTP/2.0"
	server.StartTLS()
	t.Cleanup(server.Close)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/writer", nil)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(r.Header, extra)
	res, err := server.Client().Do(r)
	if err != nil {
		t.Fatalf("ask: %v", err)
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil || res.StatusCode != http.StatusOK || res.Proto != version {
		t.Fatalf("%s %d, %v: want %s 200", res.Proto, res.StatusCode, err, version)
	}
	return string(body)
}

func expect(t testing.TB, what string, in *bufio.Reader, want string) {
	t.Helper()
	line, err := in.ReadString('\n')
	if err != nil || line != want {
		t.Errorf("%s: read %q, %v: want %q", what, line, err, want)
	}
}
