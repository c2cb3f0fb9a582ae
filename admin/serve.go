package admin

import (
	"context"
	"net/http"
	"net/url"
	pathpkg "path"
	"slices"
	"strings"

	"github.com/go-downtime/downtime/operator"
)

// ServeHTTP checks every request before it looks at the path: who sent it, from which origin,
// and how large it is. It sets the security headers first.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := inside(s.cfg.Path, r.URL.Path)
	secure(w.Header())
	r, ok := s.admit(r)
	if !ok {
		s.deny(w, r)
		return
	}
	if s.crossSite(r) {
		s.refuse(w, r, refused{Status: http.StatusForbidden, Detail: "Nothing was changed: this request was sent from another site. Open the page itself and try again."})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	r = r.WithContext(ctx)
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

// deny answers a request that the application does not allow.
func (s *site) deny(w http.ResponseWriter, r *http.Request) {
	if s.cfg.Denied != nil {
		s.cfg.Denied.ServeHTTP(w, r)
		return
	}
	s.refuse(w, r, refused{Status: http.StatusForbidden, Detail: "You may not use this page.", Denied: true})
}

// refuse answers with an error page or, below the path of the API, with a problem.
func (s *site) refuse(w http.ResponseWriter, r *http.Request, as refused) {
	as.Title = http.StatusText(as.Status)
	switch {
	case !isAPI(inside(s.cfg.Path, r.URL.Path)):
		s.render(w, as.Status, "refused.html", as)
	case as.Status == http.StatusNotFound:
		newProblem(as.Status, codeNotFound, as.Detail).write(w, r)
	default:
		newProblem(as.Status, codeForbidden, as.Detail).write(w, r)
	}
}

// redirect is a 303 to a path within the mount, without its first slash.
func (s *site) redirect(w http.ResponseWriter, to string) {
	w.Header().Set("Location", s.base+to)
	w.WriteHeader(http.StatusSeeOther)
}

// routes are the pages, the assets and the API, by method and path within the mount. A GET
// changes nothing.
func (s *site) routes() *http.ServeMux {
	m := http.NewServeMux()
	m.HandleFunc("GET /{$}", s.now)
	m.HandleFunc("POST /start", s.form(s.start, startFields...))
	m.HandleFunc("POST /end", s.target(s.end))
	m.HandleFunc("POST /end-all", s.form(s.endAll, "revision", "anew"))
	m.HandleFunc("GET /schedule", s.schedule)
	m.HandleFunc("GET /add", s.add)
	m.HandleFunc("POST /add", s.form(s.added, periodFields...))
	m.HandleFunc("GET /edit", s.edit)
	m.HandleFunc("POST /edit", s.target(s.edited, periodFields...))
	m.HandleFunc("POST /enable", s.target(s.toggle(operator.EditOptions{Enabled: new(true)})))
	m.HandleFunc("POST /enable-now", s.target(s.toggle(operator.EditOptions{Enabled: new(true), StartNow: true})))
	m.HandleFunc("POST /disable", s.target(s.toggle(operator.EditOptions{Enabled: new(false)})))
	m.HandleFunc("POST /delete", s.target(s.remove))
	m.HandleFunc("GET /fleet", s.fleet)
	m.HandleFunc("GET /log", s.journal)
	m.HandleFunc("GET /visitors", s.visitors)
	m.HandleFunc("GET /visitors.htm", s.visitorsPage)
	m.HandleFunc("GET /zone", s.askZone)
	m.HandleFunc("POST /zone", s.form(s.pickZone, "zone", "back"))
	for name, a := range assets {
		m.HandleFunc("GET /"+name, a.serve)
	}
	for pattern, e := range endpoints {
		m.HandleFunc(pattern, s.api(e))
	}
	return m
}

// dispatch serves path, which begins with "/". The mux would redirect a path that is not clean.
func (s *site) dispatch(w http.ResponseWriter, r *http.Request, path string) {
	inner := r.Clone(r.Context())
	inner.URL.Path, inner.URL.RawPath = path, ""
	other, pattern := s.mux.Handler(inner)
	clean := pathpkg.Clean(path) == path
	if clean && pattern != "" {
		s.mux.ServeHTTP(w, inner)
		return
	}
	found := &recorder{header: http.Header{}}
	other.ServeHTTP(found, inner)
	allow := found.header.Get("Allow")
	switch {
	case !clean, allow == "":
		s.refuse(w, r, refused{Status: http.StatusNotFound, Detail: "There is no such page here."})
	case isAPI(path):
		noMethod(w, r, allow)
	default:
		w.Header().Set("Allow", allow)
		s.refuse(w, r, refused{Status: http.StatusMethodNotAllowed, Detail: "This page takes " + allow + "."})
	}
}

// form reads the form of a POST and passes it to serve. It refuses any other body.
func (s *site) form(serve func(w http.ResponseWriter, r *http.Request, f form), fields ...string) http.HandlerFunc {
	fields = append(slices.Clip(fields), "reviewed")
	return func(w http.ResponseWriter, r *http.Request) {
		f, fault := readForm(r, fields...)
		if fault != nil {
			s.refuse(w, r, *fault)
			return
		}
		serve(w, r, f)
	}
}

// target reads a form that names one period and its version, beside other fields.
func (s *site) target(serve func(w http.ResponseWriter, r *http.Request, f form, version int64), others ...string) http.HandlerFunc {
	return s.form(func(w http.ResponseWriter, r *http.Request, f form) {
		version, fault := f.version()
		if fault != nil {
			s.refuse(w, r, *fault)
			return
		}
		serve(w, r, f, version)
	}, append(slices.Clip(others), "id", "version")...)
}
