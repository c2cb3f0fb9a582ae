package answer

import (
	"math/rand/v2"
	"strconv"
	"time"
)

const (
	// maxRetry caps the wait, so that clients find within minutes a site that is back
	// early.
	maxRetry = 300 * time.Second
	// unknownRetry is the wait if the end is unknown or has passed.
	unknownRetry = 60 * time.Second
	// minSpread and spreadShare bound the random spread: up to a fifth of the wait, but
	// at least 5 s, so that clients refused shortly before the end do not return at once.
	minSpread   = 5 * time.Second
	spreadShare = 5
	// retryVariants is how many values of one spread are prepared; a power of two.
	retryVariants = 16
)

// retryAfter is the wait that clients are asked for, in variants. Each response takes a
// random one. The choice must not depend on the client's address: behind a CDN all
// clients share one.
type retryAfter [retryVariants]retryVariant

// retryVariant is one wait in the forms that answers need.
type retryVariant struct {
	header []string // of Retry-After, in seconds (RFC 9110 section 10.2.3)
	member []byte   // the last member of the JSON body, with the end of the object
	digits int      // of the seconds
}

// newRetryAfter prepares the waits at now for an end at until; a zero until is unknown.
// They hold until next. A zero next means that they hold forever.
func newRetryAfter(until, now time.Time) (r *retryAfter, next time.Time) {
	wait := unknownRetry
	if left := until.Sub(now); !until.IsZero() && left > 0 {
		// Rounded up, so that no client is asked back before the end.
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

// pick returns one of the variants at random.
func (r *retryAfter) pick() *retryVariant {
	return &r[rand.Uint32()%retryVariants] //nolint:gosec // spreads load, keeps no secret
}
