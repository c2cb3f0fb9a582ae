package admin

import (
	"time"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/period/walltime"
)

// fill sets the values of the form to those of p.
func (f *form) fill(p period.Period, c clock) {
	f.Values["zone"] = c.Zone.String()
	f.Values["reason"] = p.Reason
	f.tick("emergency", p.Emergency)
	f.tick("enabled", p.Enabled)
	f.tick("no_end", p.Kind == period.Window && p.End.IsZero())
	for field, at := range map[string]time.Time{"start": p.Start, "end": p.End, "expected_end": p.ExpectedEnd} {
		if at.IsZero() {
			continue
		}
		f.Values[field] = c.Local(at)
		if wall, ok := walltime.ParseWall(f.Values[field]); ok && len(walltime.Instants(wall, c.Zone)) > 1 {
			f.Values[field+"_offset"] = at.In(c.Zone).Format("-07:00")
			f.instant(field, c.Zone) // offers the choice
		}
	}
}

func (f *form) tick(field string, on bool) {
	if on {
		f.Values[field] = "yes"
	}
}

// changes are the differences between the form and p. A time that was not edited stays
// unchanged, to the microsecond.
func (f *form) changes(p period.Period, c clock) operator.EditOptions {
	was := newForm()
	was.fill(p, c)
	window := p.Kind == period.Window
	t := f.times(c.Zone, window)
	o := operator.EditOptions{Reason: new(f.Values["reason"]), Emergency: new(f.checked("emergency"))}
	same := func(field string) bool {
		return f.Values[field] == was.Values[field] && f.Values[field+"_offset"] == was.Values[field+"_offset"]
	}
	if window {
		o.Enabled = new(f.checked("enabled"))
		if !same("start") {
			o.Start = &t.start
		}
	}
	if !same("end") {
		o.End = &t.end
	}
	if !same("expected_end") {
		o.ExpectedEnd = &t.expected
	}
	return o
}

// typed are the times of a form.
type typed struct {
	start, end, expected time.Time
}

// times reads the times of the form in its zone, and adds their faults.
func (f *form) times(zone *time.Location, window bool) typed {
	t := typed{end: f.instant("end", zone), expected: f.instant("expected_end", zone)}
	if window {
		t.start = f.instant("start", zone)
		if f.Values["start"] == "" {
			f.fault("start", "Give the start.")
		}
		if f.Values["end"] == "" && !f.checked("no_end") {
			f.fault("end", "Give the end, or tick that it has no end.")
		}
	}
	if f.Values["end"] != "" && f.checked("no_end") {
		f.fault("end", "Give the end, or tick that it has no end, not both.")
	}
	for _, end := range []struct {
		field string
		at    time.Time
	}{{"end", t.end}, {"expected_end", t.expected}} {
		if !end.at.IsZero() && !t.start.IsZero() && !end.at.After(t.start) {
			f.fault(end.field, "This is not after its start.")
		}
	}
	return t
}
