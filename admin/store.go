package admin

import (
	"context"
	"errors"
	"time"

	"github.com/go-downtime/downtime/core"
)

// storeTimeout is how long a write waits for one answer of the store.
const storeTimeout = 5 * time.Second

// marked is the store as the operator functions get it: its errors are marked, and it holds
// nobody up, even if it is frozen and the client waits forever.
type marked struct{ core.Store }

func (m marked) Load(ctx context.Context, have core.Mark) (core.State, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	state, err := m.Store.Load(ctx, have)
	if err != nil {
		err = storeError{err}
	}
	return state, err
}

func (m marked) Commit(ctx context.Context, base core.Mark, next *core.Document, entry core.Entry) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := m.Store.Commit(ctx, base, next, entry); err != nil {
		return storeError{err}
	}
	return nil
}

// storeError marks an error of the store itself, so that a document which cannot be read
// is never taken for a fault of the request.
type storeError struct{ err error }

func (f storeError) Error() string { return f.err.Error() }
func (f storeError) Unwrap() error { return f.err }

func isStoreFault(err error) bool {
	_, ok := errors.AsType[storeError](err)
	return ok
}
