package admin

import (
	"net/http"

	"github.com/go-downtime/downtime/core/wire"
)

// confirmPage shows one period, before something is done to it that cannot be undone.
type confirmPage struct {
	page

	Period periodView
	Others int // how many hold the site down beside it
}

// confirmEnd is GET /end?id=…: what it would be that is ended.
func (s *site) confirmEnd(w http.ResponseWriter, r *http.Request) {
	s.confirm(w, r, "end.html", "End this downtime?", func(p periodView) bool { return p.Status == wire.InForce })
}

// confirmRemove is GET /delete?id=….
func (s *site) confirmRemove(w http.ResponseWriter, r *http.Request) {
	s.confirm(w, r, "delete.html", "Delete this period?", func(p periodView) bool { return p.Status != wire.InForce })
}

func (s *site) confirm(w http.ResponseWriter, r *http.Request, name, title string, can func(p periodView) bool) {
	p := confirmPage{page: s.page(w, r, "confirm", title)}
	period, ok := p.find(r.URL.Query().Get("id"))
	if !ok || !can(p.View(period)) {
		gone := schedulePage{page: p.page, Conflict: "This period is not what it was when you followed the link: it is gone, or has begun or ended. Below is what there is now."}
		gone.Name, gone.Title = "schedule", "Schedule"
		s.showSchedule(w, http.StatusNotFound, gone)
		return
	}
	p.Period = p.View(period)
	p.Others = len(p.InForce()) - 1
	s.render(w, http.StatusOK, name, p)
}
