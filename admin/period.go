package admin

import (
	"cmp"
	"net/http"
	"slices"
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
	// Conflict: another operator has changed a field that this one has changed as well. Differs
	// lists these fields.
	Conflict string
	Differs  []difference
	Failure  string
}

// periodFields are the fields of the form of a period.
var periodFields = append([]string{"zone", "new_zone", "rezone", "for", "was", "was_for"}, slices.Concat(ofPeriodForm, was(ofPeriodForm...))...)

func was(fields ...string) []string {
	var out []string
	for _, field := range fields {
		out = append(out, "was_"+field)
	}
	return out
}

// ofPeriod are the fields of the form by those of a fault, where they differ.
var ofPeriod = map[string]string{"reasons": "reason", "end_after": "for", "expected_after": "for"}

func (s *site) showPeriod(w http.ResponseWriter, status int, p periodPage) {
	p.Clock.Zone = p.Form.zone(p.Clock.Zone)
	p.FormID, p.ZoneFault = "period-form", p.Form.Faults["new_zone"]
	if p.Period != nil {
		p.Title = "Change " + string(p.Period.Kind) + " " + p.Period.ID
		p.Form.Values["id"], p.Form.Values["version"] = p.Period.ID, strconv.FormatInt(p.Period.Version, 10)
	}
	if !p.Form.ok() {
		p.Title = "Error: " + p.Title
	}
	s.render(w, status, "period.html", p)
}

// Was are the values that the form was made from.
func (p periodPage) Was() []string {
	var out []string
	for _, field := range slices.Concat([]string{"was", "was_for"}, was(p.Form.ofPeriod()...)) {
		if p.Form.Values[field] != "" {
			out = append(out, field)
		}
	}
	return out
}

// ofPeriod are the fields of f that show a member of a period, also those that f was made from.
func (f *form) ofPeriod() []string {
	out := slices.Concat(ofPeriodForm, f.spoken())
	for field := range f.Values {
		if tag, ok := strings.CutPrefix(field, "was_"); ok && isReason(tag) && !slices.Contains(out, tag) {
			out = append(out, tag)
		}
	}
	return out
}

// fill sets the values of the form to those of p.
func (f *form) fill(p period.Period, c clock) {
	f.Values["zone"], f.Values["was"], f.Values["hold"] = c.Zone.String(), "yes", ""
	f.Values["reason"], f.Values["reason_lang"] = p.Reason, p.ReasonLang
	for tag, text := range p.Reasons.All() {
		f.Values[inLanguage+tag] = text
	}
	if p.HoldSeconds > 0 {
		f.Values["hold"] = strconv.FormatInt(p.HoldSeconds, 10)
	}
	for field, on := range map[string]bool{
		"emergency": p.Emergency, "enabled": p.Enabled, "no_end": p.Kind == period.Window && p.End.IsZero(),
	} {
		if on {
			f.Values[field] = "yes"
		}
	}
	for field, at := range map[string]time.Time{"start": p.Start, "end": p.End, "expected_end": p.ExpectedEnd} {
		f.fillInstant(field, at, c)
	}
	for _, field := range f.ofPeriod() {
		f.Values["was_"+field] = f.Values[field]
	}
}

// fillInstant sets a field to an instant.
func (f *form) fillInstant(field string, at time.Time, c clock) {
	f.Values[field], f.Values[field+"_offset"] = c.Local(at), ""
	if wall, ok := walltime.ParseWall(f.Values[field]); ok && len(walltime.Instants(wall, c.Zone)) > 1 {
		f.Values[field+"_offset"] = at.In(c.Zone).Format("-07:00")
		f.instant(field, c.Zone) // offers the choice
	}
}

// add is GET /add. With ?copy=ID, the form has the values of that window, on the next day that is
// to come.
func (s *site) add(w http.ResponseWriter, r *http.Request) {
	p := periodPage{page: s.page(w, r, "period", "Schedule a window"), Form: newForm()}
	from, copied := p.Document.Find(r.URL.Query().Get("copy"))
	if copied {
		shift := nextDay(from.Start, p.Time, p.Clock.Zone).Sub(from.Start)
		for _, at := range []*time.Time{&from.Start, &from.End, &from.ExpectedEnd} {
			if !at.IsZero() {
				*at = at.Add(shift)
			}
		}
	} else {
		from.Start = nextHour(p.Time.In(p.Clock.Zone))
	}
	from.Kind, from.Enabled = period.Window, true
	p.Form.fill(from, p.Clock)
	if !copied {
		p.Form.Values["for"], p.Form.Values["was_for"], p.Form.Values["no_end"], p.Form.Values["was_no_end"] = "1h", "1h", "", ""
	}
	s.showPeriod(w, http.StatusOK, p)
}

