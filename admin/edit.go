package admin

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/period/walltime"
)

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
func (s *site) edited(w http.ResponseWriter, r *http.Request) {
	f, err := readForm(r, periodFields...)
	if err != nil {
		s.refuseForm(w, r, err)
		return
	}
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
	status := http.StatusUnprocessableEntity
	if f.ok() {
		o.IfVersion = &version
		res, err := s.operator(r).Edit(r.Context(), now.ID, o)
		switch {
		case err == nil:
			s.done(w, r, "schedule", "edited", res, res.Period)
			return
		case raced[operator.Explain(err).Code]:
			// Another write came after the page was read: read it again.
			s.editRaced(w, s.editPage(w, r, p.Clock.Zone), f)
			return
		case !f.take(err, ofPeriod):
			status, _, p.Failure = explain(err, "")
		}
	}
	p.Form = f
	s.showPeriod(w, status, p)
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
