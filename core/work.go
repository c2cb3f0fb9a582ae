package core

import (
	"context"
	"errors"
	"net/http"
)

// ErrClosing is the cause of a context of [Gate.UntilClosing] that the gate has cancelled.
var ErrClosing = errors.New("the gate is closing")

// Go runs f on a new goroutine and counts it, so that a drain and Shutdown wait for it. If ctx
// carries the ticket of a running request, f shares the ticket, and the request counts until f has
// returned. Go then also accepts f while the gate is closed, because the drain still waits for the
// request. If the request is a [Stream], f is a part of the stream, and no drain waits for it.
// Otherwise f counts as a request of its own: if the gate is closed, Go does not call f and returns
// false.
//
// f gets a context with the values of ctx. It is not cancelled when ctx is, because f may outlive
// the request. See [Gate.UntilClosing] for a context that ends when the gate closes.
func (g *Gate) Go(ctx context.Context, f func(ctx context.Context)) bool {
	ctx = context.WithoutCancel(ctx)
	s := shareIn(ctx)
	if !g.issued(s) || !s.join() {
		ticket, open := g.Enter(nil)
		if !open {
			return false
		}
		s = g.shared(ticket.cell).share
		ctx = s.in(ctx)
	}
	go func() {
		defer s.leave()
		f(ctx)
	}()
	return true
}

// UntilClosing returns a copy of ctx that is also cancelled when the gate closes or is shut down,
// with the cause [ErrClosing]. Use it for work that can stop early, such as a long export or a
// queue's worker. The caller must call cancel when the work has ended.
func (g *Gate) UntilClosing(ctx context.Context) (work context.Context, cancel context.CancelFunc) {
	work, stop := context.WithCancelCause(ctx)
	closing := g.Closing()
	go func() {
		select {
		case <-closing:
			stop(ErrClosing)
		case <-work.Done():
		}
	}()
	return work, func() { stop(context.Canceled) }
}

// Inside is middleware for the innermost handler, behind middleware that can return while its
// handler still runs: http.TimeoutHandler, echo's Timeout, Fiber's adaptor for net/http. A gate
// in front of such middleware counts a request out when the time is over, and would be drained
// while the handler still runs. Inside counts until the handler itself has returned.
//
// With [Config].CarryTickets the handler shares the ticket of its request, which counts once. If
// the request carries no ticket of this gate, or was counted out before the handler began, Inside
// is a gate of its own: it admits or refuses the request, and counts it. Inside panics if next is
// nil. With a nil Gate it refuses every request.
func (g *Gate) Inside(next http.Handler) http.Handler {
	g = g.OrClosed()
	anew := g.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := shareIn(r.Context())
		if !g.issued(s) || !s.join() {
			anew.ServeHTTP(w, r)
			return
		}
		defer s.leave()
		next.ServeHTTP(w, r)
	})
}
