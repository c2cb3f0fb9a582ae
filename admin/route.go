package admin

import (
	"net/http"
	"strings"
)

// route are the handlers of a path; nil for a method that the path does not have.
type route struct {
	get  func(w http.ResponseWriter, r *http.Request)
	post func(w http.ResponseWriter, r *http.Request)
}

// pages are the routes of all pages. A GET changes nothing.
func (s *site) pages() map[string]route {
	return map[string]route{
		"/":             {get: s.now},
		"/start":        {post: s.start},
		"/end":          {get: s.confirmEnd, post: s.end},
		"/end-all":      {post: s.endAll},
		"/schedule":     {get: s.schedule},
		"/add":          {get: s.add, post: s.added},
		"/edit":         {get: s.edit, post: s.edited},
		"/enable":       {post: s.enable},
		"/disable":      {post: s.disable},
		"/delete":       {get: s.confirmRemove, post: s.remove},
		"/fleet":        {get: s.fleet},
		"/log":          {get: s.journal},
		"/visitors":     {get: s.visitors},
		"/visitors.htm": {get: s.visitorsPage},
		"/zone":         {get: s.askZone, post: s.pickZone},
	}
}

// dispatch serves path, which begins with "/".
func (s *site) dispatch(w http.ResponseWriter, r *http.Request, path string) {
	if isAPI(path) {
		s.api(w, r, path)
		return
	}
	if a, ok := assets[strings.TrimPrefix(path, "/")]; ok {
		s.methods(w, r, path, route{get: a.serve})
		return
	}
	to, ok := s.routes[path]
	if !ok {
		s.refuse(w, r, path, http.StatusNotFound, "There is no such page here.")
		return
	}
	s.methods(w, r, path, to)
}

func (s *site) methods(w http.ResponseWriter, r *http.Request, path string, to route) {
	serve := to.get
	allow := "GET, HEAD"
	switch {
	case to.get == nil:
		allow = "POST"
	case to.post != nil:
		allow = "GET, HEAD, POST"
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodPost:
		serve = to.post
	default:
		serve = nil
	}
	if serve == nil {
		w.Header().Set("Allow", allow)
		s.refuse(w, r, path, http.StatusMethodNotAllowed, "This page takes "+allow+".")
		return
	}
	serve(w, r)
}
