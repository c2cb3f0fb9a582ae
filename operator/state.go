package operator

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// State is the document at one read.
type State struct {
	// Document is nil if nothing was ever written, and if the read failed.
	Document *period.Document
	// Token identifies its bytes. "" if there is no document.
	Token store.Token
	// Time is the store's clock at the read.
	Time time.Time
}

// InForce returns the periods that refuse requests at the time of the read; empty, never
// nil.
func (s State) InForce() []period.Period { return s.Document.InForce(s.Time) }

// Verdict returns the verdict of the periods at the time of the read.
func (s State) Verdict() period.Verdict {
	if s.Document == nil {
		return period.Verdict{}
	}
	return period.At(s.Document.Periods, s.Time)
}

var errNilStore = &period.FieldError{Field: "store", Problem: "is nil"}

// stateOf decodes the document that [store.Store.Get] returned with err. With [ErrUnreadable] the
// State has the token.
func stateOf(blob store.Blob, err error) (State, error) {
	s := State{Token: blob.Token, Time: period.Canonical(blob.Now)}
	switch {
	case errors.Is(err, store.ErrNeverWritten):
		return s, nil
	case err != nil:
		return State{Time: s.Time}, storeError(err)
	}
	doc, err := period.Decode(blob.Bytes)
	if err != nil {
		return s, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	s.Document = doc
	return s, nil
}
