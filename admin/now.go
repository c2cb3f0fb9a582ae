package admin

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
)

// nowPage is the first page: the state of the site, a start and an end.
type nowPage struct {
	page

	Start    form
	Conflict string // the form was made from an older state; nothing was changed
	Failure  string // the write failed, or its outcome is not known
	Typed    bool   // the form has input for other reasons
}

// StartOpen reports that the folded start form is to be shown open.
func (p nowPage) StartOpen() bool { return !p.Start.ok() || p.Typed || p.Start.Values["reason"] != "" }

// Kept reports that the page shows input that was refused.
func (p nowPage) Kept() bool { return p.Conflict != "" || p.Failure != "" || p.Typed || !p.Start.ok() }

// Own is the id of the operator's own deployment in force; "" if there is none. A start
// would change that one.
func (p nowPage) Own() string {
	for _, in := range p.InForce {
		if in.Kind == period.Deployment && in.Holder == p.Actor {
			return in.ID
		}
	}
	return ""
}

// LastRead is when this instance last read its store.
func (p nowPage) LastRead() string {
	if p.Gate.Health == core.StoreNeverRead {
		return "never"
	}
	return span(p.Gate.Age) + " ago"
}

// Source is the source of the override.
func (p nowPage) Source() string { return overrideSource(p.Gate) }

// now is GET /.
func (s *site) now(w http.ResponseWriter, r *http.Request) {
	p := nowPage{page: s.page(w, r, "now", ""), Start: newForm()}
	s.showNow(w, http.StatusOK, p)
}

func (s *site) showNow(w http.ResponseWriter, status int, p nowPage) {
	if p.Title = p.Headline().Title; !p.Start.ok() {
		p.Title = "Error: " + p.Title
	}
	if p.Own() == "" && (p.Err == nil || p.Kept()) {
		p.FormID, p.ZoneFault = "start-form", p.Start.Faults["new_zone"]
	}
	p.Start.Values["revision"] = strconv.FormatInt(p.Revision(), 10)
	p.Clock.Zone = p.Start.zone(p.Clock.Zone)
	s.render(w, status, "now.html", p)
}

// startFields are the fields of the start form.
var startFields = []string{
	"reason", "reason_lang", "for", "until", "until_offset", "auto_end", "emergency", "hold", "revision", "zone", "new_zone", "rezone",
}

// ofStart are the fields of the start form by those of a fault, where they differ.
var ofStart = map[string]string{
	"reasons": "reason", "end": "until", "expected_end": "until", "end_after": "for", "expected_after": "for",
}

// start is POST /start: it takes the site down, if the start was reviewed.
func (s *site) start(w http.ResponseWriter, r *http.Request, f form) {
	revision, fault := f.number("revision")
	if fault != nil {
		s.refuse(w, r, *fault)
		return
	}
	zone, _ := s.zoneOf(r)
	if f.checked("rezone") {
		status := s.rezone(w, &f, zone)
		s.showNow(w, status, nowPage{page: s.page(w, r, "now", ""), Start: f, Typed: true})
		return
	}
	language, others := f.reasons()
	o := operator.StartOptions{IfRevision: &revision, Reason: new(f.Values["reason"]), ReasonLang: &language, Reasons: others, Emergency: new(f.checked("emergency"))}
	at, after := f.instant("until", f.zone(zone)), f.duration("for")
	if hold := f.seconds("hold"); hold != 0 {
		o.Hold = &hold
	}
	switch typed := f.Values["until"] != ""; {
	case typed && after != 0:
		f.fault("until", "Give either a duration or a time, not both.")
	case !typed && after == 0 && f.checked("auto_end"):
		f.fault("auto_end", "Give the time above.")
	}
	show := func(status int, conflict, failure string) {
		s.showNow(w, status, nowPage{page: s.page(w, r, "now", ""), Start: f, Conflict: conflict, Failure: failure})
	}
	const next = "Your input is kept below. Send it again if you still want to start."
	s.perform(w, r, f, act{show: show, next: next, names: ofStart, do: func(by operator.Operator) (operator.Result, error) {
		o, until := o, at
		if after != 0 {
			now, err := by.Read(r.Context())
			if err != nil {
				return operator.Result{}, err
			}
			until = now.Time.Add(after).Round(time.Minute) // visitors and operators read minutes
		}
		if f.checked("auto_end") {
			o.End = until
		} else {
			o.ExpectedEnd = until
		}
		return by.Start(r.Context(), o)
	}})
}

// duration is the choice in a list of durations; zero if there is none.
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

// seconds is a number of seconds for a hold; zero if the field is empty.
func (f *form) seconds(field string) time.Duration {
	text := f.Values[field]
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > maxHold {
		f.fault(field, fmt.Sprintf("Give 0 to %d whole seconds, or leave it empty.", maxHold))
		return 0
	}
	return time.Duration(n) * time.Second
}

// end is POST /end: it ends one period, if that still has the version of the form.
func (s *site) end(w http.ResponseWriter, r *http.Request, f form, version int64) {
	s.endBy(w, r, f, operator.EndOptions{ID: f.Values["id"], IfVersion: &version})
}

// endAll is POST /end-all: it ends all periods in force, if the document still has the
// revision of the form. If the document is lost, the revision is 0, and a new document is begun.
func (s *site) endAll(w http.ResponseWriter, r *http.Request, f form) {
	var revision int64
	if !f.checked("anew") {
		var fault *refused
		if revision, fault = f.number("revision"); fault != nil {
			s.refuse(w, r, *fault)
			return
		}
	}
	s.endBy(w, r, f, operator.EndOptions{All: true, IfRevision: &revision})
}

func (s *site) endBy(w http.ResponseWriter, r *http.Request, f form, o operator.EndOptions) {
	s.perform(w, r, f, act{
		do:   func(by operator.Operator) (operator.Result, error) { return by.End(r.Context(), o) },
		next: "Below is the current state.",
		show: func(status int, conflict, failure string) {
			s.showNow(w, status, nowPage{page: s.page(w, r, "now", ""), Start: newForm(), Conflict: conflict, Failure: failure})
		},
	})
}
