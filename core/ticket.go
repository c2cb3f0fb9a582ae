package core

import (
	"context"
	"net/http"
	"sync"
)

// Ticket is a request that was counted in. The zero Ticket counts nothing.
type Ticket struct {
	cell  *cell  // nil if the handlers may share the ticket
	share *share // nil otherwise
}

// Leave counts the request out. Call it exactly once, deferred, so that it also runs when a
// handler panics.
func (t Ticket) Leave() {
	if t.cell != nil {
		t.cell.left.Add(1)
		return
	}
	t.share.leave()
}

// Carry returns the request for the handlers. It is r with the ticket in its context if
// Config.CarryTickets is set, or if r asks for another protocol, such as a WebSocket. Otherwise it
// is r itself. Carry is for authors of adapters.
func (t Ticket) Carry(r *http.Request) *http.Request {
	if t.share == nil {
		return r
	}
	return r.WithContext(t.share.in(r.Context()))
}

// share is a ticket that several goroutines hold: the gate's middleware, and handlers that run on
// after it. The last holder counts the request out.
type share struct {
	streams *streams // of the gate
	cell    *cell    // also while streaming: it keeps the gate from being collected

	mu        sync.Mutex
	holders   int // 0: the request was counted out
	streaming bool
	stream    string
}

// shared returns a ticket that handlers may share. The request was counted in at c.
func (g *Gate) shared(c *cell) Ticket {
	return Ticket{share: &share{streams: &g.follower.streams, cell: c, holders: 1}}
}

// issued reports whether s is a ticket of this gate. s may be nil.
func (g *Gate) issued(s *share) bool { return s != nil && s.streams == &g.follower.streams }

type shareKey struct{}

func (s *share) in(ctx context.Context) context.Context { return context.WithValue(ctx, shareKey{}, s) }

// shareIn returns the ticket that ctx carries; nil if it carries none.
func shareIn(ctx context.Context) *share {
	s, _ := ctx.Value(shareKey{}).(*share)
	return s
}

// join adds a holder. It returns false if the request was counted out already: a drain may have
// ended, so the caller must not run on this ticket.
func (s *share) join() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holders == 0 {
		return false
	}
	s.holders++
	return true
}

// leave removes a holder. The last one counts the request or the stream out. s may be nil.
func (s *share) leave() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holders--; s.holders > 0 {
		return
	}
	if s.streaming {
		s.streams.add(s.stream, -1)
	} else {
		s.cell.left.Add(1)
	}
}

// declare moves the request from the requests to the streams.
func (s *share) declare(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holders == 0 {
		return false
	}
	if s.streaming {
		return true
	}
	s.streaming = true
	s.stream = s.streams.add(name, 1)
	s.cell.left.Add(1)
	return true
}
