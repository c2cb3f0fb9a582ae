package core

import (
	"net/http"
	"net/url"
	"strings"
)

// redirect is a [Config].RedirectURL that was checked.
type redirect struct {
	location []string // of the Location header
	host     string   // "" for a path of this site
	path     string   // decoded
}

// newRedirect checks target. nil without an error means that none is wanted. A path of
// this site must be exempt, or following the redirect would be answered by another one.
func newRedirect(target string, exempt exemptions) (*redirect, error) {
	if target == "" {
		return nil, nil
	}
	fault := func(value, problem string) error {
		return &FieldError{Field: "RedirectURL", Value: value, Problem: problem}
	}
	if strings.ContainsFunc(target, func(r rune) bool { return r < 0x20 || r == 0x7f || r == '\\' }) {
		return nil, fault(target, "holds a control byte or a backslash")
	}
	u, err := url.Parse(target)
	if err != nil {
		return nil, fault("", "cannot be parsed as a URL; want a path such as \"/down\" or an absolute http or https URL")
	}
	if u.User != nil {
		return nil, fault(u.Redacted(), "holds a user name; want a URL without")
	}
	local := strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "//")
	absolute := (u.Scheme == "http" || u.Scheme == "https") && u.Opaque == "" && u.Hostname() != ""
	if !local && !absolute {
		return nil, fault(target, "want a path of this site such as \"/down\", or an absolute http or https URL")
	}
	location := u.String()
	if strings.ContainsFunc(location, func(r rune) bool { return r <= 0x20 || r > 0x7e }) {
		return nil, fault(target, "holds a space or a character beyond ASCII in its query; write it percent-encoded")
	}
	t := &redirect{location: []string{location}, host: u.Host, path: u.Path}
	if local {
		sent, err := url.Parse(location) // as a browser will ask for it
		if err != nil {
			return nil, fault(target, "cannot be parsed as a URL")
		}
		if _, ok := exempt.match(sent); !ok {
			return nil, fault(target, "is not exempt, so that it would be refused as well; add "+quotePath(u.Path)+" to ExemptExact")
		}
	}
	return t, nil
}

func quotePath(path string) string { return `"` + path + `"` }

// applies reports whether r is to be redirected: a GET or HEAD, and not for the target
// itself, which gets the answer instead of a loop. Upper or lower case and a trailing
// slash make no difference to that.
func (t *redirect) applies(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	if !strings.EqualFold(strings.TrimRight(r.URL.Path, "/"), strings.TrimRight(t.path, "/")) {
		return true
	}
	if t.host == "" || sameHost(r.Host, t.host) {
		return false
	}
	// A proxy may have put its own name into Host. A client that lies here gets the
	// answer, which it can have without lying.
	for _, forwarded := range r.Header["X-Forwarded-Host"] {
		if sameHost(forwarded, t.host) {
			return false
		}
	}
	return true
}

// sameHost compares two hosts with or without a default port.
func sameHost(a, b string) bool {
	return strings.EqualFold(withoutPort(a), withoutPort(b))
}

func withoutPort(host string) string {
	host = strings.TrimSuffix(strings.TrimSuffix(host, ":443"), ":80")
	return strings.TrimSuffix(host, ".")
}
