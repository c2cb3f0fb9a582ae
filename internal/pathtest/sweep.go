package pathtest

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-downtime/downtime/internal/rawhttp"
)

// Reply is the part of an answer that the path tests examine.
type Reply struct {
	Status  int
	Refused bool   // by the gate
	Ran     string // the handler that ran; "" for none
	Reading string // the path as its router handed it to that handler
	Dropped bool   // the server closed the connection without an answer
}

// MarkRan is how a handler of the path tests tells that it ran.
func MarkRan(h http.Header, name, reading string) {
	h.Set("X-Ran", name)
	h.Set("X-Reading", url.QueryEscape(reading))
}

// Sweep asks all probes over pipelined connections, anew after each one that the server
// closes, and hands each reply to got.
func Sweep(t testing.TB, address string, probes []Probe, got func(Probe, Reply)) {
	t.Helper()
	for len(probes) > 0 {
		n := len(probes)
		if i := slices.IndexFunc(probes, Probe.malformed); i >= 0 {
			n = max(i, 1) // the server hangs up on it, and with it on those behind it
		}
		answered := sweepOnce(t, address, probes[:min(n, 256)], got)
		if answered == 0 {
			answered = sweepOnce(t, address, probes[:1], got)
		}
		if answered == 0 { // a connection of its own, and no answer
			got(probes[0], Reply{Dropped: true})
			answered = 1
		}
		probes = probes[answered:]
	}
}

// malformed reports whether net/http answers p with 400 and hangs up.
func (p Probe) malformed() bool {
	if p.Method == http.MethodConnect && !strings.HasPrefix(p.Target, "/") {
		return false
	}
	_, err := url.ParseRequestURI(p.Target)
	return err != nil || strings.ContainsAny(p.Target, " \t")
}

// sweepOnce uses one connection, and returns how many probes were answered on it.
func sweepOnce(t testing.TB, address string, probes []Probe, got func(Probe, Reply)) (answered int) {
	t.Helper()
	conn, in := rawhttp.Dial(t, address)
	defer conn.Close() //nolint:errcheck // nothing is lost
	var b strings.Builder
	for _, p := range probes {
		b.WriteString(p.Method + " " + p.Target + " HTTP/1.1\r\nHost: site.test\r\n\r\n")
	}
	go func() { _, _ = io.WriteString(conn, b.String()) }() // fails when the server hangs up
	for _, p := range probes {
		res, err := http.ReadResponse(in, &http.Request{Method: p.Method})
		if err != nil {
			return answered
		}
		_, err = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if err != nil && !res.Close { // a server that hangs up may cut its own 400 short
			t.Errorf("%s: read the body: %v", p, err)
		}
		reading, err := url.QueryUnescape(res.Header.Get("X-Reading"))
		if err != nil {
			t.Fatalf("%s: X-Reading: %v", p, err)
		}
		got(p, Reply{
			Status: res.StatusCode, Refused: res.Header.Get("Downtime") != "", Ran: res.Header.Get("X-Ran"), Reading: reading,
		})
		answered++
		if res.Close {
			return answered
		}
	}
	return answered
}
