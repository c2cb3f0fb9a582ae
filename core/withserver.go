package core

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
	"weak"
)

const (
	serverGrace = 30 * time.Second // how long [Gate.ShutdownWith] waits for counted requests
	serverWaits = 5 * time.Second  // how long the server waits for the gate
	// A server calls its shutdown functions at once after it has closed its listeners. If it does
	// not, it was closed and not shut down.
	shutdownFollows = 250 * time.Millisecond
)

// ShutdownWith lets the graceful shutdown of the [http.Server] that serves r also shut the gate
// down. It is for adapters, whose New makes a gate that the application does not have. It changes
// nothing if r was served by no such server. The gate waits for counted requests for 30 s. The
// Shutdown of the server waits until the gate has left its store, for at most 5 s, also if its
// context ends earlier. After that the gate also refuses the requests of other servers.
//
// Until the server is shut down or closed, a goroutine waits in its Serve, with a listener that
// accepts no connection. A BaseContext of the server gets this listener too.
func (g *Gate) ShutdownWith(r *http.Request) {
	server, ok := r.Context().Value(http.ServerContextKey).(*http.Server)
	if !ok || server == nil {
		return
	}
	w, log := weak.Make(g), g.set.log // the server must not keep a gate that it no longer uses
	l := &departing{ready: make(chan struct{}), closing: make(chan struct{}), begun: make(chan struct{}), ended: make(chan struct{})}
	l.addr, _ = r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	server.RegisterOnShutdown(func() {
		close(l.begun)
		defer close(l.ended)
		if g := w.Value(); g != nil {
			ctx, cancel := context.WithTimeout(context.Background(), serverGrace)
			defer cancel()
			if err := g.Shutdown(ctx); err != nil {
				log.LogAttrs(ctx, slog.LevelWarn, "not shut down with the server", slog.Any("error", err))
			}
		}
	})
	over := make(chan struct{})
	go func() {
		defer close(over)
		defer func() { // of a BaseContext that wants another listener
			if fault := recover(); fault != nil {
				log.LogAttrs(context.Background(), slog.LevelWarn, "the server will not wait for the gate", slog.Any("panic", fault))
			}
		}()
		_ = server.Serve(l) // it says that the server was closed
	}()
	select {
	case <-l.ready:
	case <-over:
	}
}

// departing is a listener without connections. The Shutdown of a server closes each listener, and
// waits until its Accept has returned. Accept of this listener returns when the gate has left the
// store.
type departing struct {
	addr    net.Addr
	once    sync.Once     // of closing
	ready   chan struct{} // closed when the server waits for the listener
	closing chan struct{} // closed when the server stops
	begun   chan struct{} // closed when the gate begins to shut down
	ended   chan struct{} // closed when the gate has left
}

func (l *departing) Accept() (net.Conn, error) {
	close(l.ready) // a server calls Accept again only after a connection or a temporary error
	<-l.closing
	select {
	case <-l.begun:
	case <-time.After(shutdownFollows):
		return nil, net.ErrClosed
	}
	select {
	case <-l.ended:
	case <-time.After(serverWaits):
	}
	return nil, net.ErrClosed
}

func (l *departing) Close() error {
	l.once.Do(func() { close(l.closing) })
	return nil
}

func (l *departing) Addr() net.Addr { return l.addr }
