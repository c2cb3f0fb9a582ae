package adaptertest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-downtime/downtime/core"
)

// runWriters checks that the handler gets the same writer as without a gate, over HTTP/1 and
// HTTP/2, and that the writer can flush and hijack.
func runWriters(t *testing.T, build Build) {
	t.Helper()
	bare := build(newSite(nil))
	openSite, downSite := newSite(NewGate(t, base())), newSite(NewGate(t, closed(nil)()))
	open, bypassed := build(openSite), build(downSite)
	exempt := build(newSite(NewGate(t, closed(func(c *core.Config) { c.ExemptExact = []string{"/writer"} })())))

	for _, version := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			want := describe(t, version, bare, nil)
			if !strings.Contains(want, "own: true; flusher true") {
				t.Fatalf("the bare site's writer: %q: want one that flushes, over the server's own", want)
			}
			for name, got := range map[string]string{
				"open":     describe(t, version, open, nil),
				"exempt":   describe(t, version, exempt, nil),
				"bypassed": describe(t, version, bypassed, header("X-Api-Key", keyNew)),
			} {
				if got != want {
					t.Errorf("%s: the handler's writer is\n%s\nwithout a gate it is\n%s", name, got, want)
				}
			}
		})
	}
	for name, site := range map[string]*Site{"open": openSite, "bypassed": downSite} {
		address := serve(t, build(site))
		t.Run(name+": a flush reaches the client before the handler ends", func(t *testing.T) {
			t.Parallel()
			conn, in := dial(t, address)
			send(t, conn, "GET /flush HTTP/1.1\r\nHost: site.test\r\nX-Api-Key: "+keyNew+"\r\n\r\n")
			res, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatalf("read: %v", err)
			}
			defer res.Body.Close() //nolint:errcheck // read only
			first := make([]byte, len("first"))
			if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != "first" {
				t.Fatalf("read %q, %v: want first", first, err)
			}
			site.release <- struct{}{} // what the handler waits for
			last := make([]byte, len("last"))
			if _, err := io.ReadFull(res.Body, last); err != nil || string(last) != "last" {
				t.Fatalf("read %q, %v: want last", last, err)
			}
		})
		t.Run(name+": a handler takes the connection over", func(t *testing.T) {
			t.Parallel()
			conn, in := dial(t, address)
			send(t, conn, "GET /hijack HTTP/1.1\r\nHost: site.test\r\nX-Api-Key: "+keyNew+"\r\n\r\n")
			expect(t, in, "taken over\n")
		})
		t.Run(name+": a WebSocket begins", func(t *testing.T) {
			t.Parallel()
			conn, in := dial(t, address)
			send(t, conn, strings.Replace(handshake, "\r\n\r\n", "\r\nX-Api-Key: "+keyNew+"\r\n\r\n", 1))
			expect(t, in, "HTTP/1.1 101 Switching Protocols\r\n")
		})
	}
	t.Run("closed: a WebSocket is refused before the upgrade", func(t *testing.T) {
		t.Parallel()
		conn, in := dial(t, serve(t, bypassed))
		send(t, conn, handshake+"\x81\x05hello")
		if line, err := in.Peek(len("HTTP/1.1 503")); err != nil || string(line) != "HTTP/1.1 503" {
			t.Fatalf("first line %q, error %v: want HTTP/1.1 503", line, err)
		}
		a := read(t, in, http.MethodGet)
		if a.ran() != "" || a.header.Get("Upgrade") != "" {
			t.Errorf("handler %q ran, header %v: want neither a handler nor an upgrade", a.ran(), a.header)
		}
	})
}

const handshake = "GET /ws HTTP/1.1\r\nHost: site.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

// describe asks h, on a server of its own, for a description of the handler's writer.
func describe(t *testing.T, version string, h http.Handler, extra http.Header) string {
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

// writerKey is the key of the server's own writer in the context of a request.
type writerKey struct{}

// describeWriter describes w and all layers down to the server's own writer.
func describeWriter(w http.ResponseWriter, r *http.Request) {
	layers := []string{fmt.Sprintf("%T", w)}
	inner := w
	for {
		u, ok := inner.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		inner = u.Unwrap()
		layers = append(layers, fmt.Sprintf("%T", inner))
	}
	_, flusher := w.(http.Flusher)
	_, hijacker := w.(http.Hijacker)
	_, readerFrom := w.(io.ReaderFrom)
	_, pusher := w.(http.Pusher)
	if p, ok := w.(interface{ Pusher() http.Pusher }); ok && p.Pusher() != nil {
		pusher = true
	}
	_, _ = fmt.Fprintf(w, "%v the server's own: %t; flusher %t, hijacker %t, reader-from %t, pusher %t",
		layers, inner == r.Context().Value(writerKey{}), flusher, hijacker, readerFrom, pusher)
}

func (s *Site) flush(w http.ResponseWriter, _ *http.Request) {
	control := http.NewResponseController(w)
	_, _ = io.WriteString(w, "first")
	if err := control.Flush(); err != nil {
		panic(err)
	}
	<-s.release
	_, _ = io.WriteString(w, "last")
}

// hijack returns a handler that hijacks the connection, and writes this answer to it.
func hijack(answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = io.WriteString(conn, answer)
		_ = conn.Close()
	}
}

func expect(t *testing.T, in *bufio.Reader, want string) {
	t.Helper()
	line, err := in.ReadString('\n')
	if err != nil || line != want {
		t.Fatalf("read %q, %v: want %q", line, err, want)
	}
}
