package answer

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// pipes is a listener for connections in memory, whose time synctest controls.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error { close(p.closed); return nil }

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// refuseOn serves refusals of s, and returns the client's side of a connection.
func refuseOn(t *testing.T, s *Settings) net.Conn {
	t.Helper()
	a := s.Prepare(Facts{Kind: "planned"}, time.Now(), nil)
	p := &pipes{make(chan net.Conn), make(chan struct{})}
	server := &http.Server{Handler: http.HandlerFunc(a.Write)}
	go func() { _ = server.Serve(p) }()
	client, conn := net.Pipe()
	p.conns <- conn
	t.Cleanup(func() { _, _ = client.Close(), server.Close() })
	return client
}

// halfClosed is how long net/http may keep a connection half-closed after an unread body. Go 1.26
// does so after a long body only, Go 1.27 also after a short one.
const halfClosed = 500 * time.Millisecond

func TestLingerIsBounded(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		head  string
		sent  int  // bytes of the body, after the answer
		full  bool // as many connections linger as may
		after time.Duration
	}{
		"no byte comes":              {"Content-Length: 5000000\r\n\r\n", 0, false, lingerTime},
		"no byte of a short body":    {"Content-Length: 10\r\n\r\n", 0, false, lingerTime},
		"no chunk comes":             {"Transfer-Encoding: chunked\r\n\r\n", 0, false, lingerTime},
		"the whole body comes":       {"Content-Length: 5000000\r\n\r\n", 5_000_000, false, 0},
		"too many connections":       {"Content-Length: 10\r\n\r\n", 0, true, 0},
		"too many, an endless body":  {"Transfer-Encoding: chunked\r\n\r\n", 0, true, 0},
		"a body that stops half-way": {"Content-Length: 5000000\r\n\r\n", 2_000_000, false, lingerTime},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, err := New(Options{})
				require.NoError(t, err)
				if tc.full {
					s.lingering.Store(maxLinger)
				}
				conn := refuseOn(t, s)
				_, err = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: site.test\r\n"+tc.head)
				require.NoError(t, err)
				began := time.Now()
				in := bufio.NewReader(conn)
				res, err := http.ReadResponse(in, nil)
				require.NoError(t, err)
				body, err := io.ReadAll(res.Body)
				require.NoError(t, err)
				require.NoError(t, res.Body.Close())
				require.NotEmpty(t, body)
				require.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
				require.True(t, res.Close, "Connection: close")
				require.Zero(t, time.Since(began), "the answer comes first")
				if tc.sent > 0 {
					_, err = io.WriteString(conn, strings.Repeat("x", tc.sent))
					require.NoError(t, err)
				}
				_, err = in.ReadByte()
				require.ErrorIs(t, err, io.EOF)
				require.Contains(t, []time.Duration{tc.after, tc.after + halfClosed}, time.Since(began))
				want := int32(0)
				if tc.full {
					want = maxLinger
				}
				require.Equal(t, want, s.lingering.Load())
			})
		})
	}
}

func TestLingerDropsAtMostItsLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, err := New(Options{})
		require.NoError(t, err)
		conn := refuseOn(t, s)
		_, err = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: site.test\r\nContent-Length: 100000000\r\n\r\n")
		require.NoError(t, err)
		_, err = http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		sent, err := io.Copy(conn, strings.NewReader(strings.Repeat("x", 100_000_000)))
		require.Error(t, err)
		require.Less(t, sent, int64(lingerBytes+1<<20))
	})
}

func TestOtherRequestsDoNotLinger(t *testing.T) {
	t.Parallel()
	s, err := New(Options{})
	require.NoError(t, err)
	a := s.Prepare(Facts{Kind: "planned"}, time.Now(), nil)
	for name, change := range map[string]func(*http.Request){
		"no body":             func(r *http.Request) { r.Body, r.ContentLength = http.NoBody, 0 },
		"no body, nil":        func(r *http.Request) { r.Body, r.ContentLength = nil, 0 },
		"the client asks":     func(r *http.Request) { r.Header.Set("Expect", "100-continue") },
		"HTTP/2":              func(r *http.Request) { r.Proto, r.ProtoMajor = "HTTP/2.0", 2 },
		"HTTP/2, unknown end": func(r *http.Request) { r.ProtoMajor, r.ContentLength = 2, -1 },
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader("x"))
		change(r)
		w := httptest.NewRecorder()
		a.Write(w, r)
		require.Equal(t, http.StatusServiceUnavailable, w.Code, name)
		require.NotContains(t, w.Header(), "Connection", name)
		require.False(t, w.Flushed, name)
	}
}

// HTTP/2 ends one stream: the connection stays, also after a body that was not read.
func TestHTTP2KeepsItsConnection(t *testing.T) {
	t.Parallel()
	s, err := New(Options{})
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(http.HandlerFunc(s.Prepare(Facts{Kind: "planned"}, time.Now(), nil).Write))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	var reused []bool
	trace := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) { reused = append(reused, c.Reused) }})
	for range 3 {
		r, err := http.NewRequestWithContext(trace, http.MethodPost, server.URL, strings.NewReader(strings.Repeat("x", 5_000_000)))
		require.NoError(t, err)
		res, err := server.Client().Do(r)
		require.NoError(t, err)
		require.Equal(t, 2, res.ProtoMajor)
		require.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NotEmpty(t, body)
		require.NoError(t, res.Body.Close())
	}
	require.Equal(t, []bool{false, true, true}, reused)
}
