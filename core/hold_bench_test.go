package core_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/memstore"
)

const manyHeld = 10_000

// pipes is a listener in memory, for more connections than a process can have files.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	conn, open := <-p
	if !open {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

// ask sends a request on a connection of its own.
func (p pipes) ask(b *testing.B) net.Conn {
	b.Helper()
	client, server := net.Pipe()
	p <- server
	if _, err := io.WriteString(client, "GET / HTTP/1.1\r\nHost: site.test\r\nConnection: close\r\n\r\n"); err != nil {
		b.Fatal(err)
	}
	return client
}

// BenchmarkTenThousandHeld holds 10,000 requests of a real http.Server and releases them. It
// reports the memory of each beside that of a handler that waits by itself, and the requests that
// were not served.
func BenchmarkTenThousandHeld(b *testing.B) {
	var bare float64
	for b.Loop() {
		released := make(chan struct{})
		bare, _ = holdMany(b, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-released }), nil, func() { close(released) })

		st := memstore.New()
		gate, _ := newGate(b, core.Config{Store: st, MaxHeld: manyHeld})
		op := operator.Operator{Store: st, Actor: "bench"}
		if _, err := op.Start(b.Context(), operator.StartOptions{Hold: new(10 * time.Minute)}); err != nil {
			b.Fatal(err)
		}
		if err := gate.Refresh(b.Context()); err != nil {
			b.Fatal(err)
		}
		held, lost := holdMany(b, gate.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})), gate, func() {
			if _, err := op.End(b.Context(), operator.EndOptions{All: true}); err != nil {
				b.Fatal(err)
			}
		})
		b.ReportMetric(bare, "B/bare")
		b.ReportMetric(held-bare, "B/held-more")
		b.ReportMetric(float64(lost), "lost")
	}
}

// holdMany sends many requests to h, releases them, and returns the memory of each while they
// wait, and how many were not answered by 200.
func holdMany(b *testing.B, h http.Handler, gate *core.Gate, release func()) (bytes float64, lost int) {
	b.Helper()
	entered := make(chan struct{}, manyHeld)
	listener := make(pipes)
	server := &http.Server{ReadTimeout: time.Minute, WriteTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		entered <- struct{}{}
		h.ServeHTTP(w, r)
	})}
	go func() { _ = server.Serve(listener) }()
	defer func() { _ = server.Close() }()
	before := memory()
	conns := make([]net.Conn, manyHeld)
	for i := range conns {
		conns[i] = listener.ask(b)
		<-entered
	}
	for gate != nil && gate.Status().Held < manyHeld {
		runtime.Gosched()
	}
	bytes = (memory() - before) / manyHeld
	release()
	for _, conn := range conns {
		res, err := http.ReadResponse(bufio.NewReaderSize(conn, 16), nil)
		if err != nil {
			lost++
		} else {
			if res.StatusCode != http.StatusOK {
				lost++
			}
			_ = res.Body.Close()
		}
		_ = conn.Close()
	}
	return bytes, lost
}

// memory returns the bytes of heap and stacks in use.
func memory() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapInuse + m.StackInuse)
}
