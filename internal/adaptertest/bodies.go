package adaptertest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// runBodies checks three things about a request with a body: the refusal does not wait for the
// body; a client that sends first gets the refusal; and the body is never read as another
// request.
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
	for name, head := range map[string]string{
		"a long body":    "Content-Length: 10000000\r\n\r\nthe beginning",
		"a short body":   "Content-Length: 1000\r\n\r\n",
		"a chunked body": "Transfer-Encoding: chunked\r\n\r\n",
	} {
		t.Run(name+" that never comes is not waited for", func(t *testing.T) {
			t.Parallel()
			conn, in := dial(t, address)
			send(t, conn, "POST /api/items HTTP/1.1\r\nHost: site.test\r\n"+head)
			a := read(t, in, http.MethodPost)
			if a.status != http.StatusServiceUnavailable {
				t.Errorf("status %d, want 503", a.status)
			}
		})
	}
	t.Run("a client that sends first gets the refusal", func(t *testing.T) {
		t.Parallel()
		conn, in := dial(t, address)
		send(t, conn, "POST /api/items HTTP/1.1\r\nHost: site.test\r\nContent-Length: 5000000\r\n\r\n"+strings.Repeat("x", 5_000_000))
		if a := read(t, in, http.MethodPost); a.status != http.StatusServiceUnavailable {
			t.Errorf("status %d, want 503", a.status)
		}
		if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
			t.Errorf("error %v, want the end of the connection", err)
		}
	})
	for name, framing := range map[string]string{
		"a body":         "Content-Length: 42\r\n\r\n%s",
		"a chunked body": "Transfer-Encoding: chunked\r\n\r\n2a\r\n%s\r\n0\r\n\r\n",
	} {
		t.Run(name+" is not taken for a request", func(t *testing.T) {
			t.Parallel()
			conn, in := dial(t, address)
			hidden := "GET /static/xx HTTP/1.1\r\nHost: site.te\r\n\r\n"
			send(t, conn, "POST /api/items HTTP/1.1\r\nHost: site.test\r\n"+fmt.Sprintf(framing, hidden))
			if a := read(t, in, http.MethodPost); a.status != http.StatusServiceUnavailable || a.ran() != "" {
				t.Errorf("status %d, handler %q ran, want 503", a.status, a.ran())
			}
			if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
				t.Errorf("error %v, want the end of the connection", err)
			}
		})
	}
	t.Run("nothing touches the body before the answer", func(t *testing.T) {
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
