package answer

import (
	"fmt"
	"net/http"
	"slices"
)

// cors says which scripts of other origins may read refusals. The zero value allows none.
type cors struct {
	any         bool
	origins     []string
	credentials bool
}

// newCORS checks the origins of o.
func newCORS(o Options, f *faults) cors {
	c := cors{any: slices.Contains(o.CORSOrigins, "*"), origins: slices.Clone(o.CORSOrigins), credentials: o.CORSCredentials}
	for i, origin := range c.origins {
		if origin != "*" && !isOrigin(origin) {
			f.add(fmt.Sprintf("CORSOrigins[%d]", i), origin, `want an origin in lower case and without a path ("https://app.example.com"), or "*"`)
		}
	}
	switch {
	case c.any && c.credentials:
		f.add("CORSCredentials", true, `not together with the origin "*"; name the origins`)
	case c.credentials && len(c.origins) == 0:
		f.add("CORSCredentials", true, "only together with CORSOrigins")
	}
	return c
}

var (
	anyOrigin      = []string{"*"}
	allowed        = []string{"true"}
	uncached       = []string{"0"}
	exposedHeaders = []string{"Retry-After, Downtime"}
)

// share lets a script of another origin read the headers of a refusal, if an outer middleware or
// c allows its origin. It returns true if r is a preflight that is allowed as well.
func (c *cors) share(h http.Header, r *http.Request) (preflight bool) {
	origin := r.Header["Origin"]
	if len(origin) != 1 {
		return false
	}
	outer := len(h["Access-Control-Allow-Origin"]) > 0
	switch {
	case outer: // another middleware has decided
	case c.any:
		h["Access-Control-Allow-Origin"] = anyOrigin
	case slices.Contains(c.origins, origin[0]):
		h["Access-Control-Allow-Origin"] = slices.Clip(origin)
		h["Vary"] = append(slices.Clip(h["Vary"]), "Origin")
		if c.credentials {
			h["Access-Control-Allow-Credentials"] = allowed
		}
	default:
		return false
	}
	h["Access-Control-Expose-Headers"] = append(slices.Clip(h["Access-Control-Expose-Headers"]), exposedHeaders...)
	if r.Method != http.MethodOptions || len(r.Header["Access-Control-Request-Method"]) == 0 {
		return false
	}
	return !outer || len(h["Access-Control-Allow-Methods"]) > 0
}

// answerPreflight allows the request that a browser asks for, so that its script gets the
// refusal. The browser must not keep the permission: it is not the site's own. If an outer
// middleware has allowed methods, its answer stays.
func answerPreflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if len(h["Access-Control-Allow-Methods"]) == 0 {
		h["Access-Control-Allow-Methods"] = slices.Clip(r.Header["Access-Control-Request-Method"])
		if names := r.Header["Access-Control-Request-Headers"]; len(names) > 0 {
			h["Access-Control-Allow-Headers"] = slices.Clip(names)
		}
		h["Access-Control-Max-Age"] = uncached
	}
	delete(h, "Content-Type")
	delete(h, "Content-Length")
	delete(h, "Retry-After")
	w.WriteHeader(http.StatusNoContent)
}
