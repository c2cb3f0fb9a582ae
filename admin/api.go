package admin

import (
	"net/http"
	"slices"
	"strings"

	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/store"
)

// endpoint answers one method of one path. id is the id of a period in the path, or "". It
// returns the answer or the problem.
type endpoint func(r *http.Request, id string) (answer, *problem)

// answer is the answer of an endpoint without a problem.
type answer struct {
	status   int // 0 means 200
	tag      string
	location string
	body     any // nil for a 304
}

// endpoints are the endpoints of the API by method and path.
func (s *site) endpoints() map[string]endpoint {
	return map[string]endpoint{
		"GET /api/v1/state":           s.apiState,
		"GET /api/v1/periods":         s.apiPeriods,
		"POST /api/v1/periods":        s.apiSchedule,
		"GET /api/v1/periods/{id}":    s.apiPeriod,
		"PATCH /api/v1/periods/{id}":  s.apiEdit,
		"DELETE /api/v1/periods/{id}": s.apiCancel,
		"POST /api/v1/start":          s.apiStart,
		"POST /api/v1/end":            s.apiEnd,
		"GET /api/v1/fleet":           s.apiFleet,
		"GET /api/v1/log":             s.apiLog,
	}
}

// serve answers r. The client is authorized, the request is not from another site, and its body
// ends at maxBody.
func (e endpoint) serve(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("id") != "" {
		w.Header().Set("Accept-Patch", acceptPatch)
	}
	a, p := e(r, r.PathValue("id"))
	if p != nil {
		p.write(w, r)
		return
	}
	a.write(w, r)
}

// noMethod answers a method that the path does not have. allow are the others. OPTIONS asks for
// them.
func noMethod(w http.ResponseWriter, r *http.Request, allow string) {
	methods := append(strings.Split(allow, ", "), http.MethodOptions)
	slices.Sort(methods)
	allow = strings.Join(methods, ", ")
	w.Header().Set("Allow", allow)
	if slices.Contains(methods, http.MethodPatch) {
		w.Header().Set("Accept-Patch", acceptPatch)
	}
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	newProblem(http.StatusMethodNotAllowed, codeMethod, "This path takes "+allow+".").write(w, r)
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

// ifMatch is the version of the period with this id, as a condition for a write, if If-Match
// names its entity tag or its version (RFC 9110, section 13.1.1). Otherwise the condition is false:
// 412 (section 13.2.2). The comparison is strong, so a weak tag never matches. "*" names no
// version that the client has seen. If there is no such period, the write reports that.
func (s *site) ifMatch(r *http.Request, id string) (*int64, *problem) {
	text := strings.Trim(strings.Join(r.Header.Values("If-Match"), ", "), " \t")
	switch {
	case len(r.Header.Values("If-Match")) == 0, text == "*":
		return nil, newProblem(http.StatusPreconditionRequired, codeNoPrecondition, `Nothing was changed: send the version that you have seen in If-Match, as in the period's ETag. Example: If-Match: "3".`)
	case !tagList.MatchString(text):
		return nil, invalid("If-Match", text, `want the period's ETag, or its version in quotes: "3"`)
	}
	found, p := s.load(r)
	if p != nil {
		return nil, p
	}
	one, ok := found.Document.Find(id)
	if !ok {
		return new(int64(0)), nil
	}
	now := wire.PeriodAt(one, found.Time)
	for _, tag := range tags.FindAllString(text, -1) {
		if tag == periodTag(now) || tag == versionTag(now.Version) {
			return &one.Version, nil
		}
	}
	p = explained(store.ErrConflict).failedPrecondition()
	p.Period = &now
	return nil, p
}

// unmatched refuses If-Match in a request that is not about one period. If it were ignored,
// a write could take place that the client meant to prevent.
func unmatched(r *http.Request) *problem {
	values := r.Header.Values("If-Match")
	if len(values) == 0 {
		return nil
	}
	return invalid("If-Match", strings.Join(values, ", "), "is only for a write about one period; leave it out, or send the revision of the state that you have seen, if the path takes one")
}
