// Package network is a proxy between clients and a server of a test, whose network can fail.
package network

import (
	"io"
	"net"
	"sync"
	"testing"
)

// Weather is the state of a network.
type Weather int

const (
	// Fine is a network that works.
	Fine Weather = iota
	// Refusing cuts every connection, also new ones.
	Refusing
	// Deaf acknowledges all data by TCP, and no data pass in either direction.
	Deaf
	// Stuttered cuts a connection in the middle of the first answer.
	Stuttered
)

// Network is a proxy between clients and a server. Its methods are safe for concurrent use.
type Network struct {
	// Addr is the address for the clients.
	Addr string

	mu    sync.Mutex
	now   Weather
	pipes map[*pipe]struct{}
}

// pipe is one connection through a Network.
type pipe struct{ client, server net.Conn }

// New starts a proxy to the address target. It ends with the test.
func New(t testing.TB, target string) *Network {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &Network{Addr: listener.Addr().String(), pipes: map[*pipe]struct{}{}}
	var group sync.WaitGroup
	group.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			if n.weather() == Refusing {
				_ = client.Close()
				continue
			}
			server, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", target)
			if err != nil { // the server is not there
				_ = client.Close()
				continue
			}
			p := &pipe{client, server}
			n.mu.Lock()
			n.pipes[p] = struct{}{}
			if n.now == Refusing { // Set missed this connection
				p.close()
			}
			n.mu.Unlock()
			group.Go(func() { n.pass(p, p.client, p.server, false) })
			group.Go(func() { n.pass(p, p.server, p.client, true) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		n.Cut()
		group.Wait()
	})
	return n
}

func (n *Network) weather() Weather {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.now
}

// Set changes the weather, also for open connections.
func (n *Network) Set(w Weather) {
	n.mu.Lock()
	n.now = w
	n.mu.Unlock()
	if w == Refusing {
		n.Cut()
	}
}

// Cut ends all open connections.
func (n *Network) Cut() {
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

func (n *Network) pass(p *pipe, from io.Reader, to io.Writer, answers bool) {
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
		case w == Deaf:
			continue
		case w == Stuttered && answers:
			_, _ = to.Write(buf[:size/2])
			return
		}
		if _, err := to.Write(buf[:size]); err != nil {
			return
		}
	}
}
