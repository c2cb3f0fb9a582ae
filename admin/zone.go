package admin

import (
	"net/http"
)

// zonePage asks for a time zone, as the footer of every page does. It shows the fault of an
// unknown name.
type zonePage struct {
	page

	Form form
}

// askZone is GET /zone.
func (s *site) askZone(w http.ResponseWriter, r *http.Request) {
	p := zonePage{s.page(w, r, "zone", "Time zone"), newForm()}
	p.Form.Values["zone"] = p.Clock.Zone.String()
	s.render(w, http.StatusOK, "zone.html", p)
}

// pickZone is POST /zone.
func (s *site) pickZone(w http.ResponseWriter, r *http.Request, f form) {
	zone, err := loadZone(f.Values["zone"])
	if err != nil {
		f.fault("zone", sentence(err.Error()))
		s.render(w, http.StatusUnprocessableEntity, "zone.html", zonePage{s.page(w, r, "zone", "Time zone"), f})
		return
	}
	s.setCookie(w, zoneCookie, zone.String(), aYear)
	s.setCookie(w, noticeCookie, noticeZone, noticeTime)
	s.redirect(w, back[f.Values["back"]])
}
