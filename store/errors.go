package store

import (
	"errors"
	"fmt"
)

// Errors of a [Store], possibly wrapped.
var (
	// ErrUnchanged means that the document is the one that the caller has.
	ErrUnchanged = errors.New("document is unchanged")
	// ErrNeverWritten means that the store has proved that there never was a document.
	ErrNeverWritten = errors.New("no document was ever written")
	// ErrLost means that there is no document, and that the store cannot prove that there
	// never was one. It never means that the site is up.
	ErrLost = errors.New("document is lost")
	// ErrTampered means that the bytes and the token that the store keeps beside them do
	// not belong together: one of them was changed by other means than Swap.
	ErrTampered = errors.New("document and its token do not match")
	// ErrConflict means that another write came first. Read, decide again, and swap again.
	ErrConflict = errors.New("document was changed by another write")
	// ErrReadOnly means that this process cannot write here: a read-only mount, a missing
	// grant, a replica.
	ErrReadOnly = errors.New("store is read-only")
	// ErrUnconfirmed means that the document was written, but not as durably as the store
	// promises. Reading the document back does not prove its durability.
	ErrUnconfirmed = errors.New("write is not confirmed")
	// ErrNotWritten means that Swap failed for another reason, and that the store knows that
	// nothing was written and nothing will be. See [NotWritten].
	ErrNotWritten = errors.New("nothing was written")
	// ErrTooLarge means that the document is larger than the store accepts. The error is a
	// [*TooLargeError].
	ErrTooLarge = errors.New("document is too large")
	// ErrRowDeleted means that the row was deleted, and its tombstone is still there. The
	// instance takes a new key.
	ErrRowDeleted = errors.New("row of this instance was deleted")
)

// TooLargeError says how large a document is and how large it may be.
type TooLargeError struct {
	Size, Limit int // in bytes
}

// Error names size and limit.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%v: %d bytes, the limit is %d; remove periods that have ended", ErrTooLarge, e.Size, e.Limit)
}

// Is makes errors.Is find [ErrTooLarge].
func (e *TooLargeError) Is(target error) bool { return target == ErrTooLarge }

// CheckSize returns a [*TooLargeError] if next is larger than limit, and an error if next is
// empty. Stores call it first in Swap. It is for authors of stores.
func CheckSize(next []byte, limit int) error {
	switch {
	case len(next) == 0:
		return errors.New("document is empty; a store keeps at least one byte")
	case len(next) > limit:
		return &TooLargeError{Size: len(next), Limit: limit}
	}
	return nil
}

// NotWritten marks an error of Swap as one after which nothing was written and nothing will be:
// errors.Is finds [ErrNotWritten], and the text stays the same. It returns nil for a nil err. It is
// for authors of stores.
func NotWritten(err error) error {
	if err == nil {
		return nil
	}
	return &notWrittenError{err}
}

type notWrittenError struct{ error }

func (e *notWrittenError) Is(target error) bool { return target == ErrNotWritten }

func (e *notWrittenError) Unwrap() error { return e.error }
