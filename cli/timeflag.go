package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
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

// parseDuration reads a Go duration of more than 0, optionally after whole days of 24 hours.
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
