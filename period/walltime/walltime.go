// Package walltime turns local times into instants. An hour that daylight saving skips has no
// instant, and an hour that it repeats has two: the package reports both instead of guessing.
//
// Its functions are pure, except for the clock that a caller passes. They are safe for
// concurrent use. A nil location counts as UTC, except for Parse.
package walltime

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// Instants returns all instants at which a clock in loc shows wall, in order: usually one,
// none in a gap, two in a fold. It ignores the location of wall.
func Instants(wall time.Time, loc *time.Location) []time.Time {
	wall, loc = shown(wall), cmp.Or(loc, time.UTC)
	first, second := around(wall, loc)
	out := []time.Time{}
	for _, offset := range []time.Duration{first, second} {
		if t := wall.Add(-offset); offsetAt(t, loc) == offset && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// theInstant returns the one instant, in UTC, at which a clock in loc shows wall, which is in UTC. Errors:
// [*GapError] if there is none, [*FoldError] if there are several, [*YearError].
func theInstant(wall time.Time, loc *time.Location) (time.Time, error) {
	if err := checkYear(wall); err != nil {
		return time.Time{}, err
	}
	switch all := Instants(wall, loc); len(all) {
	case 1:
		return all[0], checkYear(all[0])
	case 0:
		before, after := around(wall, loc)
		return time.Time{}, &GapError{wall, loc, change(wall, loc), wall.Add(-after), wall.Add(-before)}
	default:
		return time.Time{}, &FoldError{Wall: wall, Location: loc, Instants: all}
	}
}

// nextInstant returns the next instant after now at which a clock in loc shows the time of
// day of clock. Errors: those of theInstant.
func nextInstant(clock time.Time, loc *time.Location, now time.Time) (time.Time, error) {
	today := now.In(loc)
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
	return cmp.Or(loc, time.UTC).String()
}

// shown is the date and time of day of t, in UTC.
func shown(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// farthest is more than the distance of any zone from UTC.
const farthest = 16 * time.Hour

// around returns the offsets of loc before and after every instant at which a clock can show
// wall. From 2000 on, no zone changes its offset twice in the time between.
func around(wall time.Time, loc *time.Location) (before, after time.Duration) {
	return offsetAt(wall.Add(-farthest), loc), offsetAt(wall.Add(farthest), loc)
}

// change returns the first whole second around wall at which the offset is the one after it.
func change(wall time.Time, loc *time.Location) time.Time {
	begin := wall.Add(-farthest).Truncate(time.Second)
	_, after := around(wall, loc)
	n := sort.Search(int(2*farthest/time.Second), func(n int) bool { return offsetAt(begin.Add(time.Duration(n)*time.Second), loc) == after })
	return begin.Add(time.Duration(n) * time.Second)
}

func offsetAt(t time.Time, loc *time.Location) time.Duration {
	_, seconds := t.In(loc).Zone()
	return time.Duration(seconds) * time.Second
}
