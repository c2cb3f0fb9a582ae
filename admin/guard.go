package admin

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	// maxBody is the largest form or JSON document, in bytes.
	maxBody = 64 << 10
	// requestTimeout is how long a request may use the store.
	requestTimeout = 10 * time.Second
)

// ServeHTTP checks every request before it looks at the path: who sent it, from which origin,
// and how large it is. It sets the security headers first.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := inside(s.cfg.Path, r.URL.Path)
	secure(w.Header())
	r, ok := s.admit(r)
	if !ok {
		s.deny(w, r, path)
		return
	}
	if s.crossSite(r) {
		s.refuse(w, r, path, http.StatusForbidden, "Nothing was changed: this request was sent from another site. Open the page itself and try again.")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	r = r.WithContext(ctx)
	if path == "" {
		redirect(w, "./"+url.PathEscape(lastSegment(r.URL.Path, s.cfg.Path))+"/")
		return
	}
	s.dispatch(w, r, path)
}

// crossSite reports whether r could change something and was sent by a page of another host.
// If a client sends neither Sec-Fetch-Site nor Origin, a Referer that it sends must name this host.
func (s *site) crossSite(r *http.Request) bool {
	if s.cross.Check(r) != nil {
		return true
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	if r.Header.Get("Sec-Fetch-Site") != "" || r.Header.Get("Origin") != "" {
		return false
	}
	return slices.ContainsFunc(r.Header.Values("Referer"), func(from string) bool {
		if from == "" {
			return false
		}
		page, err := url.Parse(from)
		if err != nil || page.Scheme != "https" && page.Scheme != "http" {
			return true
		}
		return !strings.EqualFold(page.Host, r.Host) && !slices.Contains(s.cfg.TrustedOrigins, page.Scheme+"://"+page.Host)
	})
}

// secure sets the headers of every answer, also of errors and assets.
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

// deny answers a request that the application does not allow.
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

// refuse answers with an error page, which says nothing about the state of the site.
func (s *site) refuse(w http.ResponseWriter, r *http.Request, path string, status int, detail string) {
	if isAPI(path) {
		refuseAPI(w, r, status, detail)
		return
	}
	s.render(w, status, "refused.html", refused{Base: upTo(path), Status: status, Title: http.StatusText(status), Detail: detail})
}

// redirect is a 303 with a relative Location, because a proxy may have stripped a part of the
// path. http.Redirect would make it absolute.
func redirect(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// lastSegment is the last segment of path or, if the router stripped everything, of mount.
func lastSegment(path, mount string) string {
	if path == "" || path == "/" {
		path = mount
	}
	return path[strings.LastIndexByte(path, '/')+1:]
}
