package admin

import (
	"cmp"
	"net/http"
	"time"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store"
)

// reviewPage shows what a start does, before it is done.
type reviewPage struct {
	page

	Form    form
	Until   time.Time // zero: not known
	Reopens bool      // the site opens by itself then
	Answer  string    // the text that visitors get, in the operator's language
}

// reviewStart answers a start that was not reviewed. It changes nothing.
func (s *site) reviewStart(w http.ResponseWriter, r *http.Request, f form, o operator.StartOptions) {
	p := s.page(w, r, "review", "Take the site down?")
	p.Clock.Zone = f.zone(p.Clock.Zone)
	until := cmp.Or(o.End, o.ExpectedEnd)
	if after := cmp.Or(o.EndAfter, o.ExpectedAfter); after != 0 {
		until = p.Time.Add(after)
	}
	if !until.IsZero() && !until.After(p.Time) {
		f.fault("until", "This has passed.")
	}
	n := nowPage{page: p, Start: f}
	n.Name = "now"
	switch {
	case !f.ok():
		s.showNow(w, http.StatusUnprocessableEntity, n)
		return
	case p.Err != nil, p.Revision() != *o.IfRevision:
		var status int
		status, n.Conflict, n.Failure = explain(cmp.Or(p.Err, store.ErrConflict), "Your input is kept below. Send it again if you still want to start.")
		s.showNow(w, status, n)
		return
	}
	answer := s.answerTo(r, "text/plain", &core.Closure{
		Cause: core.CausePeriod, Reason: *o.Reason, Emergency: *o.Emergency, Since: p.Time, Until: until,
	})
	s.render(w, http.StatusOK, "review.html", reviewPage{
		page: p, Form: f, Until: until, Reopens: f.checked("auto_end"), Answer: answer.body.String(),
	})
}
