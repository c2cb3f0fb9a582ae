// Package rawhttp asks servers in tests, with requests that net/http's client would not send.
package rawhttp

import (
	"bufio"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Patience is how long a test waits for an answer that does not come.
const Patience = 30 * time.Second

// Request is one request as it goes over the wire.
type Request struct {
	Method, Target string
	Header         http.Header
	Body           string
}

// Get is a request without a body. The header may be nil.
func Get(target string, h http.Header) Request {
	return Request{Method: http.MethodGet, Target: target, Header: h}
}

// Header makes a header of names and values, as written: a name may come twice.
func Header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h[pairs[i]] = append(h[pairs[i]], pairs[i+1])
	}
	return h
}

func (q Request) String() string { return q.Method + " " + q.Target }

// bytes is the request, which asks the server to close the connection after it.
func (q Request) bytes() string {
	var b strings.Builder
	b.WriteString(q.Method + " " + q.Target + " HTTP/1.1\r\nHost: site.test\r\nConnection: close\r\n")
	if q.Body != "" {
		b.WriteString("Content-Length: " + strconv.Itoa(len(q.Body)) + "\r\n")
	}
	_ = q.Header.Write(&b) // a strings.Builder returns no error
	return b.String() + "\r\n" + q.Body
}

// Reply is the answer to a request.
type Reply struct {
	Status int
	Header http.Header
	Body   string
}

// Ran is the name of the handler that ran, which it put into the header X-Ran; "" for none.
func (a Reply) Ran() string { return a.Header.Get("X-Ran") }

// Serve runs h on a real listener until the test ends.
func Serve(tb testing.TB, h http.Handler) (address string) {
	tb.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	tb.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// Dial opens a connection whose reads and writes fail after [Patience].
func Dial(tb testing.TB, address string) (net.Conn, *bufio.Reader) {
	tb.Helper()
	conn, err := (&net.Dialer{}).DialContext(tb.Context(), "tcp", address)
	if err != nil {
		tb.Fatalf("dial: %v", err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(Patience)); err != nil {
		tb.Fatalf("deadline: %v", err)
	}
	return conn, bufio.NewReader(conn)
}

// Ask sends q on a connection of its own. It waits until the server has closed the connection, and so until
// the handlers have ended.
func Ask(tb testing.TB, address string, q Request) Reply {
	tb.Helper()
	conn, in := Dial(tb, address)
	if _, err := io.WriteString(conn, q.bytes()); err != nil {
		tb.Fatalf("%s: write: %v", q, err)
	}
	reply := Read(tb, in, q.Method)
	_, _ = in.ReadByte()
	return reply
}

// Read reads one final reply.
func Read(tb testing.TB, in *bufio.Reader, method string) Reply {
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
	return Reply{Status: res.StatusCode, Header: res.Header, Body: string(body)}
}

// Send writes raw bytes to a connection.
func Send(tb testing.TB, w io.Writer, raw string) {
	tb.Helper()
	if _, err := io.Copy(w, strings.NewReader(raw)); err != nil {
		tb.Fatalf("write: %v", err)
	}
}
