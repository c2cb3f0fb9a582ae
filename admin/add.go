package admin

import (
	"net/http"

	"github.com/go-downtime/downtime/operator"
)

// add is GET /add.
func (s *site) add(w http.ResponseWriter, r *http.Request) {
	p := periodPage{page: s.page(w, r, "period", "Schedule a window"), Form: newForm()}
	p.Form.Values["enabled"] = "yes"
	s.showPeriod(w, http.StatusOK, p)
}

// added is POST /add.
func (s *site) added(w http.ResponseWriter, r *http.Request) {
	f, err := readForm(r, periodFields...)
	if err != nil {
		s.refuseForm(w, r, err)
		return
	}
	zone, _ := s.zoneOf(r)
	t := f.times(f.zone(zone), true)
	failure, status := "", http.StatusUnprocessableEntity
	if f.ok() {
		res, err := s.operator(r).Schedule(r.Context(), operator.WindowOptions{
			Start: t.start, End: t.end, ExpectedEnd: t.expected,
			Reason: f.Values["reason"], Emergency: f.checked("emergency"), Disabled: !f.checked("enabled"),
		})
		if err == nil {
			s.done(w, r, "schedule", "planned", res, res.Period)
			return
		}
		if !f.take(err, ofPeriod) {
			status, _, failure = explain(err, "")
		}
	}
	p := periodPage{page: s.page(w, r, "period", "Schedule a window"), Form: f, Failure: failure}
	s.showPeriod(w, status, p)
}
