package adaptertest

import (
	"bufio"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience is how long a test waits for an answer that does not come.
const patience = 30 * time.Second

// request is one request as it goes over the wire.
type request struct {
	method, target string
	header         http.Header
	body           string
}

func (q request) String() string { return q.method + " " + q.target }

// bytes is the request, which asks the server to close the connection after it.
func (q request) bytes() string {
	var b strings.Builder
	b.WriteString(q.method + " " + q.target + " HTTP/1.1\r\nHost: site.test\r\nConnection: close\r\n")
	if q.body != "" {
		b.WriteString("Content-Length: " + strconv.Itoa(len(q.body)) + "\r\n")
	}
	for _, name := range slices.Sorted(maps.Keys(q.header)) {
		for _, v := range q.header[name] {
			b.WriteString(name + ": " + v + "\r\n")
		}
	}
	return b.String() + "\r\n" + q.body
}

// reply is the answer to a request.
type reply struct {
	status int
	header http.Header
	body   string
}

func (a reply) ran() string { return a.header.Get("X-Ran") }

// serve runs h on a real listener until the test ends.
func serve(tb testing.TB, h http.Handler) (address string) {
	tb.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	tb.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func dial(tb testing.TB, address string) (net.Conn, *bufio.Reader) {
	tb.Helper()
	conn, err := (&net.Dialer{}).DialContext(tb.Context(), "tcp", address)
	if err != nil {
		tb.Fatalf("dial: %v", err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		tb.Fatalf("deadline: %v", err)
	}
	return conn, bufio.NewReader(conn)
}

// ask sends q on a connection of its own.
func ask(tb testing.TB, address string, q request) reply {
	tb.Helper()
	conn, in := dial(tb, address)
	if _, err := io.WriteString(conn, q.bytes()); err != nil {
		tb.Fatalf("%s: write: %v", q, err)
	}
	return read(tb, in, q.method)
}

// read reads one final reply.
func read(tb testing.TB, in *bufio.Reader, method string) reply {
	tb.Helper()
	res, err := http.ReadResponse(in, &http.Request{Method: method})
	if err != nil {
		tb.Fatalf("read the reply: %v", err)
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		tb.Fatalf("read the body: %v", err)
	}
	return reply{status: res.StatusCode, header: res.Header, body: string(body)}
}

var retryAfter = regexp.MustCompile(`("retry_after":\s*)\d+`)

// normal is a without the parts that may differ between two answers to the same request: the
// date, and the digits of Retry-After, which is spread at random for each response. It checks
// that they are there and mean something.
func normal(tb testing.TB, method string, a reply) reply {
	tb.Helper()
	h := a.header.Clone()
	h.Del("Date")
	if v := h.Get("Retry-After"); v != "" {
		if n, err := strconv.Atoi(v); err != nil || n < 1 || n > 86400 {
			tb.Errorf("Retry-After: %q: want 1 to 86400 seconds", v)
		}
		h.Set("Retry-After", "N")
		if m := retryAfter.FindString(a.body); m != "" && !strings.HasSuffix(strings.ReplaceAll(m, " ", ""), ":"+v) {
			tb.Errorf("the body says %s, Retry-After %s", m, v)
		}
	}
	if v := h.Get("Content-Length"); v != "" {
		if method != http.MethodHead && v != strconv.Itoa(len(a.body)) {
			tb.Errorf("Content-Length: %s: the body has %d bytes", v, len(a.body))
		}
		h.Set("Content-Length", "N")
	}
	return reply{status: a.status, header: h, body: retryAfter.ReplaceAllString(a.body, "${1}N")}
}
