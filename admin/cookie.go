package admin

import (
	"net/http"
	"time"
)

// The cookies of the page. [site.cookie] adds their prefix.
const (
	zoneCookie = "downtime_zone"
	// browserCookie is the zone of the browser. The script sets it.
	browserCookie = "downtime_browser_zone"
	// noticeCookie names the operator's last write, see [notice].
	noticeCookie = "downtime_notice"
)

// cookieName is the name of a cookie. Browsers keep a cookie with the prefix only if it is
// Secure and set by the host itself, so no sibling host can set it.
func (s *site) cookieName(name string) string {
	if s.cfg.InsecureCookies {
		return name
	}
	return "__Host-" + name
}

// cookie is the value of a cookie; "" if there is none. Two of one name count as none, because
// one of them is not the page's.
func (s *site) cookie(r *http.Request, name string) string {
	if found := r.CookiesNamed(s.cookieName(name)); len(found) == 1 {
		return found[0].Value
	}
	return ""
}

// setCookie keeps a value in the operator's browser. A negative time removes it. The value is
// no secret and grants nothing.
func (s *site) setCookie(w http.ResponseWriter, name, value string, keep time.Duration) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // not Secure only where the configuration says so
		Name: s.cookieName(name), Value: value, Path: "/", MaxAge: int(keep / time.Second),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: !s.cfg.InsecureCookies,
	})
}
