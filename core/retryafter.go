package core

import (
	"math/rand/v2"
	"strconv"
	"time"
)

const (
	// maxRetry caps the wait that is asked for, so that a site that is back early is
	// found within minutes.
	maxRetry = 300 * time.Second
	// unknownRetry is asked for when the end is unknown or has passed.
	unknownRetry = 60 * time.Second
	// minSpread and spreadShare bound the random spread: up to a fifth of the wait, but
	// at least 5 s, so that those who were refused last do not come back all at once.
	minSpread   = 5 * time.Second
	spreadShare = 5
	// retryVariants is how many values of one spread are prepared; a power of two.
	retryVariants = 16
)

// retryAfter is what clients are asked to wait, for some seconds of wall time: a value
// for each of the variants between which chance chooses, per response. It must not be
// keyed by the client's address: behind a CDN everybody has one.
type retryAfter [retryVariants]retryVariant

// retryVariant is one wait in the forms in which answers need it.
type retryVariant struct {
	header []string // of Retry-After; RFC 9110 section 10.2.3
	member []byte   // the last member of the JSON body, with the end of the object
	digits int
}

// newRetryAfter prepares the waits at now for an end at until (zero: unknown). They are
// good until next; zero means for ever.
func newRetryAfter(until, now time.Time) (r *retryAfter, next time.Time) {
	wait := unknownRetry
	if left := until.Sub(now); !until.IsZero() && left > 0 {
		// Rounded up: nobody is asked to come back before the end.
		wait = (min(left, maxRetry) + time.Second - 1).Truncate(time.Second)
		next = until.Add(time.Second - wait)
	}
	base := int(wait / time.Second)
	spread := int(max(minSpread, wait/spreadShare) / time.Second)
	r = new(retryAfter)
	for i := range r {
		seconds := strconv.Itoa(base + i*(spread+1)/retryVariants)
		r[i] = retryVariant{
			header: []string{seconds},
			member: []byte(`,"retry_after":` + seconds + "}\n"),
			digits: len(seconds),
		}
	}
	return r, next
}

// pick returns one of the variants by chance.
func (r *retryAfter) pick() *retryVariant {
	return &r[rand.Uint32()%retryVariants] //nolint:gosec // spreads load, keeps no secret
}
