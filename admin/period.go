package admin

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/period/walltime"
)

// periodPage is the form of one period: a new window, or an existing period.
type periodPage struct {
	page

	Form   form
	Period *periodView // as it is now; nil for a new window
	// Conflict: the form was made from an older version. Differs lists where the input differs
	// from the present version.
	Conflict string
	Differs  []difference
	Failure  string
}

// periodFields are the fields of the form of a period.
var periodFields = []string{
	"id", "version", "zone", "reason", "start", "start_offset", "end", "end_offset", "no_end",
	"expected_end", "expected_end_offset", "emergency", "enabled",
}

// ofPeriod are the fields of the form by the fields of a fault.
var ofPeriod = map[string]string{"reason": "reason", "start": "start", "end": "end", "expected_end": "expected_end", "enabled": "enabled"}

// Action is the action of the form.
func (p periodPage) Action() string {
	if p.Period == nil {
		return "add"
	}
	return "edit"
}

// Window reports whether the period is a window, which has a start and can be disabled.
func (p periodPage) Window() bool { return p.Period == nil || p.Period.Kind == period.Window }

func (s *site) showPeriod(w http.ResponseWriter, status int, p periodPage) {
	if p.Form.Values["zone"] == "" {
		p.Form.Values["zone"] = p.Clock.Zone.String()
	}
	if p.Period != nil {
		p.Title = "Change " + string(p.Period.Kind) + " " + p.Period.ID
		p.Form.Values["id"], p.Form.Values["version"] = p.Period.ID, strconv.FormatInt(p.Period.Version, 10)
	}
	s.render(w, status, "period.html", p)
}

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

// add is GET /add.
func (s *site) add(w http.ResponseWriter, r *http.Request) {
	p := periodPage{page: s.page(w, r, "period", "Schedule a window"), Form: newForm()}
	p.Form.Values["enabled"] = "yes"
	s.showPeriod(w, http.StatusOK, p)
}

// added is POST /add.
func (s *site) added(w http.ResponseWriter, r *http.Request, f form) {
	zone, _ := s.zoneOf(r)
	t := f.times(f.zone(zone), true)
	failed := func(err error) {
		failure, status := "", http.StatusUnprocessableEntity
		if err != nil && !f.take(err, ofPeriod) {
			status, _, failure = explain(err, "")
		}
		s.showPeriod(w, status, periodPage{page: s.page(w, r, "period", "Schedule a window"), Form: f, Failure: failure})
	}
	if !f.ok() {
		failed(nil)
		return
	}
	s.perform(w, r, f, act{to: "schedule", failed: failed, do: func(by operator.Operator) (operator.Result, error) {
		return by.Schedule(r.Context(), operator.WindowOptions{
			Start: t.start, End: t.end, ExpectedEnd: t.expected,
			Reason: f.Values["reason"], Emergency: f.checked("emergency"), Disabled: !f.checked("enabled"),
		})
	}})
}

// edit is GET /edit?id=….
func (s *site) edit(w http.ResponseWriter, r *http.Request) {
	p := periodPage{page: s.page(w, r, "period", ""), Form: newForm()}
	now, ok := p.find(r.URL.Query().Get("id"))
	if !ok {
		s.showGone(w, p.page, "This period does not exist any more. Below is the current schedule.")
		return
	}
	p.Period = new(p.View(now))
	p.Form.fill(now, p.Clock)
	s.showPeriod(w, http.StatusOK, p)
}

