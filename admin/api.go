package admin

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
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

// versionTag is the entity tag of a period with this version.
func versionTag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// digestTag is a weak entity tag of v. It is weak because the caller leaves out the members
// that differ with every answer, such as clocks and counts.
func digestTag(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "" // sendJSON reports the error
	}
	sum := sha256.Sum256(b)
	return `W/"` + hex.EncodeToString(sum[:10]) + `"`
}

// ifMatch is the version in If-Match (RFC 9110, section 13.1.1), as a condition for a write
// about one period. It must be exactly one strong tag. "*", lists and weak tags are refused,
// because they do not say which version the client has seen.
func ifMatch(r *http.Request) (*int64, *problem) {
	values := r.Header.Values("If-Match")
	if len(values) == 0 {
		return nil, newProblem(http.StatusPreconditionRequired, codeNoPrecondition, `Nothing was changed: send the version that you have seen in If-Match, as in the period's ETag. Example: If-Match: "3".`)
	}
	text := strings.Trim(strings.Join(values, ", "), " \t")
	version, err := strconv.ParseInt(strings.Trim(text, `"`), 10, 64)
	if err != nil || version < 1 || versionTag(version) != text {
		return nil, invalid("If-Match", text, `want the one version that you have seen, as in the period's ETag: "3"`)
	}
	return &version, nil
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

// noneMatch reports whether If-None-Match names tag, by the weak comparison (RFC 9110,
// sections 8.8.3.2 and 13.1.2).
func noneMatch(r *http.Request, tag string) bool {
	opaque := strings.TrimPrefix(tag, "W/")
	for _, line := range r.Header.Values("If-None-Match") {
		if strings.Trim(line, " \t") == "*" {
			return true
		}
		// Our tags contain no comma and no quote, so a part between commas is a whole tag.
		for part := range strings.SplitSeq(line, ",") {
			if strings.TrimPrefix(strings.Trim(part, " \t"), "W/") == opaque {
				return true
			}
		}
	}
	return false
}
