package redisstore_test

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy stands between a store and its server, and makes faults.
type proxy struct {
	addr string

	mu    sync.Mutex
	pipes map[*pipe]struct{}

	// cutAfter is how many bytes of the server's next answer pass before the connection is
	// cut; 0 or less: no cut. It happens once. atTheCut, if not nil, runs before the client
	// can notice.
	cutAfter  atomic.Int64
	atTheCut  func()
	forgetful atomic.Value // func(answer []byte) bool; true: this answer never arrives
	answered  atomic.Int64 // bytes that the server sent
}

// pipe is one connection through a proxy.
type pipe struct {
	client, server net.Conn
	mute           atomic.Bool // both sides are acknowledged, and nothing passes
}

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{addr: listener.Addr().String(), pipes: map[*pipe]struct{}{}}
	var group sync.WaitGroup
	group.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				_ = client.Close()
				continue
			}
			c := &pipe{client: client, server: server}
			p.mu.Lock()
			p.pipes[c] = struct{}{}
			p.mu.Unlock()
			group.Go(func() { p.ask(c) })
			group.Go(func() { p.answer(c) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		p.each(func(c *pipe) { c.close() })
		group.Wait()
	})
	return p
}

func (c *pipe) close() {
	_ = c.client.Close()
	_ = c.server.Close()
}

// each does f to the connections that there are, and leaves later ones alone.
func (p *proxy) each(f func(c *pipe)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.pipes {
		f(c)
	}
}

// mute makes the connections that there are acknowledge everything and pass nothing on.
func (p *proxy) mute() { p.each(func(c *pipe) { c.mute.Store(true) }) }

func (p *proxy) ask(c *pipe) {
	defer c.close()
	buf := make([]byte, 64<<10)
	for {
		n, err := c.client.Read(buf)
		if err != nil {
			return
		}
		if c.mute.Load() {
			continue
		}
		if _, err := c.server.Write(buf[:n]); err != nil {
			return
		}
	}
}

func (p *proxy) answer(c *pipe) {
	defer c.close()
	buf := make([]byte, 64<<10)
	for {
		n, err := c.server.Read(buf)
		if err != nil {
			return
		}
		p.answered.Add(int64(n))
		if c.mute.Load() {
			continue
		}
		if forget, ok := p.forgetful.Load().(func([]byte) bool); ok && forget(buf[:n]) {
			continue
		}
		if limit := p.cutAfter.Swap(0); limit > 0 {
			if p.atTheCut != nil {
				p.atTheCut()
			}
			_, _ = c.client.Write(buf[:min(limit, int64(n))])
			return
		}
		if _, err := c.client.Write(buf[:n]); err != nil {
			return
		}
	}
}
