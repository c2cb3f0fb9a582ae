package answer

import (
	"cmp"
	"math/rand/v2"
	"strconv"
	"time"
)

const (
	// maxRetry caps the wait unless RetryAfterMax does, so that clients find within minutes a
	// site that is back early.
	maxRetry = 300 * time.Second
	// unknownRetry is the wait if the end is unknown or has passed.
	unknownRetry = 60 * time.Second
	// minSpread and spreadShare bound the random spread unless RetryAfterSpread does: up to a
	// fifth of the wait, but at least 5 s, so that clients refused shortly before the end do not return at once.
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

// retryRule bounds the wait. The zero value has the defaults.
type retryRule struct {
	most   time.Duration // zero: maxRetry
	spread time.Duration // zero: a share of the wait; negative: none
}

// at prepares the waits at now for an end at until; a zero until is unknown.
// They hold until next. A zero next means that they hold forever.
func (rule retryRule) at(until, now time.Time) (r *retryAfter, next time.Time) {
	most := cmp.Or(rule.most, maxRetry)
	wait := min(unknownRetry, most)
	if left := until.Sub(now); !until.IsZero() && left > 0 {
		// Rounded up, so that no client is asked back before the end.
		wait = (min(left, most) + time.Second - 1).Truncate(time.Second)
		next = until.Add(time.Second - wait)
	}
	base := int(wait / time.Second)
	spread := int(max(0, cmp.Or(rule.spread, max(minSpread, wait/spreadShare))) / time.Second)
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
