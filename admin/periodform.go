package admin

import (
	"time"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/core/walltime"
)

// fill has the form say what there is.
func (f *form) fill(p core.Period, c clock) {
	f.Values["zone"] = c.Zone.String()
	f.Values["reason"] = p.Reason
	f.tick("emergency", p.Emergency)
	f.tick("enabled", p.Enabled)
	f.tick("no_end", p.Kind == core.Window && p.End.IsZero())
	for field, at := range map[string]time.Time{"start": p.Start, "end": p.End, "expected_end": p.ExpectedEnd} {
		if at.IsZero() {
			continue
		}
		f.Values[field] = c.Local(at)
		if wall, ok := walltime.ParseWall(f.Values[field]); ok && len(walltime.Instants(wall, c.Zone)) > 1 {
			f.Values[field+"_offset"] = at.In(c.Zone).Format("-07:00")
			f.instant(field, c.Zone) // it offers the choice
		}
	}
}

func (f *form) tick(field string, on bool) {
	if on {
		f.Values[field] = "yes"
	}
}

// changes is what the form says that is another than what there is. A time that was left
// as it was shown stays what it is, to the microsecond.
func (f *form) changes(p core.Period, c clock) core.EditOptions {
	was := newForm()
	was.fill(p, c)
	window := p.Kind == core.Window
	t := f.times(c.Zone, window)
	o := core.EditOptions{Reason: new(f.Values["reason"]), Emergency: new(f.checked("emergency"))}
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

// typed is what the form says of a period, and what is wrong with it by itself.
type typed struct {
	start, end, expected time.Time
}

// times reads the times of the form, in the zone that it was made for.
func (f *form) times(zone *time.Location, window bool) typed {
	t := typed{end: f.instant("end", zone), expected: f.instant("expected_end", zone)}
	if window {
		t.start = f.instant("start", zone)
		if f.Values["start"] == "" {
			f.fault("start", "Say when it begins.")
		}
		if f.Values["end"] == "" && !f.checked("no_end") {
			f.fault("end", "Say when it ends, or tick that somebody ends it.")
		}
	}
	if f.Values["end"] != "" && f.checked("no_end") {
		f.fault("end", "Say when it ends, or tick that somebody ends it, not both.")
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
