// Package walltime turns local times into instants. An hour that daylight saving skips has no
// instant, and an hour that it repeats has two: the package reports both instead of guessing.
//
// Its functions are pure, except for the clock that a caller passes. They are safe for
// concurrent use. A nil location counts as UTC.
package walltime

import (
	"sort"
	"time"
)

const day = 24 * time.Hour

// Instants returns all instants at which a clock in loc shows wall, in order: usually one,
// none in a gap, two in a fold. It ignores the location of wall.
func Instants(wall time.Time, loc *time.Location) []time.Time {
	wall = shown(wall)
	out := []time.Time{}
	eachOffset(wall, orUTC(loc), func(begin, end time.Time, offset time.Duration) {
		t := wall.Add(-offset)
		if !t.Before(begin) && t.Before(end) {
			out = append(out, t)
		}
	})
	return out
}

// theInstant returns the one instant, in UTC, at which a clock in loc shows wall. Errors:
// [*GapError] if there is none, [*FoldError] if there are several, [*YearError].
func theInstant(wall time.Time, loc *time.Location) (time.Time, error) {
	wall, loc = shown(wall), orUTC(loc)
	if err := checkYear(wall); err != nil {
		return time.Time{}, err
	}
	switch all := Instants(wall, loc); len(all) {
	case 1:
		return all[0], checkYear(all[0])
	case 0:
		return time.Time{}, newGapError(wall, loc)
	default:
		return time.Time{}, &FoldError{Wall: wall, Location: loc, Instants: all}
	}
}

// nextInstant returns the next instant after now at which a clock in loc shows the time of
// day of clock. Errors: those of theInstant.
func nextInstant(clock time.Time, loc *time.Location, now time.Time) (time.Time, error) {
	today := now.In(orUTC(loc))
	on := func(days int) time.Time {
		return time.Date(today.Year(), today.Month(), today.Day()+days, clock.Hour(), clock.Minute(), clock.Second(), 0, time.UTC)
	}
	all := Instants(on(0), loc)
	if len(all) > 0 && !all[len(all)-1].After(now) {
		return theInstant(on(1), loc) // passed today
	}
	return theInstant(on(0), loc)
}

// Name is the name of loc in messages: its IANA name, or "this machine's zone" for
// time.Local.
func Name(loc *time.Location) string {
	if loc == time.Local {
		return "this machine's zone"
	}
	return orUTC(loc).String()
}

// shown is the date and time of day of t, in UTC.
func shown(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

func orUTC(loc *time.Location) *time.Location {
	if loc == nil {
		return time.UTC
	}
	return loc
}

// sampled is the step at which the offset of a zone is read. No zone has ever changed its
// offset twice in so short a time.
const sampled = 30 * time.Minute

// eachOffset calls do for each stretch of one offset in loc that may hold wall, in order. Two
// days on each side are enough: no zone was ever more than 15 hours from UTC, and the largest
// change was one day. Time.ZoneBounds is not used, because in the last days of a future leap
// year it returns bounds that have passed (go1.26).
func eachOffset(wall time.Time, loc *time.Location, do func(begin, end time.Time, offset time.Duration)) {
	begin, last := wall.Add(-2*day), wall.Add(2*day)
	offset := offsetAt(begin, loc)
	for at := begin.Add(sampled); at.Before(last); at = at.Add(sampled) {
		next := offsetAt(at, loc)
		if next == offset {
			continue
		}
		change := changeBetween(at.Add(-sampled), at, loc)
		do(begin, change, offset)
		begin, offset = change, next
	}
	do(begin, last, offset)
}

// changeBetween is the first whole second after a at which the offset is that of b.
func changeBetween(a, b time.Time, loc *time.Location) time.Time {
	a, b = a.Truncate(time.Second), b.Truncate(time.Second)
	seconds := int(b.Sub(a) / time.Second)
	after := offsetAt(b, loc)
	n := sort.Search(seconds, func(n int) bool { return offsetAt(a.Add(time.Duration(n)*time.Second), loc) == after })
	return a.Add(time.Duration(n) * time.Second)
}

func offsetAt(t time.Time, loc *time.Location) time.Duration {
	_, seconds := t.In(loc).Zone()
	return time.Duration(seconds) * time.Second
}
