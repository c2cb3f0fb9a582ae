// Package exempt holds the path rule: which requests are served during downtime.
package exempt

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/go-downtime/downtime/period"
)

// Rules are the paths that are served during downtime. The zero value exempts nothing.
// Rules are immutable, so they are safe for concurrent use.
//
// Routers disagree about odd paths: some route on the decoded path, some on the raw one,
// some clean it first. So an entry must match both views literally, and a spelling that
// some router or file server could take for another path is not exempt. No path is
// cleaned in order to match. A path that is not exempt is refused like any other.
//
// A lookup tries the beginnings of the path that end before a slash, up to the length of the
// longest entry. Its cost depends neither on the number of entries nor on the length of the path.
type Rules struct {
	entries map[string]rule // by path, without the slash at the end of a prefix
	longest int             // longest key of entries, in bytes
	shapes  [256]bool       // by shape: false means that no key has it, which spares a look-up
}

// rule holds the entries for one path, as they were configured; "" if there is none.
type rule struct {
	exact  string // of ExemptExact
	prefix string // of ExemptPaths
}

// New checks and stores both lists: exact entries cover one path, prefixes cover a path
// and everything below it. The error joins a [*period.FieldError] for each refused entry,
// with the field "ExemptExact[i]" or "ExemptPaths[i]". The Rules then hold the others.
func New(exact, prefixes []string) (Rules, error) {
	r := Rules{entries: map[string]rule{}}
	var errs []error
	add := func(path string, with rule) {
		has := r.entries[path]
		r.entries[path] = rule{cmp.Or(has.exact, with.exact), cmp.Or(has.prefix, with.prefix)}
		r.longest = max(r.longest, len(path))
		r.shapes[shape(path)] = true
	}
	for i, entry := range exact {
		if problem := entryProblem(entry); problem != "" {
			errs = append(errs, &period.FieldError{Field: fmt.Sprintf("ExemptExact[%d]", i), Value: entry, Problem: problem})
			continue
		}
		add(entry, rule{exact: entry})
	}
	for i, entry := range prefixes {
		problem := entryProblem(entry)
		if entry == "/" {
			problem = `exempts the whole site; name the paths, or put "/" into ExemptExact for the front page alone`
		}
		if problem != "" {
			errs = append(errs, &period.FieldError{Field: fmt.Sprintf("ExemptPaths[%d]", i), Value: entry, Problem: problem})
			continue
		}
		add(strings.TrimSuffix(entry, "/"), rule{prefix: entry})
	}
	return r, errors.Join(errs...)
}

// entryProblem says why an entry is refused; "" if it is accepted.
func entryProblem(entry string) string {
	switch {
	case entry == "":
		return `is empty; want a path such as "/healthz"`
	case entry[0] != '/':
		return `want a path that begins with "/"`
	case strings.Contains(entry, "%"):
		return `holds "%"; write the path decoded ("/café", not "/caf%C3%A9")`
	case strings.ContainsAny(entry, `?#*\;`):
		return `holds one of ? # * \ ; which no exempt path may; entries are literal paths without a query`
	case strings.ContainsFunc(entry, func(r rune) bool { return r < 0x20 || r == 0x7f }):
		return "holds a control byte"
	case !utf8.ValidString(entry):
		return "is not valid UTF-8"
	case strings.Contains(entry, "//"):
		return `holds "//"`
	}
	for i := range len(entry) {
		if entry[i] == '/' && dotSegment(entry[i+1:]) {
			return `holds a segment that is "." or "..", or begins with "..."`
		}
	}
	return ""
}

// Match reports whether u is exempt, and by which entry, as it was configured. It does
// not allocate, unless URL.RawPath is set and is not the encoded form of URL.Path.
func (r *Rules) Match(u *url.URL) (entry string, ok bool) {
	if len(r.entries) == 0 || u == nil || u.Opaque != "" || u.Path == "" || u.Path[0] != '/' {
		return "", false
	}
	entry, matched, tree := r.find(u.Path)
	if entry == "" || !plain(u.Path) {
		return "", false
	}
	// An entry that covers RawPath begins with the shortest entry that covers Path, so
	// only that one is tried.
	if u.RawPath != "" && (!covers(matched, tree, u.RawPath) || !plainRaw(u.RawPath, u.Path)) {
		return "", false
	}
	return entry, true
}

// find looks up path, which begins with "/", by whole segments. It returns the shortest
// entry that covers path, the part of path that this entry equals, and whether the entry
// covers what is below it too. The entry is "" if there is none.
func (r *Rules) find(path string) (entry, matched string, tree bool) {
	window := path[:min(len(path), r.longest+1)]
	for end := 1; ; end++ {
		i := strings.IndexByte(window[end:], '/')
		if i < 0 {
			break
		}
		if i == 0 {
			return "", "", false // no entry holds "//"
		}
		end += i
		if prefix := r.at(path[:end]).prefix; prefix != "" {
			return prefix, path[:end], true
		}
	}
	if len(path) > r.longest {
		return "", "", false
	}
	found := r.at(path)
	return cmp.Or(found.prefix, found.exact), path, found.prefix != ""
}

// at returns the entries for path.
func (r *Rules) at(path string) rule {
	if !r.shapes[shape(path)] {
		return rule{}
	}
	return r.entries[path]
}

// shape is made of the length of path and of the first byte of its first segment. Two paths can have
// the same shape.
func shape(path string) byte {
	n := byte(len(path) & 31)
	if len(path) > 1 {
		n |= path[1] << 5
	}
	return n
}

// covers reports whether path is matched or, for a tree, below it.
func covers(matched string, tree bool, path string) bool {
	rest, ok := strings.CutPrefix(path, matched)
	return ok && (rest == "" || (tree && rest[0] == '/'))
}
