package admin

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/store"
)

// mergePatch is the media type of a JSON merge patch (RFC 7396), and acceptPatch are the types that
// a PATCH takes (RFC 5789, section 3.1).
const (
	mergePatch  = "application/merge-patch+json"
	acceptPatch = mergePatch + ", application/json"
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

// versionTag is the entity tag of any period with this version, for clients that know only the
// version.
func versionTag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// periodTag is the strong entity tag of a period. It differs if any member differs: also the
// status, which changes with the time, and a member that was edited by hand.
func periodTag(p wire.Period) string {
	b, err := json.Marshal(p)
	if err != nil {
		return "" // sendJSON reports the error
	}
	sum := sha256.Sum256(b)
	return `"` + strconv.FormatInt(p.Version, 10) + "-" + hex.EncodeToString(sum[:4]) + `"`
}

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

// tags finds the entity tags of a list, and tagList matches a whole list.
var (
	tags    = regexp.MustCompile(`(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"`)
	tagList = regexp.MustCompile(`^` + tags.String() + `(?:[ \t]*,[ \t]*` + tags.String() + `)*$`)
)

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
	text := strings.Trim(strings.Join(r.Header.Values("If-None-Match"), ", "), " \t")
	return text == "*" || slices.ContainsFunc(tags.FindAllString(text, -1), func(other string) bool {
		return strings.TrimPrefix(other, "W/") == strings.TrimPrefix(tag, "W/")
	})
}
