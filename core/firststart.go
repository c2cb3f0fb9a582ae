package core

import (
	"errors"
	"io/fs"
	"slices"

	"github.com/go-downtime/downtime/internal/trust"
	"github.com/go-downtime/downtime/store"
)

// fatal returns the error of the first read if it makes New fail.
func (f *follower) fatal() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.state.known.err; f.set.FirstStart == FirstStartFail && lasting(err) {
		return err
	}
	return nil
}

// lasting reports whether only an operator can mend the fault that err describes. An unknown
// error may be over soon.
func lasting(err error) bool {
	_, untrusted := errors.AsType[*trust.Error](err)
	faults := []error{errFormat, store.ErrLost, store.ErrTampered, fs.ErrNotExist, fs.ErrPermission}
	return untrusted || slices.ContainsFunc(faults, func(fault error) bool { return errors.Is(err, fault) })
}
