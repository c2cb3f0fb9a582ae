package admin

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	zoneCookie = "downtime_zone"
	// browserCookie is the zone of the browser. The script sets it.
	browserCookie = "downtime_browser_zone"
	maxZoneLen    = 64
	aYear         = 365 * 24 * time.Hour
)

// zoneOf is the operator's time zone, and whether the operator has picked it. The default is the
// zone of the browser.
func (s *site) zoneOf(r *http.Request) (zone *time.Location, picked bool) {
	if zone, err := loadZone(s.cookie(r, zoneCookie)); err == nil {
		return zone, true
	}
	if zone, err := loadZone(s.cookie(r, browserCookie)); err == nil {
		return zone, false
	}
	return s.cfg.Zone, false
}

var errNoZone = errors.New("want an IANA name such as Europe/Berlin, or UTC")

// loadZone is time.LoadLocation without "Local", which differs between machines.
func loadZone(name string) (*time.Location, error) {
	name = strings.TrimSpace(name)
	if name == "" || name == "Local" || len(name) > maxZoneLen {
		return nil, errNoZone
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%q is not known on this server: %w", name, errNoZone)
	}
	return zone, nil
}

// zonePage asks for a time zone, as the footer of every page does. It shows the fault of an
// unknown name.
type zonePage struct {
	page

	Form form
}

// back are the pages that the form in their footer leads back to.
var back = map[string]string{"now": "", "schedule": "schedule", "fleet": "fleet", "log": "log", "visitors": "visitors"}

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
