package core

import (
	"context"
	"net/http"
	"sync/atomic"
)

// Behind returns a predicate that runs the middleware mw and asks ok with the request that mw
// passes on. Use it for a predicate that reads a session. The session middleware can then come
// after the gate, and the predicate runs it only while the gate is closed. If the database of the
// sessions is down, the answer is no, and the client gets the refusal instead of an error of mw.
// name must not be blank.
//
// mw gets a copy of the request, without a body, with the context and the deadline of the
// predicate. Its response is discarded. A bypassed request runs mw again behind the gate. mw must
// call the next handler before it returns, and not on another goroutine.
//
// The adapters for gin and echo have a Behind for their own middleware.
func Behind(name string, mw func(http.Handler) http.Handler, ok func(r *http.Request) bool) Predicate {
	if mw == nil || ok == nil {
		p := Func(name, nil)
		p.faults.add(".Behind", nil, "the middleware or the function is nil; want both")
		return p
	}
	chain := mw(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if yes, found := r.Context().Value(behindKey{}).(*atomic.Bool); found {
			yes.Store(ok(r))
		}
	}))
	return Func(name, func(ctx context.Context, r *http.Request) bool {
		var yes atomic.Bool
		r = r.Clone(context.WithValue(ctx, behindKey{}, &yes))
		r.Body, r.ContentLength = http.NoBody, 0
		chain.ServeHTTP(discard{http.Header{}}, r)
		return yes.Load()
	})
}

type behindKey struct{}

// discard is the ResponseWriter of a response that has no reader.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}