// nextHour is the next full hour after t, on the clock of its zone.
func nextHour(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour()+1, 0, 0, 0, t.Location())
}

// nextDay is the time of day of t on the first day on which it is after now.
func nextDay(t, now time.Time, zone *time.Location) time.Time {
	t, day := t.In(zone), now.In(zone)
	for {
		at := time.Date(day.Year(), day.Month(), day.Day(), t.Hour(), t.Minute(), t.Second(), 0, zone)
		if at.After(now) {
			return at
		}
		day = day.AddDate(0, 0, 1)
	}
}

// added is POST /add.
func (s *site) added(w http.ResponseWriter, r *http.Request, f form) {
	show := func(status int, _, failure string) {
		s.showPeriod(w, status, periodPage{page: s.page(w, r, "period", "Schedule a window"), Form: f, Failure: failure})
	}
	zone, _ := s.zoneOf(r)
	if f.checked("rezone") {
		show(s.rezone(w, &f, zone), "", "")
		return
	}
	in := f.input(clock{Zone: f.zone(zone)}, true)
	s.perform(w, r, f, act{to: "schedule", show: show, names: ofPeriod, do: func(by operator.Operator) (operator.Result, error) {
		return by.Schedule(r.Context(), in)
	}})
}

// edit is GET /edit?id=….
func (s *site) edit(w http.ResponseWriter, r *http.Request) {
	p := periodPage{page: s.page(w, r, "period", ""), Form: newForm()}
	now, ok := p.Document.Find(r.URL.Query().Get("id"))
	if !ok {
		s.showGone(w, p.page, "This period does not exist any more. Below is the current schedule.")
		return
	}
	p.Period = new(p.View(now))
	p.Form.fill(now, p.Clock)
	s.showPeriod(w, http.StatusOK, p)
}

// edited is POST /edit: it changes the fields that the operator has changed. If another operator
// has changed the same field since the form was made, it changes nothing and asks.
func (s *site) edited(w http.ResponseWriter, r *http.Request, f form, version int64) {
	zone, _ := s.zoneOf(r)
	status, rezoned := 0, f.checked("rezone")
	if rezoned {
		status = s.rezone(w, &f, zone)
	}
	p := periodPage{page: s.page(w, r, "period", "")}
	p.Clock.Zone = f.zone(zone) // times stay as typed
	now, ok := p.Document.Find(f.Values["id"])
	if !ok {
		s.editGone(w, p, f)
		return
	}
	p.Period = new(p.View(now))
	if rezoned {
		p.Form = f
		s.showPeriod(w, status, p)
		return
	}
	o, differs := f.merge(now, version, p.Clock)
	if len(differs) > 0 {
		p.Form, p.Differs = f, differs
		p.Conflict = cmp.Or(now.UpdatedBy, "Another operator") + " has changed this period since you loaded the page. Nothing was overwritten."
		s.showPeriod(w, http.StatusConflict, p)
		return
	}
	o.IfVersion = &now.Version
	show := func(status int, conflict, failure string) {
		if conflict != "" && r.Context().Err() == nil {
			s.edited(w, r, f, version) // another write came after the page was read: read it again
			return
		}
		p.Form, p.Failure = f, failure
		s.showPeriod(w, status, p)
	}
	s.perform(w, r, f, act{to: "schedule", show: show, names: ofPeriod, do: func(by operator.Operator) (operator.Result, error) {
		return by.Edit(r.Context(), now.ID, o)
	}})
}

// editGone offers the input of an edit again, as a new window or as the reason of a start.
func (s *site) editGone(w http.ResponseWriter, p periodPage, f form) {
	const gone = "Nothing was changed: this period was ended or deleted since you loaded the page. "
	if _, window := f.Values["start"]; window {
		p.Title, p.Form = "Schedule a window", f
		for _, field := range append(was(f.ofPeriod()...), "id", "version", "was", "was_for") {
			delete(p.Form.Values, field)
		}
		p.Conflict = gone + "Your input is kept below, as a new window. Send it if you still want the window."
		s.showPeriod(w, http.StatusConflict, p)
		return
	}
	n := nowPage{page: p.page, Start: newForm(), Conflict: gone + "Your input is kept below, as the reason of a new start."}
	n.Name = "now"
	for _, field := range append(f.spoken(), "reason", "reason_lang") {
		n.Start.Values[field] = f.Values[field]
	}
	s.showNow(w, http.StatusConflict, n)
}
