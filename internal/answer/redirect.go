package answer

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/go-downtime/downtime/period"
)

// redirect is a RedirectURL, checked.
type redirect struct {
	location []string // of the Location header
	path     string   // decoded
}

// newRedirect checks target. A nil redirect without an error means that none is wanted.
func newRedirect(target string, exempt func(*url.URL) bool) (*redirect, error) {
	if target == "" {
		return nil, nil
	}
	u, err := newTarget("RedirectURL", target, exempt)
	if err != nil {
		return nil, err
	}
	return &redirect{location: []string{u.String()}, path: u.Path}, nil
}

// newTarget checks the URL of a field to which visitors go while the site is down. A path of this
// site must be exempt, or the request for it is refused as well.
func newTarget(field, target string, exempt func(*url.URL) bool) (*url.URL, error) {
	fault := func(value, problem string) error {
		return &period.FieldError{Field: field, Value: value, Problem: problem}
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
	if local {
		sent, err := url.Parse(location) // as a browser requests it
		if err != nil {
			return nil, fault(target, "cannot be parsed as a URL")
		}
		if exempt == nil || !exempt(sent) {
			return nil, fault(target, `is not exempt, so that it would be refused as well; add "`+u.Path+`" to ExemptExact`)
		}
	}
	return u, nil
}

// applies reports whether r is redirected: a GET or HEAD for another path than the target's,
// where a redirect could loop. The host is not compared, because a proxy may have replaced it.
// Case and trailing slashes are ignored.
func (t *redirect) applies(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		!strings.EqualFold(strings.TrimRight(r.URL.Path, "/"), strings.TrimRight(t.path, "/"))
}
