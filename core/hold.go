package core

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"
)

// hold lets a request wait until the gate decides otherwise. The request is counted as held, and
// not as admitted, so no drain waits for it.
func (g *Gate) hold(ctx func() context.Context, w http.ResponseWriter, r *http.Request, d Decision) (Ticket, Decision) {
	held := &g.follower.held
	if held.Add(1) > int64(g.set.MaxHeld) {
		held.Add(-1)
		return g.turnAway(ctx, r, d)
	}
	defer held.Add(-1)
	g.report(ctx, g.current.Load(), r, d)
	begin, request := deadlines(r, w), ctx()
	defer func() { _ = begin(time.Now()) }() // it was set before, or the request is refused
	for {
		if err := begin(d.Closure.HoldUntil.Add(longestRelease)); err != nil {
			if errors.Is(err, http.ErrNotSupported) {
				g.set.warnOnce(g.current.Load(), "cannot hold requests: the ResponseWriter has no deadlines, and the server has time-outs", slog.String("writer", typeName(w)),
					slog.String("remedy", "give the wrapping ResponseWriter an Unwrap method"))
			}
			return g.turnAway(ctx, r, d)
		}
		if !d.Closure.queue.wait(request) {
			return g.turnAway(ctx, r, d)
		}
		var ticket Ticket
		if ticket, d = g.admit(ctx, w, r); d.Outcome != Held {
			return ticket, d
		}
	}
}

// turnAway refuses a request that d would hold.
func (g *Gate) turnAway(ctx func() context.Context, r *http.Request, d Decision) (Ticket, Decision) {
	d.Outcome = Blocked
	s := g.current.Load()
	s.admitted.of(r).refused.Add(1)
	g.report(ctx, s, r, d)
	return Ticket{}, d
}

// deadlines returns a function that makes the time-outs of the server begin at an instant. A
// ReadTimeout that passes while a request waits would cancel the context of the request, and a
// WriteTimeout would drop its answer.
func deadlines(r *http.Request, w http.ResponseWriter) (begin func(at time.Time) error) {
	var read, write time.Duration // 0: none
	if server, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok {
		read, write = server.ReadTimeout, server.WriteTimeout
	}
	control := http.NewResponseController(w)
	return func(at time.Time) error {
		var err error
		if read > 0 {
			err = control.SetReadDeadline(at.Add(read))
		}
		if write > 0 && err == nil {
			err = control.SetWriteDeadline(at.Add(write))
		}
		return err
	}
}
