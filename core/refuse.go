package core

import (
	"fmt"
	"log/slog"
	"net/http"
)

// BlockedError is a refusal as an error, for applications whose own error handling
// renders every failure. The adapters' DelegateErrors return it; errors.As finds it.
type BlockedError struct {
	Decision Decision
	Status   int // of the answer, 400 to 599
}

// Error says that the site is down, and in which way.
func (e *BlockedError) Error() string {
	kind := "emergency"
	if e.Decision.Closure != nil {
		kind = e.Decision.Closure.Kind()
	}
	return fmt.Sprintf("down for now (%s), status %d", kind, e.Status)
}

// StatusCode is Status, for frameworks that ask an error for it.
func (e *BlockedError) StatusCode() int { return e.Status }

// Prepare sets the headers that every refusal has, whoever writes its body: Cache-Control,
// Retry-After, Vary and Downtime. It removes validators and what else would let a cache
// keep the answer, and returns the status of the refusal. Adapters call it before a
// responder of the application's own. Only for a d that does not pass.
func (g *Gate) Prepare(h http.Header, d Decision) (status int) {
	a := g.answersFor(d)
	a.announce(h)
	return a.status
}

// OrClosed returns g, and for a nil g a gate that refuses everything, for good. It is for
// authors of adapters, because a gate that could not be made must not mean an open site.
func (g *Gate) OrClosed() *Gate {
	if g != nil {
		return g
	}
	slog.Default().Error("nil gate: everything is refused; look at the error of core.New")
	set := &settings{down: true, log: slog.New(slog.DiscardHandler), answer: answerSettings{status: defaultStatus}}
	return newGate(set)
}
