package adaptertest

import (
	"context"
	"net/http"
	"net/url"
)

// account is the value that the site's authentication stores under the key "user".
type account struct{ admin bool }

// signedIn is the authentication. It returns nil if there is no user.
func signedIn(r *http.Request) any {
	switch r.Header.Get("X-Test-User") {
	case "root":
		return &account{admin: true}
	case "guest":
		return &account{}
	case "nil":
		return (*account)(nil)
	case "other-type":
		return "root"
	}
	return nil
}

type tenantKey struct{}

// replaced stands for net/http middleware before the gate that replaces the request: it stores
// a value in the request's context, may end that context, and may rewrite the path.
func replaced(r *http.Request) *http.Request {
	ctx := context.WithValue(r.Context(), tenantKey{}, r.Header.Get("X-Test-Tenant"))
	if r.Header.Get("X-Test-Cancel") != "" {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		cancel()
	}
	r = r.WithContext(ctx)
	if to := r.Header.Get("X-Test-Rewrite"); to != "" {
		r.URL = &url.URL{Path: to, RawQuery: r.URL.RawQuery}
	}
	return r
}

// cors stands for a CORS middleware before the gate; true means that it answered.
func cors(w http.ResponseWriter, r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	w.Header().Add("Vary", "Origin")
	w.Header().Set("Access-Control-Allow-Origin", origin)
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
	w.WriteHeader(http.StatusNoContent)
	return true
}
