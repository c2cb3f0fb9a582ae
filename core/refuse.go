package core

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/go-downtime/downtime/internal/answer"
	"github.com/go-downtime/downtime/internal/logs"
)

// BlockedError is a refusal as an error, for an application whose own error handling renders
// every failure. DelegateErrors of the adapters returns it; errors.As finds it.
type BlockedError struct {
	Decision Decision
	Status   int // of the answer, 400 to 599
}

// Error names the kind of downtime and the status.
func (e *BlockedError) Error() string {
	kind := "emergency"
	if e.Decision.Closure != nil {
		kind = e.Decision.Closure.Kind()
	}
	return fmt.Sprintf("down for now (%s), status %d", kind, e.Status)
}

// StatusCode returns Status, for frameworks that get the status from an error.
func (e *BlockedError) StatusCode() int { return e.Status }

// OrClosed returns g. For a nil g it returns a gate that refuses every request. It is for authors
// of adapters: if core.New failed, the site must not be open.
func (g *Gate) OrClosed() *Gate {
	if g != nil {
		return g
	}
	logs.New(nil).Error("nil gate: every request is refused; look at the error of core.New")
	answers, _ := answer.New(answer.Options{}) // the zero Options are valid
	return newGate(context.Background(), &settings{Config: Config{Down: true}, log: slog.New(slog.DiscardHandler), answer: answers})
}
