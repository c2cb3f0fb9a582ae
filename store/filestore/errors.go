package filestore

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/go-downtime/downtime/internal/trust"
	"github.com/go-downtime/downtime/store"
)

func isUntrusted(err error) bool {
	_, is := errors.AsType[*trust.Error](err)
	return is
}

// noDocument reports whether err means that there is no document. After any other error it is
// unknown whether there is one.
func noDocument(err error) bool {
	return errors.Is(err, store.ErrNeverWritten) || errors.Is(err, store.ErrLost)
}

// refused adds [store.ErrReadOnly] to an error that means that this user cannot write here, or
// that readers would not trust the result.
func refused(err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.EBUSY) || isUntrusted(err) {
		return fmt.Errorf("%w: %w", store.ErrReadOnly, err)
	}
	return err
}
