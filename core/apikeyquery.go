package core

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-downtime/downtime/period"
)

// Bounds on what is read in search of a key.
const (
	maxQueryLen    = 16384
	maxQueryParams = 256
)

// APIKeyQuery is the predicate that says yes to a request that has one of keys as its
// query parameter of this name, once. Absent, empty or repeated, it never is, nor if the query
// is longer than 16 KiB, has more than 256 parameters, or is malformed. The predicate's name tells
// the parameter.
//
// A gate that lets a request pass by the key takes the parameter out of r.URL, r.RequestURI and
// r.Form, and sends Referrer-Policy: no-referrer. The application, what it redirects to and what
// it logs then do not have the key, nor does an access log in front of the gate that reads r after
// the answer. Code in front of the gate that reads the query before sees the key, and so does the
// application while the site is up.
//
// Prefer [APIKeyHeader]: a URL, with the key in it, ends up in the logs of proxies, in browser
// histories, and with everyone that the link is sent to (CWE-598). It is there for clients that
// cannot set a header. param is made of letters, digits and "-", ".", "_", "~" (RFC 3986,
// section 2.3).
func APIKeyQuery(param string, keys ...Key) Predicate {
	q := &queryKey{param: param, keys: newKeySet(keys)}
	var bad faults
	if param == "" || strings.Trim(param, unreserved) != "" || len(param) > period.MaxNameLen {
		bad.add(".Param", param, `want the name of a query parameter: letters, digits, "-", ".", "_", "~"`)
	}
	bad.keys(keys)
	check := func(_ context.Context, r *http.Request, _ *asker) bool {
		// The query alone: r.FormValue would read the body.
		return r != nil && r.URL != nil && q.in(r.URL.RawQuery)
	}
	return Predicate{name: "api key in query parameter " + param, faults: bad, check: check, hide: q.hide}
}

// queryKey is a parameter that holds a key.
type queryKey struct {
	param string
	keys  keySet
}

// in reports whether query has the parameter once, with one of the keys. It makes no map of the
// query, because every visitor can send a long one.
func (q *queryKey) in(query string) bool {
	if len(query) > maxQueryLen || strings.Count(query, "&") >= maxQueryParams {
		return false
	}
	found, value := 0, ""
	for pair := range strings.SplitSeq(query, "&") {
		if name, v, _ := strings.Cut(pair, "="); q.names(name) {
			found, value = found+1, v
		}
	}
	if found != 1 || len(value) > 3*maxKeyLen {
		return false
	}
	key, err := url.QueryUnescape(value)
	if err != nil || !q.keys.holds(key) {
		return false
	}
	// The rest is looked at only for a client that has a key.
	_, err = url.QueryUnescape(query)
	return err == nil && !strings.Contains(query, ";")
}

// names reports whether name, as it stands in a query, is that of the parameter.
func (q *queryKey) names(name string) bool {
	if !strings.Contains(name, "%") {
		return name == q.param
	}
	if len(name) > 3*len(q.param) {
		return false
	}
	decoded, err := url.QueryUnescape(name)
	return err == nil && decoded == q.param
}

// hide takes the parameter out of r if it holds a key. It changes r in place, so that an access
// log in front of the gate, which has the same r, does not see it either.
func (q *queryKey) hide(r *http.Request) bool {
	if !q.in(r.URL.RawQuery) {
		return false
	}
	r.URL.RawQuery = q.without(r.URL.RawQuery)
	uri, query, _ := strings.Cut(r.RequestURI, "?")
	if query = q.without(query); query != "" {
		uri += "?" + query
	}
	r.RequestURI = uri
	delete(r.Form, q.param)
	return true
}

func (q *queryKey) without(query string) string {
	pairs := strings.Split(query, "&")
	return strings.Join(slices.DeleteFunc(pairs, func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return q.names(name)
	}), "&")
}
