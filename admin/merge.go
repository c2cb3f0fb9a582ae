package admin

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/period/walltime"
)

// edit is a change of a period, and input is what a form says about a period.
type (
	edit  = operator.EditOptions
	input = operator.WindowOptions
)

// member is a part of a period that a form changes as a whole.
type member struct {
	fields     []string // of the form
	windowOnly bool
	set        func(e *edit, in input)
}

var members = []member{
	{[]string{"reason"}, false, func(e *edit, in input) { e.Reason = &in.Reason }},
	{[]string{"reason_lang"}, false, func(e *edit, in input) { e.ReasonLang = &in.ReasonLang }},
	{[]string{"start", "start_offset"}, true, func(e *edit, in input) { e.Start = &in.Start }},
	{[]string{"end", "end_offset", "no_end"}, false, func(e *edit, in input) { e.End = &in.End }},
	{[]string{"expected_end", "expected_end_offset"}, false, func(e *edit, in input) { e.ExpectedEnd = &in.ExpectedEnd }},
	{[]string{"emergency"}, false, func(e *edit, in input) { e.Emergency = &in.Emergency }},
	{[]string{"hold"}, false, func(e *edit, in input) { e.Hold = &in.Hold }},
	{[]string{"enabled"}, true, func(e *edit, in input) { e.Enabled = new(!in.Disabled) }},
}

// name is the field that stands for the member.
func (m member) name() string { return m.fields[0] }

// difference is a member that two operators have changed: as it was when the form was made, as it
// is now, and as this operator wants it.
type difference struct{ Label, Was, Now, Typed string }

// merge merges the form with the present period: it returns the members that the operator has
// changed. It sets the others to their present values. A member that differs from both the form's
// origin and the input is a conflict. Then the form is made from the present period.
func (f *form) merge(now period.Period, version int64, c clock) (edit, []difference) {
	window := now.Kind == period.Window
	is, was := newForm(), f.origin()
	is.fill(now, c)
	if !f.checked("was") && version == now.Version {
		was = is
	}
	f.oneEnd(window)
	if f.Values["hold"] == "0" {
		delete(f.Values, "hold")
	}
	var changed []member
	var differs []difference
	for _, m := range slices.Concat(members, spokenMembers(*f, was, is)) {
		if m.windowOnly && !window {
			continue
		}
		typed, before, present := f.text(m), was.text(m), is.text(m)
		if m.name() == f.given(window) {
			typed += " for " + f.Values["for"]
		}
		switch {
		case typed == present:
		case typed == before && f.checked("was"):
			for _, field := range m.fields {
				f.Values[field] = is.Values[field]
			}
		case before == present:
			changed = append(changed, m)
		default:
			f.instant(m.name(), c.Zone) // offers the choice of an ambiguous time
			d := difference{labelOf(m.name()), "not known", is.told(m), f.told(m)}
			if f.checked("was") {
				d.Was = cmp.Or(was.told(m), "none")
			}
			differs = append(differs, d)
		}
	}
	f.Values["was"] = "yes"
	for _, field := range slices.Concat(f.ofPeriod(), is.spoken()) {
		f.Values["was_"+field] = is.Values[field]
	}
	if len(differs) > 0 {
		return edit{}, differs
	}
	in, e := f.input(c, window), edit{Reasons: map[string]string{}}
	for _, m := range changed {
		m.set(&e, in)
	}
	return e, nil
}

// origin is the form as it was made.
func (f *form) origin() form {
	was := newForm()
	for _, field := range f.ofPeriod() {
		was.Values[field] = f.Values["was_"+field]
	}
	return was
}

// spokenMembers are the members for the reason in the further languages of the forms.
func spokenMembers(forms ...form) []member {
	var fields []string
	for _, f := range forms {
		fields = append(fields, f.spoken()...)
	}
	slices.Sort(fields)
	var out []member
	for _, field := range slices.Compact(fields) {
		out = append(out, member{fields: []string{field}, set: func(e *edit, in input) {
			tag := strings.TrimPrefix(field, inLanguage)
			e.Reasons[tag] = in.Reasons[tag]
		}})
	}
	return out
}

// text identifies the value of a member.
func (f *form) text(m member) string {
	var values []string
	for _, field := range m.fields {
		values = append(values, f.Values[field])
	}
	return strings.Join(values, "\x00")
}

// given names the member that the field "for" gives; "" if it is empty.
func (f *form) given(window bool) string {
	switch {
	case f.Values["for"] == "":
		return ""
	case window:
		return "end"
	}
	return "expected_end"
}

