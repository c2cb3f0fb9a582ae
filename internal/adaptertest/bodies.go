package adaptertest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// runBodies checks that the body of a refused request is never read, never waited for, and
// never taken for another request.
func runBodies(t *testing.T, build Build) {
	t.Helper()
	gate := NewGate(t, closed(nil)())
	site := build(newSite(gate))
	address := serve(t, site)

	t.Run("a client that asks first is refused without 100 Continue", func(t *testing.T) {
		t.Parallel()
		conn, in := dial(t, address)
		send(t, conn, "POST /api/items HTTP/1.1\r\nHost: site.test\r\nExpect: 100-continue\r\nContent-Length: 10000000\r\n\r\n")
		line, err := in.Peek(len("HTTP/1.1 503"))
		if err != nil || string(line) != "HTTP/1.1 503" {
			t.Fatalf("first line %q, error %v: want HTTP/1.1 503", line, err)
		}
		if a := read(t, in, http.MethodPost); a.ran() != "" {
			t.Errorf("handler %q ran", a.ran())
		}
	})
	t.Run("a body that never comes is not waited for", func(t *testing.T) {
		t.Parallel()
		conn, in := dial(t, address)
		send(t, conn, "POST /api/items HTTP/1.1\r\nHost: site.test\r\nContent-Length: 10000000\r\n\r\nthe beginning")
		if a := read(t, in, http.MethodPost); a.status != http.StatusServiceUnavailable {
			t.Errorf("status %d, want 503", a.status)
		}
	})
	t.Run("a body is not taken for a request", func(t *testing.T) {
		t.Parallel()
		conn, in := dial(t, address)
		hidden := "GET /healthz HTTP/1.1\r\nHost: site.test\r\n\r\n"
		send(t, conn, "POST /api/items HTTP/1.1\r\nHost: site.test\r\nContent-Length: 42\r\n\r\n"+hidden+
			"GET /static/next HTTP/1.1\r\nHost: site.test\r\n\r\n"+
			"POST /api/items HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n2a\r\n"+hidden+"\r\n0\r\n\r\n"+
			"GET /static/last HTTP/1.1\r\nHost: site.test\r\n\r\n")
		for i, want := range []string{"", "static", "", "static"} {
			if a := read(t, in, http.MethodGet); a.ran() != want {
				t.Fatalf("reply %d: status %d, handler %q ran, want %q", i, a.status, a.ran(), want)
			}
		}
	})
	t.Run("nothing touches the body", func(t *testing.T) {
		t.Parallel()
		for _, accept := range []string{asBrowser, "application/json", "*/*"} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/items", untouchable{t})
			r.Header.Set("Accept", accept)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			site.ServeHTTP(w, r)
			if w.Code != http.StatusServiceUnavailable {
				t.Errorf("status %d, want 503", w.Code)
			}
		}
	})
}

func send(t *testing.T, w io.Writer, raw string) {
	t.Helper()
	if _, err := io.Copy(w, strings.NewReader(raw)); err != nil {
		t.Fatalf("write: %v", err)
	}
}

// untouchable is a body that fails the test when it is read.
type untouchable struct{ t *testing.T }

func (b untouchable) Read([]byte) (int, error) {
	b.t.Error("the body of a refused request was read")
	return 0, io.EOF
}
