package admin

import "net/http"

// setCookie keeps a value in the operator's browser for so many seconds; below zero
// removes it. Without a Path the browser keeps it for the directory of the page that set
// it, which is this mount whatever a proxy has taken off. Nothing in it is a secret, and
// nothing that it says lets anybody do anything.
func setCookie(w http.ResponseWriter, r *http.Request, name, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure where this is TLS: a proxy that ends it cannot be seen from here
		Name: name, Value: value, MaxAge: seconds,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	})
}