// told is the value of a member for people. An ambiguous time is shown with its offset.
func (f *form) told(m member) string {
	text := f.Values[m.name()]
	switch m.name() {
	case "reason":
		return text
	case "hold":
		return strings.TrimPrefix(join(text, "seconds"), "seconds")
	case "end":
		if f.checked("no_end") {
			return "until an operator ends it"
		}
	}
	if wall, ok := walltime.ParseWall(text); ok {
		return join(strings.TrimSuffix(wall.Format(time.DateTime), ":00"), f.Values[m.name()+"_offset"])
	}
	return text
}

// oneEnd drops the default of the two ways to give an end, a time and a duration, if the operator
// has used the other. The duration is the length of a window, and the time that is left of a
// deployment.
func (f *form) oneEnd(window bool) {
	ends := []string{"expected_end", "expected_end_offset"}
	if window {
		ends = []string{"end", "end_offset", "no_end"}
	}
	given, touched := false, false
	for _, field := range ends {
		given = given || f.Values[field] != ""
		touched = touched || f.Values[field] != f.Values["was_"+field]
	}
	switch forTouched := f.Values["for"] != f.Values["was_for"]; {
	case f.Values["for"] == "" || !given:
	case !forTouched:
		delete(f.Values, "for")
	case !touched:
		for _, field := range ends {
			delete(f.Values, field)
		}
	}
}

// input reads the form, with its times in the zone of c, and adds the faults.
func (f *form) input(c clock, window bool) input {
	f.oneEnd(window)
	in := input{
		End: f.instant("end", c.Zone), ExpectedEnd: f.instant("expected_end", c.Zone), Hold: f.seconds("hold"),
		Reason: f.Values["reason"], Emergency: f.checked("emergency"), Disabled: !f.checked("enabled"),
	}
	in.ReasonLang, in.Reasons = f.reasons()
	after := f.duration("for")
	if window {
		if in.Start = f.instant("start", c.Zone); f.Values["start"] == "" {
			f.fault("start", "Give the start.")
		}
		switch given := f.Values["end"] != ""; {
		case given && f.checked("no_end"):
			f.fault("end", "Give the end, or tick that it has no end, not both.")
		case after != 0 && (given || f.checked("no_end")):
			f.fault("for", "Give a duration or an end, not both.")
		case after != 0 && !in.Start.IsZero():
			in.End = in.Start.Add(after)
		case after == 0 && !given && !f.checked("no_end"):
			f.fault("end", "Give the end or a duration, or tick that it has no end.")
		}
	} else if after != 0 {
		if f.Values["expected_end"] != "" {
			f.fault("for", "Give a duration or a time, not both.")
		}
		in.ExpectedEnd = c.Now.Add(after).Round(time.Minute)
	}
	for _, end := range []struct {
		field string
		at    time.Time
	}{{"end", in.End}, {"expected_end", in.ExpectedEnd}} {
		if !end.at.IsZero() && !in.Start.IsZero() && !end.at.After(in.Start) {
			f.fault(end.field, "This is not after its start.")
		}
	}
	return in
}

// rezone moves the form to the zone that the operator has picked, and keeps the input. Times that
// the operator has not touched stay the same instants. It returns the status of the answer.
func (s *site) rezone(w http.ResponseWriter, f *form, other *time.Location) (status int) {
	from := f.zone(other)
	picked, err := loadZone(f.Values["new_zone"])
	if err != nil {
		f.fault("new_zone", sentence(err.Error()))
		return http.StatusUnprocessableEntity
	}
	s.setCookie(w, zoneCookie, picked.String(), aYear)
	f.Values["zone"] = picked.String()
	was := f.origin()
	for _, field := range []string{"start", "end", "expected_end"} {
		at := was.instant(field, from)
		if at.IsZero() {
			continue
		}
		touched := f.Values[field] != was.Values[field] || f.Values[field+"_offset"] != was.Values[field+"_offset"]
		was.fillInstant(field, at, clock{Zone: picked})
		for _, name := range []string{field, field + "_offset"} {
			if f.Values["was_"+name] = was.Values[name]; !touched {
				f.Values[name] = was.Values[name]
			}
		}
		if !touched {
			f.Folds[field] = was.Folds[field]
		}
	}
	return http.StatusOK
}

// ofPeriodForm are the fields that show a member of a period. The form also sends the values that
// it was made from, named "was_…".
var ofPeriodForm = []string{
	"reason", "reason_lang", "start", "start_offset", "end", "end_offset", "no_end",
	"expected_end", "expected_end_offset", "emergency", "hold", "enabled",
}
