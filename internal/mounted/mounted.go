// Package mounted serves a mounted http.Handler with the values of a framework's context.
package mounted

import (
	"context"
	"net/http"
	"sync"
)

// Serve calls h with r, whose context then has the values that value finds in the framework's context
// c, and after them those of r's own context. The handler may keep that context after the framework
// has given c to another request: when h has returned, the context no longer reads c.
func Serve[C any](h http.Handler, w http.ResponseWriter, r *http.Request, c C, value func(c C, key any) any) {
	ctx := &mount[C]{Context: r.Context(), c: c, value: value}
	defer ctx.detach()
	h.ServeHTTP(w, r.WithContext(ctx))
}

// mount is a request's context with the values of a framework's context C in front. Context is the
// request's at the time of the mount, so that a request of c with this context makes no cycle.
type mount[C any] struct {
	context.Context //nolint:containedctx // it is a context

	mu    sync.RWMutex
	c     C
	value func(c C, key any) any // nil after detach
}

// detach ends the access to C.
func (m *mount[C]) detach() {
	m.mu.Lock()
	defer m.mu.Unlock()
	var none C
	m.c, m.value = none, nil
}

// Value implements context.Context.
func (m *mount[C]) Value(key any) any {
	if v := m.native(key); v != nil {
		return v
	}
	return m.Context.Value(key)
}

func (m *mount[C]) native(key any) any {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.value == nil {
		return nil
	}
	return m.value(m.c, key)
}
