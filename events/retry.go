package events

import (
	"errors"
	mathrand "math/rand/v2"
	"time"
)

const (
	firstPause    = time.Second
	lastPause     = 30 * time.Second // so that a receiver that is back gets an event within a minute
	maxRetryAfter = time.Hour
)

// Retry says how often a delivery is tried. The pause between two attempts grows from about 1 s to
// 30 s. The zero value tries without an end.
type Retry struct {
	// Attempts is the largest number of attempts. Zero means no limit.
	Attempts int
	// For is the time after which no further attempt begins. Zero means no limit.
	For time.Duration
}

// FinalError is a failed delivery that is not tried again.
type FinalError struct{ Err error }

// Error is the text of Err.
func (e *FinalError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *FinalError) Unwrap() error { return e.Err }

// LaterError is a failed delivery whose receiver has said when to try again.
type LaterError struct {
	Err   error
	After time.Duration
}

// Error is the text of Err.
func (e *LaterError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *LaterError) Unwrap() error { return e.Err }

// next returns the pause before the next attempt, or true if there is none.
func (r Retry) next(err error, attempt int, since time.Duration) (pause time.Duration, giveUp bool) {
	pause = min(firstPause<<min(attempt-1, 10), lastPause)
	pause = pause/2 + mathrand.N(pause/2) //nolint:gosec // a spread between processes, not a secret
	if later, ok := errors.AsType[*LaterError](err); ok {
		pause = max(pause, min(later.After, maxRetryAfter))
	}
	_, final := errors.AsType[*FinalError](err)
	return pause, final || r.Attempts > 0 && attempt >= r.Attempts || r.For > 0 && since+pause > r.For
}
