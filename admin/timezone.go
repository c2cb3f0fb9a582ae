package admin

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	maxZoneLen = 64
	aYear      = 365 * 24 * time.Hour
)

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
