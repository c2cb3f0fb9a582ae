package pgstore_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// weather is the behavior of a proxy.
type weather int

const (
	fine     weather = iota
	deaf             // the proxy accepts bytes and passes none on
	refusing         // new connections are closed at once
	cutting          // the proxy passes half of the next answer on, and closes the connection
)

// proxy is between a store and its server.
type proxy struct {
	target   string
	listener net.Listener

	mu      sync.Mutex
	changed *sync.Cond
	weather weather
	conns   map[net.Conn]struct{}
	cuts    int
	done    sync.WaitGroup
}

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{target: target, listener: listener, conns: map[net.Conn]struct{}{}}
	p.changed = sync.NewCond(&p.mu)
	p.done.Go(p.serve)
	t.Cleanup(func() {
		_ = listener.Close()
		p.set(cutting)
		p.cut()
		p.done.Wait()
	})
	return p
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

func (p *proxy) set(w weather) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.weather = w
	p.changed.Broadcast()
}

// cut ends all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
	clear(p.conns)
}

// cutAnswers is how many answers were cut so far.
func (p *proxy) cutAnswers() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts
}

func (p *proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		p.mu.Lock()
		refused := p.weather == refusing
		p.mu.Unlock()
		if refused {
			_ = client.Close()
			continue
		}
		server, err := new(net.Dialer).DialContext(context.Background(), "tcp", p.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.conns[client], p.conns[server] = struct{}{}, struct{}{}
		p.mu.Unlock()
		p.done.Go(func() { p.pass(server, client, false) })
		p.done.Go(func() { p.pass(client, server, true) })
	}
}

// pass copies bytes from one side to the other, as the weather says.
func (p *proxy) pass(to, from net.Conn, answers bool) {
	defer func() {
		_, _ = to.Close(), from.Close()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.conns, to)
		delete(p.conns, from)
		p.changed.Broadcast()
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		p.mu.Lock()
		for p.weather == deaf && p.has(from) {
			p.changed.Wait()
		}
		half := p.weather == cutting && answers
		if half {
			p.cuts++
		}
		p.mu.Unlock()
		if half {
			n /= 2
		}
		if _, werr := to.Write(buf[:n]); werr != nil || err != nil || half {
			return
		}
	}
}

func (p *proxy) has(c net.Conn) bool {
	_, ok := p.conns[c]
	return ok
}
