package admin

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/core/walltime"
)

// edit is GET /edit?id=….
func (s *site) edit(w http.ResponseWriter, r *http.Request) {
	p := periodPage{page: s.page(w, r, "period", ""), Form: newForm()}
	period, ok := p.find(r.URL.Query().Get("id"))
	if !ok {
		gone := schedulePage{page: p.page, Conflict: "There is no such period any more. Below is what there is now."}
		gone.Name, gone.Title = "schedule", "Schedule"
		s.showSchedule(w, http.StatusNotFound, gone)
		return
	}
	p.Period = new(p.View(period))
	p.Form.fill(period, p.Clock)
	s.showPeriod(w, http.StatusOK, p)
}

// edited is POST /edit: the period becomes what the form says, if it is still the version
// that the form was made from.
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
	period, ok := p.find(f.Values["id"])
	switch {
	case !ok:
		s.editGone(w, p, f)
		return
	case period.Version != version:
		s.editStale(w, p, f, period)
		return
	}
	p.Period = new(p.View(period))
	o := f.changes(period, p.Clock)
	status := http.StatusUnprocessableEntity
	if f.ok() {
		o.Version = version
		o.Actor, o.Origin = s.who(r)
		res, err := core.Edit(r.Context(), marked{s.store}, period.ID, o)
		switch {
		case err == nil:
			s.done(w, r, "schedule", "edited", res, res.Period)
			return
		case errors.Is(err, core.ErrConflict), errors.Is(err, core.ErrNotFound):
			// Somebody was faster than this look at it: look again.
			p = s.editPage(w, r, p.Clock.Zone)
			if period, ok = p.find(period.ID); ok {
				s.editStale(w, p, f, period)
			} else {
				s.editGone(w, p, f)
			}
			return
		case !f.take(err, ofPeriod):
			status, _, p.Failure = explain(err, "")
		}
	}
	p.Form = f
	s.showPeriod(w, status, p)
}

// editPage is the page of an edit in the zone that its form was made for: what was typed
// stays what it was.
func (s *site) editPage(w http.ResponseWriter, r *http.Request, zone *time.Location) periodPage {
	p := periodPage{page: s.page(w, r, "period", "")}
	p.Clock.Zone = zone
	return p
}

// difference is a value as it is now, and as it was typed.
type difference struct{ Label, Now, Typed string }

// editStale answers an edit of a version that is gone: with what the period is now, and
// where that differs from what was typed, which is kept.
func (s *site) editStale(w http.ResponseWriter, p periodPage, f form, period core.Period) {
	p.Period, p.Form = new(p.View(period)), f
	p.Conflict = cmp.Or(period.UpdatedBy, "Somebody") + " has changed this since you loaded the page. Nothing was overwritten."
	f.times(p.Clock.Zone, p.Window())
	now := newForm()
	now.fill(period, p.Clock)
	for _, field := range []struct{ name, label string }{
		{"reason", "Reason"},
		{"start", "Start"},
		{"end", "End"},
		{"no_end", "Until somebody ends it"},
		{"expected_end", "Expected end"},
		{"emergency", "Emergency"},
		{"enabled", "Enabled"},
	} {
		if !p.Window() && (field.name == "start" || field.name == "enabled" || field.name == "no_end") {
			continue
		}
		if a, b := now.told(field.name), f.told(field.name); a != b {
			p.Differs = append(p.Differs, difference{field.label, a, b})
		}
	}
	s.showPeriod(w, http.StatusConflict, p)
}

// editGone answers an edit of what is gone: what was typed is kept, as a new window or as
// the reason of a new start.
func (s *site) editGone(w http.ResponseWriter, p periodPage, f form) {
	const gone = "Somebody else was faster: this period is gone, ended or deleted. Nothing was changed. "
	if _, window := f.Values["start"]; window {
		p.Title, p.Form = "Schedule a window", f
		delete(p.Form.Values, "id")
		delete(p.Form.Values, "version")
		p.Conflict = gone + "What you typed is kept below, as a new window: send it if it still ought to be."
		s.showPeriod(w, http.StatusConflict, p)
		return
	}
	n := nowPage{page: p.page, Start: newForm(), Conflict: gone + "What you typed is kept below, as the reason of a new start."}
	n.Name = "now"
	n.Start.Values["reason"] = f.Values["reason"]
	s.showNow(w, http.StatusConflict, n)
}

// told is what the form says in a field, for people: of a time that comes twice also which.
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
