package period

import (
	"errors"
	"strings"
	"time"
)

var errInstant = errors.New(`want an instant with its offset, like "2026-11-21T02:00:00Z"`)

// ParseInstant reads an instant in RFC 3339 and returns it in UTC. Package time accepts more: an
// hour of one digit, a comma before the fraction, and offsets of 24 hours or 60 minutes.
func ParseInstant(s string) (time.Time, error) {
	var t time.Time
	if t.UnmarshalText([]byte(s)) != nil || s[len("2006-01-02T15")] != ':' || strings.Contains(s, ",") {
		return time.Time{}, errInstant
	}
	if s[len(s)-1] != 'Z' {
		if offset := s[len(s)-len("07:00"):]; offset[:2] > "23" || offset[3:] > "59" {
			return time.Time{}, errInstant
		}
	}
	return t.UTC(), nil
}

// Canonical returns t in the form that a document holds: in UTC, with whole microseconds.
func Canonical(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}
