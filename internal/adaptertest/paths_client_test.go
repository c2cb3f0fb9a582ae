package adaptertest

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// pathReply is the part of an answer that the path tests examine.
type pathReply struct {
	status  int
	refused bool   // by the gate
	ran     string // the handler that ran; "" for none
	reading string // the path as its router handed it to that handler
	dropped bool   // the server closed the connection without an answer
}

// markRan is how a handler of the path tests tells that it ran.
func markRan(h http.Header, name, reading string) {
	h.Set("X-Ran", name)
	h.Set("X-Reading", url.QueryEscape(reading))
}

// sweep asks all probes over pipelined connections, anew after each one that the server
// closes, and hands each reply to got.
func sweep(t *testing.T, address string, probes []probe, got func(probe, pathReply)) {
	t.Helper()
	for len(probes) > 0 {
		n := len(probes)
		if i := slices.IndexFunc(probes, probe.malformed); i >= 0 {
			n = max(i, 1) // the server hangs up on it, and with it on those behind it
		}
		answered := sweepOnce(t, address, probes[:min(n, 256)], got)
		if answered == 0 {
			answered = sweepOnce(t, address, probes[:1], got)
		}
		if answered == 0 { // a connection of its own, and no answer
			got(probes[0], pathReply{dropped: true})
			answered = 1
		}
		probes = probes[answered:]
	}
}

// malformed reports whether net/http answers p with 400 and hangs up.
func (p probe) malformed() bool {
	if p.method == http.MethodConnect && !strings.HasPrefix(p.target, "/") {
		return false
	}
	_, err := url.ParseRequestURI(p.target)
	return err != nil || strings.ContainsAny(p.target, " \t")
}

// sweepOnce uses one connection, and returns how many probes were answered on it.
func sweepOnce(t *testing.T, address string, probes []probe, got func(probe, pathReply)) (answered int) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	require.NoError(t, err)
	defer conn.Close() //nolint:errcheck // nothing is lost
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	var b strings.Builder
	for _, p := range probes {
		b.WriteString(p.method + " " + p.target + " HTTP/1.1\r\nHost: site.test\r\n\r\n")
	}
	go func() { _, _ = io.WriteString(conn, b.String()) }() // fails when the server hangs up
	in := bufio.NewReader(conn)
	for _, p := range probes {
		res, err := http.ReadResponse(in, &http.Request{Method: p.method})
		if err != nil {
			return answered
		}
		_, err = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if err != nil && !res.Close { // a server that hangs up may cut its own 400 short
			t.Errorf("%s: read the body: %v", p, err)
		}
		reading, err := url.QueryUnescape(res.Header.Get("X-Reading"))
		require.NoError(t, err, p)
		got(p, pathReply{
			status: res.StatusCode, refused: res.Header.Get("Downtime") != "", ran: res.Header.Get("X-Ran"), reading: reading,
		})
		answered++
		if res.Close {
			return answered
		}
	}
	return answered
}
