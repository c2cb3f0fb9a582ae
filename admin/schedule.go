package admin

import (
	"errors"
	"net/http"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/core/wire"
)

// schedulePage is every period that the store holds.
type schedulePage struct {
	page

	Groups   []group
	Conflict string
	Failure  string
}

// group is the periods of one status.
type group struct {
	Status  string // as in package wire
	Title   string
	Periods []periodView
}

// schedule is GET /schedule.
func (s *site) schedule(w http.ResponseWriter, r *http.Request) {
	s.showSchedule(w, http.StatusOK, schedulePage{page: s.page(w, r, "schedule", "Schedule")})
}

func (s *site) showSchedule(w http.ResponseWriter, status int, p schedulePage) {
	for _, g := range []group{
		{Status: wire.InForce, Title: "In force"},
		{Status: wire.Upcoming, Title: "Coming"},
		{Status: wire.Disabled, Title: "Disabled"},
		{Status: wire.Finished, Title: "Over"},
	} {
		for _, period := range p.Sorted() {
			if v := p.View(period); v.Status == g.Status {
				g.Periods = append(g.Periods, v)
			}
		}
		if g.Periods != nil {
			p.Groups = append(p.Groups, g)
		}
	}
	s.render(w, status, "schedule.html", p)
}

// enable and disable are POST /enable and /disable.
func (s *site) enable(w http.ResponseWriter, r *http.Request)  { s.toggle(w, r, true) }
func (s *site) disable(w http.ResponseWriter, r *http.Request) { s.toggle(w, r, false) }

func (s *site) toggle(w http.ResponseWriter, r *http.Request, to bool) {
	id, version, ok := s.readTarget(w, r)
	if !ok {
		return
	}
	actor, origin := s.who(r)
	res, err := core.Edit(r.Context(), marked{s.store}, id, core.EditOptions{Version: version, Enabled: &to, Actor: actor, Origin: origin})
	code := "disabled"
	if to {
		code = "enabled"
	}
	s.changed(w, r, code, res, err)
}

// remove is POST /delete: a period that is not in force is taken out of the schedule.
func (s *site) remove(w http.ResponseWriter, r *http.Request) {
	id, version, ok := s.readTarget(w, r)
	if !ok {
		return
	}
	actor, origin := s.who(r)
	res, err := core.Cancel(r.Context(), marked{s.store}, id, core.CancelOptions{Version: version, Actor: actor, Origin: origin})
	s.changed(w, r, "deleted", res, err)
}

// readTarget reads a form that names one period, as the operator saw it. false: it was
// answered.
func (s *site) readTarget(w http.ResponseWriter, r *http.Request) (id string, version int64, ok bool) {
	f, err := readForm(r, "id", "version")
	if err == nil {
		version, err = f.version()
	}
	if err != nil {
		s.refuseForm(w, r, err)
		return "", 0, false
	}
	return f.Values["id"], version, true
}

// changed goes back to the schedule, which says what has become of the change.
func (s *site) changed(w http.ResponseWriter, r *http.Request, code string, res core.Result, err error) {
	if err == nil {
		s.done(w, r, "schedule", code, res, res.Period)
		return
	}
	p := schedulePage{page: s.page(w, r, "schedule", "Schedule")}
	status := http.StatusConflict
	switch {
	case errors.Is(err, core.ErrNotFound):
		p.Conflict = "Somebody else was faster: this period is gone. Below is what there is now."
	case errors.Is(err, core.ErrInForce):
		p.Conflict = "It has come into force since you loaded the page, and is ended instead of deleted. Below is what there is now."
	default:
		status, p.Conflict, p.Failure = explain(err, "Below is what there is now.")
	}
	s.showSchedule(w, status, p)
}
