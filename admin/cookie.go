package admin

import "net/http"

// setCookie keeps a value in the operator's browser for so many seconds. A negative number
// removes it. It has no Path: browsers then use the directory of the page, which is the mount
// also behind a proxy that strips a prefix. The value is no secret and grants nothing.
func setCookie(w http.ResponseWriter, r *http.Request, name, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure only for TLS: a proxy that terminates TLS cannot be seen from here
		Name: name, Value: value, MaxAge: seconds,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	})
}
