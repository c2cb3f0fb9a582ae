package admin

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// endpoint answers one method of one path.
type endpoint struct {
	answer     func(c *call) answer
	parameters []string // that the query may have
}

// answer is the answer of an endpoint without a problem.
type answer struct {
	status   int // 0 means 200
	tag      string
	location string
	body     any // nil for a 304
}

// endpoints are the endpoints of the API by method and path.
var endpoints = map[string]endpoint{
	"GET /api/v1/state":           {answer: (*call).state},
	"GET /api/v1/periods":         {(*call).periods, []string{"limit", "cursor"}},
	"POST /api/v1/periods":        {answer: (*call).schedule},
	"GET /api/v1/periods/{id}":    {answer: (*call).period},
	"PATCH /api/v1/periods/{id}":  {answer: (*call).edit},
	"DELETE /api/v1/periods/{id}": {answer: (*call).cancel},
	"POST /api/v1/start":          {answer: (*call).start},
	"POST /api/v1/end":            {answer: (*call).end},
	"GET /api/v1/fleet":           {answer: (*call).fleet},
	"GET /api/v1/log":             {(*call).log, []string{"limit"}},
}

// call is a request of the API. The client is authorized, the request is not from another site, and
// its body ends at maxBody. The methods that read a part of the request keep the first problem, and
// answers leave it to [site.api].
type call struct {
	*http.Request

	site    *site
	id      string     // of the period that the request is about; "" for none
	query   url.Values // the parameters
	problem *problem
}

// fail keeps p, if it is the first problem.
func (c *call) fail(p *problem) {
	if c.problem == nil {
		c.problem = p
	}
}

// invalid is the problem of a request with one fault.
func (c *call) invalid(field, value, text string) {
	c.fail(explained(&period.FieldError{Field: field, Value: value, Problem: text}))
}

// broken is the problem of an error of an operation. It logs a fault of the server.
func (c *call) broken(err error) {
	p := explained(err)
	if p.Status >= http.StatusInternalServerError {
		c.site.complain(c.Request, err)
	}
	c.fail(p)
}

// api serves an endpoint.
func (s *site) api(e endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := &call{Request: r, site: s, id: r.PathValue("id")}
		if c.id != "" {
			w.Header().Set("Accept-Patch", acceptPatch)
		}
		var a answer
		if c.readQuery(e.parameters); c.problem == nil {
			a = e.answer(c)
		}
		if c.problem != nil {
			c.problem.write(w, r)
			return
		}
		a.write(w, r)
	}
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

// ifMatch is the version of the call's period, as a condition for a write, if If-Match names its
// entity tag or its version (RFC 9110, section 13.1.1). Otherwise the condition is false:
// 412 (section 13.2.2). The comparison is strong, so a weak tag never matches. "*" names no
// version that the client has seen. If there is no such period, the write reports that.
func (c *call) ifMatch() *int64 {
	text := strings.Trim(strings.Join(c.Header.Values("If-Match"), ", "), " \t")
	switch {
	case len(c.Header.Values("If-Match")) == 0, text == "*":
		c.fail(newProblem(http.StatusPreconditionRequired, codeNoPrecondition, `Nothing was changed: send the version that you have seen in If-Match, as in the period's ETag. Example: If-Match: "3".`))
	case !tagList.MatchString(text):
		c.invalid("If-Match", text, `want the period's ETag, or its version in quotes: "3"`)
	}
	found := c.load()
	one, ok := found.Document.Find(c.id)
	if !ok {
		return new(int64(0))
	}
	now := wire.PeriodAt(one, found.Time)
	for _, tag := range tags.FindAllString(text, -1) {
		if tag == periodTag(now) || tag == versionTag(now.Version) {
			return &one.Version
		}
	}
	p := explained(store.ErrConflict).failedPrecondition()
	p.Period = &now
	c.fail(p)
	return nil
}

// unmatched refuses If-Match in a request that is not about one period. If it were ignored,
// a write could take place that the client meant to prevent.
func (c *call) unmatched() {
	if values := c.Header.Values("If-Match"); len(values) > 0 {
		c.invalid("If-Match", strings.Join(values, ", "), "is only for a write about one period; leave it out, or send the revision of the state that you have seen, if the path takes one")
	}
}
