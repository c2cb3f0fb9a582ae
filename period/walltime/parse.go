package walltime

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-downtime/downtime/period"
)

// ErrFormat means that the text is not a time.
var ErrFormat = errors.New("not a time: want RFC 3339 (2026-03-08T02:30:00Z), local (2026-03-08 02:30, or 02:30), or seconds (@1772937000)")

// ErrNoZone means that a local time was given, and no zone is known for it.
var ErrNoZone = errors.New("the zone of this local time is not known: add the offset, as in 2026-03-08 02:30-05:00")

// typed is the form of a time as a person writes it: a date, a time of day and an offset.
var typed = regexp.MustCompile(`^(?:(\d{4}-\d\d-\d\d)[ Tt])?(\d\d:\d\d)(:\d\d(?:\.\d+)?)?([Zz]|[+-]\d\d:\d\d)?$`)

// Parse reads an instant as a person writes it, and returns it in UTC. It accepts
//   - RFC 3339, also with a blank for "T", in lower case, or without seconds;
//   - a date and a time of day without an offset, which is a local time in loc;
//   - a time of day alone, which means the next instant after now at which a clock in loc
//     shows it;
//   - "@" and the seconds since the first instant of 1970 in UTC.
//
// Parse calls now only for a time of day alone. If now is nil, it refuses one. If loc is nil, it
// refuses local times.
//
// Errors quote s and wrap [ErrFormat], [ErrNoZone], [*GapError], [*FoldError], [*YearError] or
// the error of now.
func Parse(s string, loc *time.Location, now func() (time.Time, error)) (time.Time, error) {
	t, err := parse(s, loc, now)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q: %w", s, err)
	}
	return t, nil
}

func parse(s string, loc *time.Location, now func() (time.Time, error)) (time.Time, error) {
	if digits, ok := strings.CutPrefix(s, "@"); ok {
		seconds, err := strconv.ParseUint(digits, 10, 50)
		if err != nil {
			return time.Time{}, ErrFormat
		}
		t := time.Unix(int64(seconds), 0).UTC()
		return t, checkYear(t)
	}
	m := typed.FindStringSubmatch(s)
	if m == nil {
		return time.Time{}, ErrFormat
	}
	date, clock, offset := m[1], m[2]+m[3], strings.ToUpper(m[4])
	if m[3] == "" {
		clock += ":00"
	}
	switch {
	case date != "" && offset != "":
		t, err := period.ParseInstant(date + "T" + clock + offset)
		if err != nil {
			return time.Time{}, ErrFormat
		}
		return t, checkYear(t)
	case offset != "", date == "" && (now == nil || strings.Contains(clock, ".")):
		return time.Time{}, ErrFormat
	}
	onDay := date
	if onDay == "" {
		onDay = "2000-01-01" // any day: only the time of day counts
	}
	wall, err := time.Parse(time.DateTime, onDay+" "+clock)
	switch {
	case err != nil:
		return time.Time{}, ErrFormat
	case loc == nil:
		return time.Time{}, ErrNoZone
	case date != "":
		return theInstant(wall, loc)
	}
	from, err := now()
	if err != nil {
		return time.Time{}, err
	}
	return nextInstant(wall, loc, from)
}

// ParseWall reads a date and a time of day, in the forms of [Parse] and of the datetime-local
// fields of HTML. The location of the result is UTC, and has no meaning.
func ParseWall(s string) (wall time.Time, ok bool) {
	if m := typed.FindStringSubmatch(s); m == nil || m[1] == "" || m[4] != "" {
		return time.Time{}, false
	}
	wall, err := parse(s, time.UTC, nil)
	return wall, err == nil
}
