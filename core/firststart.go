package core

import (
	"errors"
	"io/fs"

	"github.com/go-downtime/downtime/internal/trust"
	"github.com/go-downtime/downtime/store"
)

// fatal returns the error of the first read if it makes New fail.
func (f *follower) fatal() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.state.known.err; f.set.firstStart == FirstStartFail && lasting(err) {
		return err
	}
	return nil
}

// lasting reports whether only an operator can mend the fault that err describes. An unknown
// error may be over soon.
func lasting(err error) bool {
	if _, is := errors.AsType[*trust.Error](err); is {
		return true
	}
	for _, fault := range []error{errFormat, store.ErrLost, store.ErrTampered, fs.ErrNotExist, fs.ErrPermission} {
		if errors.Is(err, fault) {
			return true
		}
	}
	return false
}
