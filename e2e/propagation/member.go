package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/go-downtime/downtime/core"
)

// member is an instance of a fleet.
type member interface {
	// closing returns a channel that is closed when the member refuses, or refuses already.
	closing() <-chan struct{}
	// refuse sends one request, which must be refused.
	refuse() error
	// open reports whether it serves again.
	open() bool
	stop(ctx context.Context) error
}

// realGate is a gate as an application has it.
type realGate struct {
	gate *core.Gate
	h    http.Handler
}

func newReal(gate *core.Gate) realGate { return realGate{gate, gate.Handler(http.NotFoundHandler())} }

func (m realGate) closing() <-chan struct{} { return m.gate.Closing() }

func (m realGate) refuse() error {
	w := httptest.NewRecorder()
	m.h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusServiceUnavailable {
		return fmt.Errorf("a gate that has closed answers %d", w.Code)
	}
	return nil
}

func (m realGate) open() bool {
	ticket, open := m.gate.Enter(nil)
	if open {
		ticket.Leave()
	}
	return open
}

func (m realGate) stop(ctx context.Context) error { return m.gate.Shutdown(ctx) }
