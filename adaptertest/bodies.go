package adaptertest

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-downtime/downtime/internal/gatetest"
	"github.com/go-downtime/downtime/internal/rawhttp"
)

// bodyChecks are about a request with a body: the refusal does not wait for the body; a client that
// sends first gets the refusal; and the body is never read as another request.
var bodyChecks = []check{
	{
		"closed: refuses before it reads the body", "Call gate.Enter and gate.Admit before any code that reads the body, such as a form value, and let only gate.Respond read the rest.",
		func(t testing.TB, build Build) {
			t.Helper()
			site := build(newSite(gatetest.NewGate(t, closed(nil)())))
			if touches(t, site) {
				return // the requests below would wait for a long time
			}
			address := rawhttp.Serve(t, site)
			for name, head := range map[string]string{
				"a long body":    "Content-Length: 10000000\r\n\r\nthe beginning",
				"a short body":   "Content-Length: 1000\r\n\r\n",
				"a chunked body": "Transfer-Encoding: chunked\r\n\r\n",
			} {
				conn, in := rawhttp.Dial(t, address)
				rawhttp.Send(t, conn, "POST /api/items HTTP/1.1\r\nHost: site.test\r\n"+head)
				if a := rawhttp.Read(t, in, http.MethodPost); a.Status != http.StatusServiceUnavailable {
					t.Errorf("%s that never comes: status %d, want 503", name, a.Status)
				}
			}
			conn, in := rawhttp.Dial(t, address)
			rawhttp.Send(t, conn, "POST /api/items HTTP/1.1\r\nHost: site.test\r\nExpect: 100-continue\r\nContent-Length: 10000000\r\n\r\n")
			line, err := in.Peek(len("HTTP/1.1 503"))
			if err != nil || string(line) != "HTTP/1.1 503" {
				t.Fatalf("a client that sends Expect: 100-continue: first line %q, error %v: want HTTP/1.1 503", line, err)
			}
			if a := rawhttp.Read(t, in, http.MethodPost); a.Ran() != "" {
				t.Errorf("a client that sends Expect: 100-continue: handler %q ran, want none", a.Ran())
			}
		},
	},
	{
		"closed: a client that sends first gets the refusal", "Leave the answer to gate.Respond, which reads and drops the body after it. An adapter that writes the body itself calls gate.Linger.",
		func(t testing.TB, build Build) {
			t.Helper()
			address := rawhttp.Serve(t, build(newSite(gatetest.NewGate(t, closed(nil)()))))
			hidden := "GET /static/xx HTTP/1.1\r\nHost: site.te\r\n\r\n"
			for name, raw := range map[string]string{
				"5 MB":           "Content-Length: 5000000\r\n\r\n" + strings.Repeat("x", 5_000_000),
				"a body":         "Content-Length: 42\r\n\r\n" + hidden,
				"a chunked body": "Transfer-Encoding: chunked\r\n\r\n2a\r\n" + hidden + "\r\n0\r\n\r\n",
			} {
				conn, in := rawhttp.Dial(t, address)
				if _, err := io.WriteString(conn, "POST /api/items HTTP/1.1\r\nHost: site.test\r\n"+raw); err != nil {
					t.Fatalf("%s: the server closed the connection while the client was sending: %v", name, err)
				}
				if a := rawhttp.Read(t, in, http.MethodPost); a.Status != http.StatusServiceUnavailable || a.Ran() != "" {
					t.Errorf("%s: status %d, handler %q ran, want 503 and no handler", name, a.Status, a.Ran())
				}
				if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
					t.Errorf("%s: after the refusal: error %v, want the end of the connection", name, err)
				}
			}
		},
	},
}

// touches fails t and returns true if a refusal reads the body before it has begun its answer.
func touches(t testing.TB, site http.Handler) bool {
	t.Helper()
	for _, accept := range []string{asBrowser, "application/json", "*/*"} {
		body := &untouchable{}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/items", body)
		r.Header.Set("Accept", accept)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		if body.read {
			t.Errorf("a request with a form (Accept: %s): its body was read before the refusal", accept)
			return true
		}
		if w.Code != http.StatusServiceUnavailable {
			t.Errorf("a request with a form (Accept: %s): status %d, want 503", accept, w.Code)
		}
	}
	return false
}

// untouchable is a body that tells whether it was read.
type untouchable struct{ read bool }

func (b *untouchable) Read([]byte) (int, error) {
	b.read = true
	return 0, io.EOF
}
