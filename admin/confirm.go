package admin

import (
	"net/http"

	"github.com/go-downtime/downtime/internal/wire"
)

// confirmPage shows one period before it is ended or deleted.
type confirmPage struct {
	page

	Period periodView
	Others int // how many other periods are in force
}

// confirmEnd is GET /end?id=….
func (s *site) confirmEnd(w http.ResponseWriter, r *http.Request) {
	s.confirm(w, r, "end.html", "End this downtime?", func(p periodView) bool { return p.Status == wire.InForce })
}

// confirmRemove is GET /delete?id=….
func (s *site) confirmRemove(w http.ResponseWriter, r *http.Request) {
	s.confirm(w, r, "delete.html", "Delete this period?", func(p periodView) bool { return p.Status != wire.InForce })
}

func (s *site) confirm(w http.ResponseWriter, r *http.Request, name, title string, can func(p periodView) bool) {
	p := confirmPage{page: s.page(w, r, "confirm", title)}
	now, ok := p.find(r.URL.Query().Get("id"))
	if p.Period = p.View(now); !ok || !can(p.Period) {
		s.showGone(w, p.page, "This period has begun, ended or been deleted since you followed the link. Below is the current schedule.")
		return
	}
	p.Others = len(p.InForce) - 1
	s.render(w, http.StatusOK, name, p)
}
