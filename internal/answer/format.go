package answer

import (
	"net/http"
	"strings"
)

// format is one of the three forms of an answer.
type format uint8

// In the order of preference among forms that a client weighs equally.
const (
	formatText format = iota
	formatHTML
	formatJSON
	formats // how many there are
)

// formatNames are the values of [Options].DefaultFormat.
var formatNames = map[string]format{"": formatText, "text": formatText, "html": formatHTML, "json": formatJSON}

// negotiateFormat chooses the form of the answer by the lines of the Accept header (RFC
// 9110 section 12.5.1). The highest weight wins, then the most specific range, then the
// range listed first, then fallback, text, HTML, JSON. For each form the most specific range that
// names it decides: "text/html;q=0, */*" excludes HTML, and "application/problem+json;q=0"
// excludes the JSON that we have. fallback is the answer if the client asks for nothing, or for
// nothing that we have.
func negotiateFormat(accept []string, fallback format) format {
	if len(accept) == 0 {
		return fallback
	}
	// A shortcut to the result of the loop below. Most clients list first what they prefer.
	// No later range can weigh more, be listed earlier, or decide about the form.
	switch first := accept[0]; {
	case listedFirst(first, "text/html"):
		return formatHTML
	case first == "application/json" && len(accept) == 1:
		return formatJSON
	case first == "*/*" && len(accept) == 1:
		return fallback
	}
	s := rangeScanner{lines: accept}
	var alternatives [formats]alternative
	c := choice(alternatives[:])
	for s.next() {
		name := s.name
		switch {
		case name == "*/*":
			for f := range formats {
				c.offer(int(f), s.q, anything, s.n)
			}
		case strings.EqualFold(name, "text/*"):
			c.offer(int(formatText), s.q, wide, s.n)
			c.offer(int(formatHTML), s.q, wide, s.n)
		case strings.EqualFold(name, "application/*"):
			c.offer(int(formatJSON), s.q, wide, s.n)
		case s.q == 0 && s.params: // it excludes a variant that we do not have
		default:
			if f, specificity := formatOf(name); specificity > 0 {
				c.offer(int(f), s.q, specificity, s.n)
			}
		}
	}
	if best := c.best(int(fallback)); best >= 0 {
		return format(best)
	}
	return fallback
}

// form is the form of the answer to r, and whether it is the whole page. A script that asks for a
// part of a page (htmx, Turbo, fetch) gets a fragment of HTML: a page with a script of its own has
// no place there, and a redirect would hide the refusal. htmx inserts also text as HTML.
func (s *Settings) form(r *http.Request) (f format, page bool) {
	accept := r.Header["Accept"]
	f = negotiateFormat(accept, s.fallback)
	// Most requests are none of a script. Looking at these is cheaper than looking up headers.
	if f == formatJSON || len(r.Header) < scriptHeaders || (f == formatHTML && len(accept) > 0 && strings.HasPrefix(accept[0], navigation)) {
		return f, f == formatHTML
	}
	if len(r.Header["Hx-Request"]) > 0 || len(r.Header["Turbo-Frame"]) > 0 {
		return formatHTML, false
	}
	if f != formatHTML {
		return f, false
	}
	dest := r.Header["Sec-Fetch-Dest"]
	return f, len(dest) == 0 || dest[0] != "empty"
}

const (
	// scriptHeaders is how many headers a request of a script in a browser has at least: Accept,
	// Accept-Encoding, Accept-Language, User-Agent, and two of htmx, Turbo or fetch.
	scriptHeaders = 6
	// navigation begins the Accept header of a browser that opens a page.
	navigation = "text/html,application/xhtml+xml,application/xml;q=0.9"
)

// listedFirst reports whether line begins with the range name, with no parameters.
func listedFirst(line, name string) bool {
	return strings.HasPrefix(line, name) && (len(line) == len(name) || line[len(name)] == ',')
}

// formatOf is the form that a full media type names, and whether exactly or in another type; 0 if
// it names none. Its parameters do not count: JSON answers "application/json;version=2" better
// than text does.
func formatOf(name string) (f format, specificity int8) {
	const application, json = "application/", "+json"
	switch {
	case strings.EqualFold(name, "text/html"):
		return formatHTML, exact
	case strings.EqualFold(name, "text/plain"):
		return formatText, exact
	case strings.EqualFold(name, "application/problem+json"):
		return formatJSON, exact
	case strings.EqualFold(name, "application/xhtml+xml"):
		return formatHTML, named
	case len(name) <= len(application) || !strings.EqualFold(name[:len(application)], application):
		return 0, 0
	}
	subtype := name[len(application):]
	if strings.EqualFold(subtype, "json") ||
		(len(subtype) > len(json) && strings.EqualFold(subtype[len(subtype)-len(json):], json)) {
		return formatJSON, named
	}
	return 0, 0
}
