package admin

import (
	"net/http"
	"strconv"
	"time"

	"github.com/go-downtime/downtime/core"
)

// nowPage is the page that an operator sees first.
type nowPage struct {
	page

	Start form
	// Conflict: what was sent was made from a state that is gone. Nothing was done.
	Conflict string
	// Failure: nothing was done, or nobody knows.
	Failure string
}

// StartOpen reports that the start form, folded away, has something to say.
func (p nowPage) StartOpen() bool { return !p.Start.ok() || p.Start.Values["reason"] != "" }

// Kept reports that the page holds what was typed, and why it was not taken.
func (p nowPage) Kept() bool { return p.Conflict != "" || p.Failure != "" || !p.Start.ok() }

// Own is the id of the deployment in force that the operator holds; "" if there is none.
// A start would change that one.
func (p nowPage) Own() string {
	for _, period := range p.InForce() {
		if period.Kind == core.Deployment && period.Holder == p.Actor {
			return period.ID
		}
	}
	return ""
}

// LastRead is when this instance has heard of its store.
func (p nowPage) LastRead() string {
	if p.Gate.Health == core.StoreNeverRead {
		return "never"
	}
	return span(p.Gate.Age) + " ago"
}

// Source is where the override comes from.
func (p nowPage) Source() string { return overrideSource(p.Gate.OverrideFrom) }

// now is GET /: how things stand.
func (s *site) now(w http.ResponseWriter, r *http.Request) {
	p := nowPage{page: s.page(w, r, "now", ""), Start: newForm()}
	s.showNow(w, http.StatusOK, p)
}

func (s *site) showNow(w http.ResponseWriter, status int, p nowPage) {
	p.Title = p.Headline().Title
	p.Start.Values["revision"] = strconv.FormatInt(p.Revision(), 10)
	p.Start.Values["zone"] = p.Clock.Zone.String()
	s.render(w, status, "now.html", p)
}

// startFields are the fields of the start form.
var startFields = []string{"reason", "for", "until", "until_offset", "auto_end", "emergency", "revision", "zone"}

// start is POST /start: the site goes down from now on.
func (s *site) start(w http.ResponseWriter, r *http.Request) {
	f, err := readForm(r, startFields...)
	if err != nil {
		s.refuseForm(w, r, err)
		return
	}
	revision, err := f.number("revision")
	if err != nil {
		s.refuseForm(w, r, err)
		return
	}
	actor, origin := s.who(r)
	zone, _ := s.zoneOf(r)
	o := core.StartOptions{
		Holder: actor, Actor: actor, Origin: origin, Revision: &revision,
		Reason: new(f.Values["reason"]), Emergency: new(f.checked("emergency")),
		AutoEnd: f.checked("auto_end"), Until: f.instant("until", f.zone(zone)), For: f.duration("for"),
	}
	if o.For != 0 && f.Values["until"] != "" {
		f.fault("until", "Say either how long or until when, not both.")
	}
	if o.AutoEnd && o.For == 0 && f.Values["until"] == "" {
		f.fault("auto_end", "Say above when it ends.")
	}
	if f.ok() {
		res, err := core.Start(r.Context(), marked{s.store}, o)
		if err == nil {
			code := "started"
			if res.Period.Version > 1 {
				code = "changed"
			}
			s.done(w, r, "./", code, res, res.Period)
			return
		}
		if !f.take(err, map[string]string{"for": "for", "until": "until", "auto_end": "auto_end", "reason": "reason", "expected_end": "until", "end": "until"}) {
			s.startFailed(w, r, f, err)
			return
		}
	}
	p := nowPage{page: s.page(w, r, "now", ""), Start: f}
	s.showNow(w, http.StatusUnprocessableEntity, p)
}

// duration is one of the choices of a list, as Go writes it; zero if none was made.
func (f *form) duration(field string) time.Duration {
	text := f.Values[field]
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		f.fault(field, "This is none of the choices.")
		return 0
	}
	return d
}

// startFailed shows the page again, with what was typed and what is the case now.
func (s *site) startFailed(w http.ResponseWriter, r *http.Request, f form, err error) {
	p := nowPage{page: s.page(w, r, "now", ""), Start: f}
	status, conflict, failure := explain(err, "Nothing was started. What you typed is kept below: send it again if it still ought to be.")
	p.Conflict, p.Failure = conflict, failure
	s.showNow(w, status, p)
}
