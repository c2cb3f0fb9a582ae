package operator

import (
	"context"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/go-downtime/downtime/internal/wakes"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

const (
	confirmTimeout = 2 * time.Second // for reading a write back
	maxBackoff     = 50 * time.Millisecond
)

// confirm reads back the document next, whose text Swap wrote over old. swapped is the result of
// Swap: nil, or an error after which it is unknown whether Swap wrote. confirm succeeds if the
// store holds next, or a later document whose log has the entry of next.
//
// It reads again, for at most confirmTimeout, while a read fails or while a primary of the store
// has an older document: this primary may not have the write yet. If Swap failed and the old
// document is still there, the write may still take place, so confirm repeats the same Swap. It
// says that nothing was written only if the store knows that.
func (o Operator) confirm(caller context.Context, old store.Token, next *period.Document, text []byte, swapped error) (State, error) {
	// The caller must learn the outcome even if its own deadline has passed.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(caller), confirmTimeout)
	defer cancel()
	written := store.TokenOf(text)
	for attempt := 1; ; attempt++ {
		blob, err := o.Store.Get(ctx, written)
		if errors.Is(err, store.ErrUnchanged) {
			blob.Token, blob.Bytes, err = written, text, nil
		}
		s, err := stateOf(blob, err)
		found, older := err, false
		switch d := s.Document; {
		case d != nil && (s.Token == written || d.StoreID == next.StoreID && d.Log.Holds(next.WriteID)):
			return s, nil
		case d != nil:
			found = fmt.Errorf("revision %d of document %s", d.Revision, d.StoreID)
			older = d.StoreID == next.StoreID && d.Revision < next.Revision
		case err == nil:
			found = errors.New("no document")
		}
		read := err == nil || errors.Is(err, store.ErrLost) || errors.Is(err, ErrUnreadable)
		unchanged := read && s.Token == old
		switch {
		case read && !unchanged && errors.Is(swapped, store.ErrConflict):
			return State{}, swapped // its log would hold our entry, and the write cannot take place any more
		case unchanged && errors.Is(swapped, store.ErrNotWritten):
			return State{}, fmt.Errorf("nothing was written: %w", storeError(swapped))
		case read && !unchanged && !older, backOff(ctx, attempt) != nil:
			err = fmt.Errorf("%w: wrote revision %d of document %s, and read back %w", ErrUnconfirmed, next.Revision, next.StoreID, found)
			if swapped != nil {
				err = fmt.Errorf("%w; the write returned: %w", err, swapped)
			}
			return State{}, err
		}
		// The write may still take place. Swap is idempotent, so the same one makes sure.
		if unchanged && swapped != nil && caller.Err() == nil {
			swapped = o.Store.Swap(ctx, old, text)
		}
	}
}

// backOff waits a random time below a limit that doubles with the attempts.
func backOff(ctx context.Context, attempt int) error {
	limit := min(time.Millisecond<<min(attempt, 10), maxBackoff)
	return wakes.Pause(ctx, mathrand.N(limit)) //nolint:gosec // a spread between writers, not a secret
}
