package answer

import (
	"net/http"
	"net/url"
	"strings"
)

// redirect is a RedirectURL, checked.
type redirect struct {
	location []string // of the Location header
	path     string   // decoded
}

// newRedirect returns the redirect to target. It returns nil if target is "" or has a fault.
func newRedirect(target string, exempt func(*url.URL) bool, f *faults) *redirect {
	if target == "" {
		return nil
	}
	u := newTarget("RedirectURL", target, exempt, f)
	if u == nil {
		return nil
	}
	return &redirect{location: []string{u.String()}, path: u.Path}
}

// newTarget checks the URL of a field to which visitors go while the site is down. A path of this
// site must be exempt, or the request for it is refused as well. newTarget returns nil if target has a
// fault.
func newTarget(field, target string, exempt func(*url.URL) bool, f *faults) *url.URL {
	fault := func(value, problem string) *url.URL {
		f.add(field, value, problem)
		return nil
	}
	if strings.ContainsFunc(target, func(r rune) bool { return r < 0x20 || r == 0x7f || r == '\\' }) {
		return fault(target, "holds a control byte or a backslash")
	}
	u, err := url.Parse(target)
	if err != nil {
		return fault("", "cannot be parsed as a URL; want a path such as \"/down\" or an absolute http or https URL")
	}
	if u.User != nil {
		return fault(u.Redacted(), "holds a user name; want a URL without")
	}
	local := strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "//")
	absolute := (u.Scheme == "http" || u.Scheme == "https") && u.Opaque == "" && u.Hostname() != ""
	if !local && !absolute {
		return fault(target, "want a path of this site such as \"/down\", or an absolute http or https URL")
	}
	location := u.String()
	if strings.ContainsFunc(location, func(r rune) bool { return r <= 0x20 || r > 0x7e }) {
		return fault(target, "holds a space or a character beyond ASCII in its query; write it percent-encoded")
	}
	if local {
		sent, err := url.Parse(location) // as a browser requests it
		if err != nil {
			return fault(target, "cannot be parsed as a URL")
		}
		if exempt == nil || !exempt(sent) {
			return fault(target, `is not exempt, so that it would be refused as well; add "`+u.Path+`" to ExemptExact`)
		}
	}
	return u
}

// applies reports whether r is redirected: a GET or HEAD for another path than the target's,
// where a redirect could loop. The host is not compared, because a proxy may have replaced it.
// Case and trailing slashes are ignored.
func (t *redirect) applies(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		!strings.EqualFold(strings.TrimRight(r.URL.Path, "/"), strings.TrimRight(t.path, "/"))
}