// edited is POST /edit: it changes the period to the values of the form, if the period still
// has the version that the form was made from.
func (s *site) edited(w http.ResponseWriter, r *http.Request, f form) {
	version, err := f.version()
	if err != nil {
		s.refuseForm(w, r, err)
		return
	}
	zone, _ := s.zoneOf(r)
	p := s.editPage(w, r, f.zone(zone))
	now, ok := p.find(f.Values["id"])
	if !ok || now.Version != version {
		s.editRaced(w, p, f)
		return
	}
	p.Period = new(p.View(now))
	o := f.changes(now, p.Clock)
	o.IfVersion = &version
	failed := func(err error) {
		status := http.StatusUnprocessableEntity
		switch {
		case err == nil:
		case raced[operator.Explain(err).Code]:
			// Another write came after the page was read: read it again.
			s.editRaced(w, s.editPage(w, r, p.Clock.Zone), f)
			return
		case !f.take(err, ofPeriod):
			status, _, p.Failure = explain(err, "")
		}
		p.Form = f
		s.showPeriod(w, status, p)
	}
	if !f.ok() {
		failed(nil)
		return
	}
	s.perform(w, r, f, act{to: "schedule", failed: failed, do: func(by operator.Operator) (operator.Result, error) { return by.Edit(r.Context(), now.ID, o) }})
}

// editPage is the page of an edit in the zone of its form, so that times stay as typed.
func (s *site) editPage(w http.ResponseWriter, r *http.Request, zone *time.Location) periodPage {
	p := periodPage{page: s.page(w, r, "period", "")}
	p.Clock.Zone = zone
	return p
}

// editRaced answers an edit of a version that is not the present one. It keeps the input.
func (s *site) editRaced(w http.ResponseWriter, p periodPage, f form) {
	if now, ok := p.find(f.Values["id"]); ok {
		s.editStale(w, p, f, now)
		return
	}
	s.editGone(w, p, f)
}

// difference is a field of a period, with its present value and the typed one.
type difference struct{ Label, Now, Typed string }

// editStale shows the period as it is now, and where the input differs from that.
func (s *site) editStale(w http.ResponseWriter, p periodPage, f form, now period.Period) {
	p.Period, p.Form = new(p.View(now)), f
	p.Conflict = cmp.Or(now.UpdatedBy, "Another operator") + " has changed this period since you loaded the page. Nothing was overwritten."
	f.times(p.Clock.Zone, p.Window())
	is := newForm()
	is.fill(now, p.Clock)
	for _, field := range []struct{ name, label string }{
		{"reason", "Reason"},
		{"start", "Start"},
		{"end", "End"},
		{"no_end", "Until an operator ends it"},
		{"expected_end", "Expected end"},
		{"emergency", "Emergency"},
		{"enabled", "Enabled"},
	} {
		if !p.Window() && (field.name == "start" || field.name == "enabled" || field.name == "no_end") {
			continue
		}
		if a, b := is.told(field.name), f.told(field.name); a != b {
			p.Differs = append(p.Differs, difference{field.label, a, b})
		}
	}
	s.showPeriod(w, http.StatusConflict, p)
}

// editGone offers the input of an edit again, as a new window or as the reason of a start.
func (s *site) editGone(w http.ResponseWriter, p periodPage, f form) {
	const gone = "Nothing was changed: this period was ended or deleted since you loaded the page. "
	if _, window := f.Values["start"]; window {
		p.Title, p.Form = "Schedule a window", f
		delete(p.Form.Values, "id")
		delete(p.Form.Values, "version")
		p.Conflict = gone + "Your input is kept below, as a new window. Send it if you still want the window."
		s.showPeriod(w, http.StatusConflict, p)
		return
	}
	n := nowPage{page: p.page, Start: newForm(), Conflict: gone + "Your input is kept below, as the reason of a new start."}
	n.Name = "now"
	n.Start.Values["reason"] = f.Values["reason"]
	s.showNow(w, http.StatusConflict, n)
}

// told is the value of a field for people. An ambiguous time is shown with its offset.
func (f *form) told(field string) string {
	text := f.Values[field]
	if wall, ok := walltime.ParseWall(text); ok && field != "reason" {
		text = strings.TrimSuffix(wall.Format(time.DateTime), ":00")
		if len(f.Folds[field]) > 0 {
			text = join(text, f.Values[field+"_offset"])
		}
	}
	return text
}
