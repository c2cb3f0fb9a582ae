package core

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"
)

// ExemptHealthChecks returns the paths that orchestrators and load balancers usually
// probe, for [Config].ExemptExact: "/healthz", "/livez", "/readyz" and "/health", each
// alone and without a trailing slash. Nothing is exempt that a Config does not name; this
// names these four. The slice is new with every call.
//
// A probe that fails takes the instance out of service or restarts it, which is seldom
// what downtime is for. Name the paths yourself where one of them is not a probe, or
// where the load balancer is meant to notice.
func ExemptHealthChecks() []string {
	return []string{"/healthz", "/livez", "/readyz", "/health"}
}

// exemptions are the paths that are served while down. The zero value exempts nothing.
// Immutable once made, so safe for concurrent use.
//
// The routers disagree about odd paths: some route on the decoded path, some on the raw
// one, some clean it before. So the rule is literal in both views and refuses every
// spelling that some router or file server could take for another path; nothing is
// cleaned in order to match. What is not exempt is refused like any other path.
//
// Entries are kept as a tree of segments, and a lookup leaves it at the first segment
// that no entry has. So the cost of a miss depends neither on the number of entries nor
// on the length of the request's path, only on how far the path follows an entry: one
// map access for each segment.
type exemptions struct {
	root exemptNode
}

// exemptNode stands for the segments that lead to it.
type exemptNode struct {
	below   map[string]*exemptNode // by the next segment
	longest int                    // key of below, in bytes
	exact   string                 // entry of ExemptExact that ends here; "" if none
	prefix  string                 // entry of ExemptPaths that ends here; "" if none
}

// newExemptions checks and stores both lists. The error joins a [*FieldError] for each
// entry that was refused; the exemptions then hold the others.
func newExemptions(exact, prefixes []string) (exemptions, error) {
	var (
		e    exemptions
		errs []error
	)
	for i, entry := range exact {
		if problem := entryProblem(entry); problem != "" {
			errs = append(errs, &FieldError{Field: fmt.Sprintf("ExemptExact[%d]", i), Value: entry, Problem: problem})
			continue
		}
		if node := e.add(entry); node.exact == "" {
			node.exact = entry
		}
	}
	for i, entry := range prefixes {
		problem := entryProblem(entry)
		if entry == "/" {
			problem = `exempts the whole site; name the paths, or put "/" into ExemptExact for the front page alone`
		}
		if problem != "" {
			errs = append(errs, &FieldError{Field: fmt.Sprintf("ExemptPaths[%d]", i), Value: entry, Problem: problem})
			continue
		}
		if node := e.add(strings.TrimSuffix(entry, "/")); node.prefix == "" {
			node.prefix = entry
		}
	}
	return e, errors.Join(errs...)
}

// entryProblem says why an entry can never be what was meant; "" if it is fine.
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

// add returns the node of a path, making those that lead to it.
func (e *exemptions) add(path string) *exemptNode {
	node := &e.root
	for segment := range strings.SplitSeq(path[1:], "/") {
		next := node.below[segment]
		if next == nil {
			next = &exemptNode{}
			if node.below == nil {
				node.below = make(map[string]*exemptNode)
			}
			node.below[segment] = next
			node.longest = max(node.longest, len(segment))
		}
		node = next
	}
	return node
}

// match reports whether u is exempt, and by which entry, as it was configured. It does
// not allocate, unless URL.RawPath is set and is not the encoded form of URL.Path.
func (e *exemptions) match(u *url.URL) (rule string, ok bool) {
	if len(e.root.below) == 0 || u == nil || u.Opaque != "" || u.Path == "" || u.Path[0] != '/' {
		return "", false
	}
	rule, entry, tree := e.find(u.Path)
	if rule == "" || !plain(u.Path) {
		return "", false
	}
	// An entry that covers RawPath begins with the shortest one that covers Path, so that
	// one is the only one to try.
	if u.RawPath != "" && (!covers(entry, tree, u.RawPath) || !plainRaw(u.RawPath, u.Path)) {
		return "", false
	}
	return rule, true
}

