package admin

import (
	"net/http"
	"slices"
	"strings"
)

// endpoint answers one method of one path. id is the id of a period in the path, or "". It
// returns the answer or the problem.
type endpoint func(r *http.Request, id string) (answer, *problem)

// answer is the answer of an endpoint without a problem.
type answer struct {
	status   int // 0 means 200
	tag      string
	location string // relative to the path of the request
	body     any    // nil for a 304
}

// api answers path, which is within the mount and begins with "/api". The client is
// authorized, the request is not from another site, and its body ends at maxBody.
func (s *site) api(w http.ResponseWriter, r *http.Request, path string) {
	methods, id := s.endpoints(path)
	if methods == nil {
		newProblem(http.StatusNotFound, codeNotFound, "There is nothing at this path.").write(w, r)
		return
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	serve, ok := methods[method]
	if !ok {
		allow := allowed(methods)
		w.Header().Set("Allow", allow)
		if method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		newProblem(http.StatusMethodNotAllowed, codeMethod, "This path takes "+allow+".").write(w, r)
		return
	}
	a, p := serve(r, id)
	if p != nil {
		p.write(w, r)
		return
	}
	a.write(w, r)
}

// endpoints returns the endpoints of a path by method, or nil if there is no such path.
func (s *site) endpoints(path string) (methods map[string]endpoint, id string) {
	switch path {
	case "/api/v1/state":
		return map[string]endpoint{http.MethodGet: s.apiState}, ""
	case "/api/v1/periods":
		return map[string]endpoint{http.MethodGet: s.apiPeriods, http.MethodPost: s.apiSchedule}, ""
	case "/api/v1/start":
		return map[string]endpoint{http.MethodPost: s.apiStart}, ""
	case "/api/v1/end":
		return map[string]endpoint{http.MethodPost: s.apiEnd}, ""
	case "/api/v1/fleet":
		return map[string]endpoint{http.MethodGet: s.apiFleet}, ""
	case "/api/v1/log":
		return map[string]endpoint{http.MethodGet: s.apiLog}, ""
	}
	id, ok := strings.CutPrefix(path, "/api/v1/periods/")
	if !ok || id == "" || strings.Contains(id, "/") {
		return nil, ""
	}
	return map[string]endpoint{http.MethodGet: s.apiPeriod, http.MethodPatch: s.apiEdit, http.MethodDelete: s.apiCancel}, id
}

// allowed is the value of the header Allow.
func allowed(methods map[string]endpoint) string {
	names := []string{http.MethodOptions}
	for name := range methods {
		if names = append(names, name); name == http.MethodGet {
			names = append(names, http.MethodHead)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func (a *answer) write(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if a.tag != "" {
		h.Set("ETag", a.tag)
	}
	if a.location != "" {
		h.Set("Location", a.location)
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	sendJSON(w, r, max(a.status, http.StatusOK), "application/json", a.body)
}
