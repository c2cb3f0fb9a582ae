package answer

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
)

// newFrames checks FrameAncestors of o, and returns the value of the directive frame-ancestors. An
// own page brings its own policy.
func newFrames(o Options, f *faults) string {
	var sources []string
	for i, ancestor := range o.FrameAncestors {
		host := strings.TrimPrefix(strings.TrimPrefix(ancestor, "https://"), "http://")
		switch {
		case ancestor == "self":
			ancestor = "'self'"
		case !isOrigin(ancestor) || strings.Trim(strings.TrimPrefix(host, "*."), "abcdefghijklmnopqrstuvwxyz0123456789-.:[]") != "":
			f.add(fmt.Sprintf("FrameAncestors[%d]", i), ancestor, `want "self" for the origin of the site, or an origin in lower case and without a path ("https://app.example.com", "https://*.example.com")`)
		}
		sources = append(sources, ancestor)
	}
	if len(sources) > 0 && (o.Template != nil || o.Bytes != nil) {
		f.add("FrameAncestors", o.FrameAncestors, "only for the built-in page; say it in PageCSP for PageTemplate or PageBytes")
	}
	return cmp.Or(strings.Join(sources, " "), "'none'")
}

// isOrigin reports whether s is an origin as browsers write it.
func isOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme != "" && u.Hostname() != "" && u.Scheme+"://"+u.Host == s && strings.ToLower(s) == s
}
