package operator

import (
	"errors"

	"github.com/go-downtime/downtime/store"
)

// Errors of an [Operator], possibly wrapped. Those of package store are returned as well.
// [Explain] turns all of them into sentences.
var (
	// ErrNothingToEnd means that none of the periods that End should end is in force.
	ErrNothingToEnd = errors.New("nothing to end")
	// ErrSeveral means that it is not clear which of several periods End should end.
	ErrSeveral = errors.New("several periods could be meant")
	// ErrNotFound means that no period has this id.
	ErrNotFound = errors.New("no such period")
	// ErrInForce means that the period refuses requests now. End ends it.
	ErrInForce = errors.New("the period is in force")
	// ErrNotInForce means that the period refuses no request now. Cancel removes it.
	ErrNotInForce = errors.New("the period is not in force")
	// ErrInitialized means that the store has a document already.
	ErrInitialized = errors.New("the store is already initialized")
	// ErrNothingWritten means that there is no document to reconcile.
	ErrNothingWritten = errors.New("nothing was ever written")
	// ErrUnreadable means that the store has a document that cannot be decoded. It also
	// wraps [period.ErrNewer] if a newer version wrote it.
	ErrUnreadable = errors.New("the document cannot be read")
	// ErrNotReadableByAll means that a live instance reports that it cannot read the new
	// document. Nothing was written. [Operator].Force writes the document nevertheless.
	ErrNotReadableByAll = errors.New("a live instance cannot read this change")
	// ErrUnconfirmed is [store.ErrUnconfirmed]. It also means that the write could not be read
	// back.
	ErrUnconfirmed = store.ErrUnconfirmed
	// ErrNoInstance means that no row has this id.
	ErrNoInstance = errors.New("no such instance")
	// ErrLive means that the instance reported within its lease. Only a silent one can be forgotten.
	ErrLive = errors.New("the instance is live")
	// ErrRunning means that another run of the holder is live.
	ErrRunning = errors.New("another run is live")
	// ErrNotReached means that a run has not reached its barrier, or has lost its period or its lease
	// before its function. The function did not run, and the period was ended, unless another run has
	// taken it over.
	ErrNotReached = errors.New("the barrier was not reached")
	// ErrTakenOver means that another operator or run ended a run's period, or took it over, before
	// the run ended it.
	ErrTakenOver = errors.New("the site was reopened or taken over meanwhile")
	// ErrStillDown means that a run has ended its period, and that another period is in force.
	ErrStillDown = errors.New("the site is still down")
	// ErrNoRows means that the store keeps no rows of instances.
	ErrNoRows = errors.New("the store keeps no rows of instances")
)

// StoreError is a fault of the store itself: it could not be read or written.
type StoreError struct{ Err error }

// Error is the text of Err, which names the store.
func (e *StoreError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *StoreError) Unwrap() error { return e.Err }

// storeError marks an error as a fault of the store, unless it is an error about the document.
func storeError(err error) error {
	for _, known := range []error{store.ErrLost, store.ErrConflict, store.ErrReadOnly, store.ErrUnconfirmed, store.ErrTooLarge} {
		if errors.Is(err, known) {
			return err
		}
	}
	return &StoreError{err}
}
