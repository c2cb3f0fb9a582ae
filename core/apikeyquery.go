package core

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-downtime/downtime/period"
)

// Limits on a query in which the predicate searches a key.
const (
	maxQueryLen    = 16384
	maxQueryParams = 256
)

// APIKeyQuery returns a predicate that says yes to a request whose query has the parameter
// exactly once, with one of keys as its value. The predicate says no if the parameter is absent,
// empty or repeated. It also says no if the query is longer than 16 KiB, has more than 256
// parameters, or is malformed. The predicate's name contains the parameter's name.
//
// If a request passes by the key, the gate removes the parameter from r.URL, r.RequestURI and
// r.Form, and sends Referrer-Policy: no-referrer. The application, its redirects and its log
// lines then do not contain the key. An access log in front of the gate does not contain it
// either if it reads the same *http.Request after the answer; a copy of the request keeps
// RequestURI. Code in front of the gate that reads the query earlier sees the key. The
// application also sees the key while the site is up.
//
// Prefer [APIKeyHeader]. A URL with a key appears in logs of proxies and in browser histories,
// and every person who gets the link has the key (CWE-598). Use APIKeyQuery only for clients that
// cannot set a header. param consists of letters, digits and "-", ".", "_", "~" (RFC 3986,
// section 2.3).
func APIKeyQuery(param string, keys ...Key) Predicate {
	q := &queryKey{param: param, keys: newKeySet(keys)}
	var bad faults
	if param == "" || strings.Trim(param, unreserved) != "" || len(param) > period.MaxNameLen {
		bad.add(".Param", param, `want the name of a query parameter: letters, digits, "-", ".", "_", "~"`)
	}
	bad.keys(keys)
	p := keyPredicate("api key in query parameter "+param, bad, keys, func(r *http.Request) int {
		if r == nil || r.URL == nil {
			return notFound
		}
		return q.find(r.URL.RawQuery) // r.FormValue would read the body
	})
	p.hide = q.hide
	return p
}

// queryKey is a parameter that holds a key.
type queryKey struct {
	param string
	keys  keySet
}

// find returns the index of the key in query, which must have the parameter once; else notFound.
// It allocates no map of the query, because any client can send a long query.
func (q *queryKey) find(query string) int {
	if len(query) > maxQueryLen || strings.Count(query, "&") >= maxQueryParams {
		return notFound
	}
	found, value := 0, ""
	for pair := range strings.SplitSeq(query, "&") {
		if name, v, _ := strings.Cut(pair, "="); q.names(name) {
			found, value = found+1, v
		}
	}
	if found != 1 || len(value) > 3*maxKeyLen {
		return notFound
	}
	key, err := url.QueryUnescape(value)
	if err != nil {
		return notFound
	}
	i := q.keys.find(key)
	if i == notFound {
		return notFound
	}
	// Only a client with a valid key causes a check of the whole query.
	if _, err = url.QueryUnescape(query); err != nil || strings.Contains(query, ";") {
		return notFound
	}
	return i
}

// names reports whether name, which may be encoded, is the name of the parameter.
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

// hide removes the parameter from r if it holds a key. It changes r in place. An access log in
// front of the gate has the same r, so it does not see the key either.
func (q *queryKey) hide(r *http.Request) bool {
	if q.find(r.URL.RawQuery) == notFound {
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
