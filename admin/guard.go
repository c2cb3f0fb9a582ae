package admin

import (
	"net/http"
	"net/url"
	"strings"
)

// maxBody is the most that a form or a JSON document may be.
const maxBody = 64 << 10

// ServeHTTP guards every request, and only then looks where it goes: headers, who it is,
// where it was sent from, how much it brings.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := inside(s.cfg.Path, r.URL.Path)
	secure(w.Header())
	r, ok := s.admit(r)
	if !ok {
		s.deny(w, r, path)
		return
	}
	if err := s.cross.Check(r); err != nil {
		s.refuse(w, r, path, http.StatusForbidden, "This request was sent from another site, so nothing was done. Open the page itself and try again.")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if path == "" {
		redirect(w, "./"+url.PathEscape(lastSegment(r.URL.Path, s.cfg.Path))+"/")
		return
	}
	s.dispatch(w, r, path)
}

// secure sets what every answer has, errors and assets too.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// deny answers whom the application does not let in.
func (s *site) deny(w http.ResponseWriter, r *http.Request, path string) {
	if s.cfg.Denied != nil {
		s.cfg.Denied.ServeHTTP(w, r)
		return
	}
	const detail = "You may not use this page."
	if isAPI(path) {
		refuseAPI(w, r, http.StatusForbidden, detail)
		return
	}
	s.render(w, http.StatusForbidden, "refused.html", refused{Denied: true, Status: http.StatusForbidden, Title: http.StatusText(http.StatusForbidden), Detail: detail})
}

// refuse answers an error that is not about what was typed. Nothing about the site's state
// is in it: it may be for somebody who was not let in.
func (s *site) refuse(w http.ResponseWriter, r *http.Request, path string, status int, detail string) {
	if isAPI(path) {
		refuseAPI(w, r, status, detail)
		return
	}
	s.render(w, status, "refused.html", refused{Base: upTo(path), Status: status, Title: http.StatusText(status), Detail: detail})
}

// redirect is a 303 whose Location is relative, because a proxy may have taken off a part
// of the path; http.Redirect would make it absolute.
func redirect(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// lastSegment is the last segment of the path as the router passed it on, or, where it
// has stripped everything, of the mount.
func lastSegment(path, mount string) string {
	if path == "" || path == "/" {
		path = mount
	}
	return path[strings.LastIndexByte(path, '/')+1:]
}
