package admin

import (
	"net/http"

	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/operator"
)

// schedulePage lists every period in the store.
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

// showGone answers a request about a period that is not there, or not in the right state.
func (s *site) showGone(w http.ResponseWriter, p page, text string) {
	p.Name, p.Title = "schedule", "Schedule"
	s.showSchedule(w, http.StatusNotFound, schedulePage{page: p, Conflict: text})
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

// enable is POST /enable, and disable is POST /disable.
func (s *site) enable(w http.ResponseWriter, r *http.Request)  { s.toggle(w, r, true, "enabled") }
func (s *site) disable(w http.ResponseWriter, r *http.Request) { s.toggle(w, r, false, "disabled") }

func (s *site) toggle(w http.ResponseWriter, r *http.Request, to bool, code string) {
	if id, version, ok := s.readTarget(w, r); ok {
		res, err := s.operator(r).Edit(r.Context(), id, operator.EditOptions{IfVersion: &version, Enabled: &to})
		s.changed(w, r, code, res, err)
	}
}

// remove is POST /delete: it removes a period that is not in force.
func (s *site) remove(w http.ResponseWriter, r *http.Request) {
	if id, version, ok := s.readTarget(w, r); ok {
		res, err := s.operator(r).Cancel(r.Context(), id, operator.CancelOptions{IfVersion: &version})
		s.changed(w, r, "deleted", res, err)
	}
}

// readTarget reads a form that names one period and its version. If ok is false, readTarget
// has answered the request.
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

// changed shows the schedule after a change, or why the change failed.
func (s *site) changed(w http.ResponseWriter, r *http.Request, code string, res operator.Result, err error) {
	if err == nil {
		s.done(w, r, "schedule", code, res, res.Period)
		return
	}
	p := schedulePage{page: s.page(w, r, "schedule", "Schedule")}
	var status int
	status, p.Conflict, p.Failure = explain(err, "Below is the current schedule.")
	s.showSchedule(w, status, p)
}
