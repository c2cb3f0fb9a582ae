// Package pathtest has thousands of unusual request targets, a client that sends them, and a judge
// of the handlers that ran.
package pathtest

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Misjudged says why the handler must not run. "" means that none ran, or that it may.
func Misjudged(p Probe, a Reply, exact []string) string {
	if a.Ran == "" {
		return ""
	}
	if p.Method == http.MethodConnect {
		return fmt.Sprintf("handler %s ran for a tunnel", a.Ran)
	}
	if !Covered(a.Reading, exact) {
		return fmt.Sprintf("handler %s ran for %.200q, which is not exempt", a.Ran, a.Reading)
	}
	if !Within(a.Reading, exact) {
		return fmt.Sprintf("handler %s was given %.200q, which leads out of what is exempt", a.Ran, a.Reading)
	}
	return ""
}

// Covered reports whether a path is exempt, taken literally.
func Covered(p string, exact []string) bool {
	return slices.Contains(Exact, p) || slices.Contains(exact, p) || slices.ContainsFunc(Trees, func(tree string) bool {
		return p == tree || strings.HasPrefix(p, tree+"/")
	})
}

// Within reports whether a path stays exempt however a handler, or a backend behind it, resolves
// it: decoded again, with backslashes for slashes, without the tails that some backends cut off,
// with dot segments followed.
func Within(p string, exact []string) bool {
	for range 5 {
		resolved := path.Clean(withoutTails(strings.ReplaceAll(p, `\`, "/")))
		// A tree's own root, and an exact entry with its slash, are within.
		if !Covered(resolved, exact) && !Covered(resolved+"/", exact) {
			return false
		}
		p = anEscape.ReplaceAllStringFunc(p, func(e string) string { d, _ := url.PathUnescape(e); return d })
	}
	return true
}

var anEscape = regexp.MustCompile("%[0-9a-fA-F]{2}")

// withoutTails cuts each segment at a semicolon (a matrix parameter), at the end of a URL's path,
// at a space or at a control byte, if the rest is a dot segment.
func withoutTails(p string) string {
	segments := strings.Split(p, "/")
	for i, s := range segments {
		if end := strings.IndexAny(s, ";?# \x00\t\r\n"); end >= 0 && (s[:end] == "." || s[:end] == "..") {
			segments[i] = s[:end]
		}
	}
	return strings.Join(segments, "/")
}
