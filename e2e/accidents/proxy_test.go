package accidents

import (
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// weather is the state of the network between the gates and their store.
type weather int

const (
	fine      weather = iota
	refusing          // every connection is cut, also new ones
	deaf              // TCP acknowledges all data, and no data pass in either direction
	stuttered         // the connection is cut in the middle of the first answer
)

// network is a proxy between gates and a server.
type network struct {
	addr string

	mu    sync.Mutex
	now   weather
	pipes map[*pipe]struct{}
}

// pipe is one connection through a network.
type pipe struct{ client, server net.Conn }

func newNetwork(t *testing.T, target string) *network {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	n := &network{addr: listener.Addr().String(), pipes: map[*pipe]struct{}{}}
	var group sync.WaitGroup
	group.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			if n.weather() == refusing {
				_ = client.Close()
				continue
			}
			server, err := net.Dial("tcp", target)
			if err != nil { // the server is not there
				_ = client.Close()
				continue
			}
			p := &pipe{client, server}
			n.mu.Lock()
			n.pipes[p] = struct{}{}
			if n.now == refusing { // set missed this connection
				p.close()
			}
			n.mu.Unlock()
			group.Go(func() { n.pass(p, p.client, p.server, false) })
			group.Go(func() { n.pass(p, p.server, p.client, true) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		n.cut()
		group.Wait()
	})
	return n
}

func (n *network) weather() weather {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.now
}

// set changes the weather, also for open connections.
func (n *network) set(w weather) {
	n.mu.Lock()
	n.now = w
	n.mu.Unlock()
	if w == refusing {
		n.cut()
	}
}

// cut ends all open connections.
func (n *network) cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for p := range n.pipes {
		p.close()
	}
}

func (p *pipe) close() {
	_ = p.client.Close()
	_ = p.server.Close()
}

func (n *network) pass(p *pipe, from io.Reader, to io.Writer, answers bool) {
	defer func() {
		p.close()
		n.mu.Lock()
		delete(n.pipes, p)
		n.mu.Unlock()
	}()
	buf := make([]byte, 64<<10)
	for {
		size, err := from.Read(buf)
		if err != nil {
			return
		}
		switch w := n.weather(); {
		case w == deaf:
			continue
		case w == stuttered && answers:
			_, _ = to.Write(buf[:size/2])
			return
		}
		if _, err := to.Write(buf[:size]); err != nil {
			return
		}
	}
}
