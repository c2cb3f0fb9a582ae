package admin

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
)

// apiTimeout is how long an answer of the API waits for the store.
const apiTimeout = 10 * time.Second

// endpoint answers one method of one path; id is the period's that the path names, else "".
// It returns what is to be sent, or what was wrong.
type endpoint func(ctx context.Context, r *http.Request, id string) (answer, *problem)

// answer is what is sent where nothing was wrong.
type answer struct {
	status   int // 0 means 200
	tag      string
	location string // relative to the path that was asked
	body     any    // nil with a 304
}

// api answers path, which is within the mount and begins with "/api". Who asks is let in,
// nothing comes from another site, and the body ends at maxBody.
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
	ctx, cancel := context.WithTimeout(r.Context(), apiTimeout)
	defer cancel()
	a, p := serve(ctx, r, id)
	if p != nil {
		p.write(w, r)
		return
	}
	a.write(w, r)
}

// endpoints are what a path takes, by method; nil if there is no such path.
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

// allowed is the value of Allow.
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
