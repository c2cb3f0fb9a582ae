package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // --tz works where the machine has no zones

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/period/walltime"
)

const (
	durationForms = "want a duration like 90m, 1h30m or 2d"

	now = "now" // in a flag for a time

	day         = 24 * time.Hour
	longestDays = 36_500
)

// location is the zone that --tz or TZ names, else this machine's. If TZ names no zone, unknown
// is the error, the zone is UTC, and local times must be refused.
func (a *app) location() (loc *time.Location, unknown, err error) {
	if a.zone != "" {
		loc, err = loadZone("--tz", a.zone)
		return loc, nil, err
	}
	name, ok := os.LookupEnv("TZ")
	if !ok {
		return time.Local, nil, nil
	}
	if loc, unknown = loadZone("TZ", strings.TrimPrefix(name, ":")); unknown != nil {
		loc = time.UTC
	}
	return loc, unknown, nil
}

// loadZone is a zone by its IANA name or, from TZ, by the path of its file. It refuses "Local", which
// is UTC if package time cannot load the zone of this machine.
func loadZone(from, name string) (loc *time.Location, err error) {
	switch {
	case name == "UTC0":
		return time.UTC, nil // the one value for POSIX that scripts commonly set
	case name == "Local":
		err = errors.ErrUnsupported
	case from == "TZ" && filepath.IsAbs(name):
		var data []byte
		if data, err = os.ReadFile(name); err == nil {
			loc, err = time.LoadLocationFromTZData(name, data)
		}
	default:
		loc, err = time.LoadLocation(name)
	}
	if err != nil {
		return nil, usagef("%s: unknown zone %q: want an IANA name like Europe/Berlin, or UTC", from, name)
	}
	return loc, nil
}

// zones read the times that flags name.
type zones struct {
	loc *time.Location
	// unknown says why loc is not the zone that the operator meant; nil if it is that zone.
	unknown error
}

// parse reads a time in a flag. It accepts "now", "+30m" and "tomorrow 02:30" besides the forms of
// [walltime.Parse]. read is the store's time. A time of day alone is the next one after from; if from is zero, after now.
func (z zones) parse(value string, from time.Time, read func() (time.Time, error)) (time.Time, error) {
	loc := z.loc
	if z.unknown != nil {
		loc = nil
	}
	day, clock, _ := strings.Cut(value, " ")
	days, named := map[string]int{"today": 0, "tomorrow": 1}[day]
	switch {
	case value == now:
		return read()
	case strings.HasPrefix(value, "+"):
		d, err := parseDuration(value[1:])
		if err != nil {
			return time.Time{}, err
		}
		t, err := read()
		return t.Add(d), err
	case named && loc != nil:
		t, err := read()
		if err != nil {
			return time.Time{}, err
		}
		y, m, d := t.In(loc).Date()
		onDay := time.Date(y, m, d+days, 0, 0, 0, 0, time.UTC).Format(time.DateOnly) + " " + clock
		if _, ok := walltime.ParseWall(onDay); ok {
			return walltime.Parse(onDay, loc, nil)
		}
	case named:
		return time.Time{}, z.unknown
	}
	if !from.IsZero() {
		read = func() (time.Time, error) { return from, nil }
	}
	t, err := walltime.Parse(value, loc, read)
	if errors.Is(err, walltime.ErrNoZone) {
		return t, fmt.Errorf("%w (%w)", err, z.unknown)
	}
	if _, notLong := parseDuration(value); errors.Is(err, walltime.ErrFormat) && notLong == nil {
		return t, fmt.Errorf("%q is a duration: want +%s for that time from now", value, value)
	} else if errors.Is(err, walltime.ErrFormat) {
		return t, fmt.Errorf("%w; also now, +30m and tomorrow 02:30", err)
	}
	return t, err
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

// zeroFlag is a duration as a flag that can be 0.
type zeroFlag struct{ durationFlag }

func (d *zeroFlag) Set(s string) error {
	if s == "0" || s == "0s" {
		d.durationFlag = 0
		return nil
	}
	return d.durationFlag.Set(s)
}

// holdFlag is the duration of a hold as a flag. 0 ends the hold of a deployment.
type holdFlag struct{ zeroFlag }

func (d *holdFlag) Set(s string) error {
	err := d.zeroFlag.Set(s)
	switch {
	case err != nil:
		return err
	case d.duration()%time.Second != 0:
		return fmt.Errorf("%q: want whole seconds", s)
	case d.duration() > period.MaxHold:
		return fmt.Errorf("%q: want at most %s", s, span(period.MaxHold))
	}
	return nil
}
