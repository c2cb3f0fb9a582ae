// Package mounted has the request context that the adapters give to a mounted http.Handler.
package mounted

import (
	"context"
	"sync"
)

// Context is a request's context with the values of a framework's context C in front. The handler
// may keep it after the framework has given C to another request: Detach ends the access to C.
type Context[C any] struct {
	context.Context //nolint:containedctx // it is a context

	value func(c C, key any) any // nil: there is none

	mu       sync.RWMutex
	c        C
	detached bool
}

// New returns a context with the values that value finds in c, then those of ctx. ctx is the
// request's at the time of the mount, so that a request of c with the result makes no cycle.
func New[C any](ctx context.Context, c C, value func(c C, key any) any) *Context[C] {
	return &Context[C]{Context: ctx, c: c, value: value}
}

// Detach ends the access to C. Call it when the handler has returned.
func (m *Context[C]) Detach() {
	m.mu.Lock()
	defer m.mu.Unlock()
	var none C
	m.c, m.detached = none, true
}

// Value implements context.Context.
func (m *Context[C]) Value(key any) any {
	if v := m.native(key); v != nil {
		return v
	}
	return m.Context.Value(key)
}

func (m *Context[C]) native(key any) any {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.detached {
		return nil
	}
	return m.value(m.c, key)
}
