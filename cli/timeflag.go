package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	timeForms     = "want RFC 3339 (2026-03-08T02:30:00Z), or local: 2026-03-08 02:30, or 02:30"
	durationForms = "want a duration like 90m, 1h30m or 2d"

	day         = 24 * time.Hour
	longestDays = 36_500
)

// location is the zone that --tz names.
func (a *app) location() (*time.Location, error) {
	if a.zone == "" {
		return time.Local, nil
	}
	loc, err := time.LoadLocation(a.zone)
	if err != nil {
		return nil, usagef("--tz: unknown zone %q: want an IANA name like Europe/Berlin, or UTC", a.zone)
	}
	return loc, nil
}

// parseInstant reads an instant as a person writes it: RFC 3339, or a local time in loc,
// with a date or without. now is asked for only without: the next instant after it at
// which a clock shows this time is meant.
func parseInstant(s string, loc *time.Location, now func() (time.Time, error)) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return inRange(s, t.UTC())
	}
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if wall, err := time.Parse(layout, s); err == nil {
			return theInstant(s, wall, loc)
		}
	}
	for _, layout := range []string{"15:04", "15:04:05"} {
		if clock, err := time.Parse(layout, s); err == nil {
			t, err := now()
			if err != nil {
				return time.Time{}, err
			}
			return nextInstant(s, clock, loc, t)
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time: %s", s, timeForms)
}

// nextInstant is when, after now, a clock in loc shows clock.
func nextInstant(s string, clock time.Time, loc *time.Location, now time.Time) (time.Time, error) {
	today := now.In(loc)
	on := func(days int) time.Time {
		return time.Date(today.Year(), today.Month(), today.Day()+days, clock.Hour(), clock.Minute(), clock.Second(), 0, time.UTC)
	}
	all := instants(on(0), loc)
	if len(all) > 0 && !all[len(all)-1].After(now) {
		return theInstant(s, on(1), loc) // passed today
	}
	return theInstant(s, on(0), loc)
}

// theInstant is the one instant at which a clock in loc shows wall.
func theInstant(s string, wall time.Time, loc *time.Location) (time.Time, error) {
	if _, err := inRange(s, wall); err != nil {
		return time.Time{}, err
	}
	shown := wall.Format("2006-01-02 15:04:05")
	switch all := instants(wall, loc); len(all) {
	case 1:
		return inRange(s, all[0])
	case 0:
		earlier, later, at := gap(wall, loc)
		before := time.FixedZone(at.Add(-1).In(loc).Zone())
		return time.Time{}, fmt.Errorf("%q: %s does not exist in %s, where clocks go from %s to %s: say %s or %s",
			s, shown, zoneName(loc), at.In(before).Format("15:04 MST"), at.In(loc).Format("15:04 MST"),
			earlier.In(loc).Format(time.RFC3339), later.In(loc).Format(time.RFC3339))
	default:
		var say []string
		for _, t := range all {
			say = append(say, t.In(loc).Format(time.RFC3339))
		}
		return time.Time{}, fmt.Errorf("%q: %s comes twice in %s: say %s", s, shown, zoneName(loc), strings.Join(say, " or "))
	}
}

// instants are all instants at which a clock in loc shows wall (whose own zone is UTC), in
// order: none in a gap, two in a fold.
func instants(wall time.Time, loc *time.Location) []time.Time {
	var out []time.Time
	eachZone(wall, loc, func(begin, end time.Time, offset time.Duration) {
		t := wall.Add(-offset)
		if !t.Before(begin) && (end.IsZero() || t.Before(end)) {
			out = append(out, t)
		}
	})
	return out
}

// gap is, for a wall time that loc skips, the instants at which its clocks would show it
// by the offset after and before the change, and the instant of the change.
func gap(wall time.Time, loc *time.Location) (earlier, later, at time.Time) {
	var before time.Duration
	first := true
	eachZone(wall, loc, func(begin, _ time.Time, offset time.Duration) {
		if !first && !wall.Before(begin.Add(before)) && wall.Before(begin.Add(offset)) {
			earlier, later, at = wall.Add(-offset), wall.Add(-before), begin
		}
		before, first = offset, false
	})
	return earlier, later, at
}

// eachZone calls do for each stretch of one offset in loc that may hold wall, in order.
// No zone was ever more than 15 hours from UTC, and one has skipped a day.
func eachZone(wall time.Time, loc *time.Location, do func(begin, end time.Time, offset time.Duration)) {
	for at, last := wall.Add(-2*day), wall.Add(2*day); ; {
		_, seconds := at.In(loc).Zone()
		begin, end := at.In(loc).ZoneBounds()
		do(begin, end, time.Duration(seconds)*time.Second)
		if end.IsZero() || end.After(last) {
			return
		}
		at = end
	}
}

func inRange(s string, t time.Time) (time.Time, error) {
	if y := t.UTC().Year(); y < 2000 || y > 9998 {
		return time.Time{}, fmt.Errorf("%q: want a year from 2000 to 9998", s)
	}
	return t, nil
}

func zoneName(loc *time.Location) string {
	if loc == time.Local {
		return "this machine's zone"
	}
	return loc.String()
}

// parseDuration reads a Go duration, with whole days of 24 hours before it if need be, of
// more than nothing.
func parseDuration(s string) (time.Duration, error) {
	rest, total := s, time.Duration(0)
	if days, after, ok := strings.Cut(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 32)
		if err != nil || n > longestDays {
			return 0, fmt.Errorf("%q: %s", s, durationForms)
		}
		rest, total = after, time.Duration(n)*day
	}
	if rest != "" || total == 0 {
		d, err := time.ParseDuration(rest)
		if err != nil || d < 0 || d > longestDays*day {
			return 0, fmt.Errorf("%q: %s", s, durationForms)
		}
		total += d
	}
	if total <= 0 {
		return 0, fmt.Errorf("%q: want more than 0", s)
	}
	return total, nil
}

// durationFlag is a duration as a flag; zero means that it was not given.
type durationFlag time.Duration

func (d *durationFlag) Set(s string) error {
	v, err := parseDuration(s)
	*d = durationFlag(v)
	return err
}

func (d *durationFlag) String() string {
	if *d == 0 {
		return ""
	}
	return time.Duration(*d).String()
}

func (d *durationFlag) Type() string { return "DURATION" }

func (d *durationFlag) duration() time.Duration { return time.Duration(*d) }
