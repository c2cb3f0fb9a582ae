package walltime

import (
	"errors"
	"fmt"
	"time"
)

// ErrFormat means that the text is not a time.
var ErrFormat = errors.New("is no time: want RFC 3339 (2026-03-08T02:30:00Z), or local: 2026-03-08 02:30, or 02:30")

// Parse reads an instant as a person writes it, and returns it in UTC. It accepts
//   - RFC 3339;
//   - a local time in loc, with a blank or a "T" between date and time, with or without
//     seconds;
//   - a time of day alone, which means the next instant after now at which a clock in loc
//     shows it.
//
// Parse calls now only for a time of day alone. If now is nil, it refuses one.
//
// Errors quote s and wrap [ErrFormat], [*GapError], [*FoldError], [*YearError] or the error
// of now.
func Parse(s string, loc *time.Location, now func() (time.Time, error)) (time.Time, error) {
	t, err := parse(s, loc, now)
	switch {
	case errors.Is(err, ErrFormat):
		return time.Time{}, fmt.Errorf("%q %w", s, err)
	case err != nil:
		return time.Time{}, fmt.Errorf("%q: %w", s, err)
	}
	return t, nil
}

func parse(s string, loc *time.Location, now func() (time.Time, error)) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC(), checkYear(t)
	}
	if wall, ok := ParseWall(s); ok {
		return theInstant(wall, loc)
	}
	for _, layout := range []string{"15:04", "15:04:05"} {
		if clock, err := time.Parse(layout, s); err == nil && now != nil {
			t, err := now()
			if err != nil {
				return time.Time{}, err
			}
			return nextInstant(clock, loc, t)
		}
	}
	return time.Time{}, ErrFormat
}

// ParseWall reads a date and a time of day, in the forms of [Parse] and of the datetime-local
// fields of HTML. The location of the result is UTC, and has no meaning.
func ParseWall(s string) (wall time.Time, ok bool) {
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if wall, err := time.Parse(layout, s); err == nil {
			return wall, true
		}
	}
	return time.Time{}, false
}