// find looks path, which begins with "/", up by whole segments. It returns the shortest
// entry that covers it: as configured, as the part of path that it equals, and whether it
// covers what is below it too. The rule is "" if there is none.
func (e *exemptions) find(path string) (rule, entry string, tree bool) {
	node := &e.root
	for start := 1; ; {
		// Not a byte is looked at beyond the longest segment that could match.
		window := path[start:min(len(path), start+node.longest+1)]
		end := start + len(window)
		last := end == len(path)
		if i := strings.IndexByte(window, '/'); i >= 0 {
			end, last = start+i, false
		}
		if node = node.below[path[start:end]]; node == nil {
			return "", "", false
		}
		switch {
		case node.prefix != "":
			return node.prefix, path[:end], true
		case last:
			return node.exact, path, false
		}
		start = end + 1
	}
}

// covers reports whether path is entry or, for a tree, below it.
func covers(entry string, tree bool, path string) bool {
	rest, ok := strings.CutPrefix(path, entry)
	return ok && (rest == "" || (tree && rest[0] == '/'))
}

// plainRaw is plain of the decoded raw. As a rule that is path, which was checked.
func plainRaw(raw, path string) bool {
	if decodesTo(raw, path) {
		return true
	}
	decoded, err := url.PathUnescape(raw)
	return err == nil && plain(decoded)
}

// decodesTo reports whether raw, percent-decoded, is path. Unlike url.PathUnescape it
// does not allocate.
func decodesTo(raw, path string) bool {
	n := 0
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c == '%' {
			if len(raw)-i < 3 {
				return false
			}
			high, low := unhex(raw[i+1]), unhex(raw[i+2])
			if high|low > 0xf {
				return false
			}
			c = high<<4 | low
			i += 2
		}
		if n == len(path) || path[n] != c {
			return false
		}
		n++
	}
	return n == len(path)
}

// unhex is the value of a hex digit, 0xff if c is none.
func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}

// remarkable are the bytes at which plain has to look twice.
var remarkable = func() (set [256]bool) {
	for c := range set {
		set[c] = c < 0x20 || c >= 0x7f || c == '.' || c == '%' || c == '\\'
	}
	return set
}()

// plain reports whether a decoded path means the same to every router, proxy and file
// server: valid UTF-8 with no dot segment, backslash or control byte, and nothing that
// decoding once more would turn into one.
func plain(path string) bool {
	ascii := true
	for i := range len(path) {
		c := path[i]
		if !remarkable[c] {
			continue
		}
		switch {
		case c == '.':
			if (i == 0 || path[i-1] == '/') && dotSegment(path[i:]) {
				return false
			}
		case c == '%':
			if escapeLeft(path[i+1:]) {
				return false
			}
		case c >= 0x80:
			ascii = false
		default: // a control byte or a backslash
			return false
		}
	}
	return ascii || utf8.ValidString(path)
}

// dotSegment reports whether rest begins with a segment that is "." or "..", also if a
// matrix parameter follows ("..;x"), or that begins with "...", of which chi's URLFormat
// makes "..".
func dotSegment(rest string) bool {
	if rest == "" || rest[0] != '.' {
		return false
	}
	rest = strings.TrimPrefix(rest[1:], ".")
	return rest == "" || rest[0] == '/' || rest[0] == ';' || rest[0] == '.'
}

// escapeLeft reports whether the two bytes after a "%" would make it an encoded dot,
// slash, backslash or percent sign.
func escapeLeft(rest string) bool {
	if len(rest) < 2 {
		return false
	}
	switch unhex(rest[0])<<4 | unhex(rest[1]) {
	case '.', '/', '\\', '%':
		return unhex(rest[0])|unhex(rest[1]) <= 0xf
	}
	return false
}
