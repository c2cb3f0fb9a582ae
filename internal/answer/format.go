package answer

import "strings"

// format is one of the three forms of an answer.
type format uint8

// In the order of preference among forms that a client weighs equally.
const (
	formatText format = iota
	formatHTML
	formatJSON
	formats // how many there are
)

// negotiateFormat chooses the form of the answer by the lines of the Accept header (RFC
// 9110 section 12.5.1). The highest weight wins, then the most specific range, then the
// range listed first, then text, HTML, JSON. For each form the most specific range that
// names it decides: "text/html;q=0, */*" excludes HTML. Text is the answer if the client
// asks for nothing, or for nothing that we have.
func negotiateFormat(accept []string) format {
	if len(accept) == 0 {
		return formatText
	}
	// A shortcut to the result of the loop below. Most clients list first what they prefer.
	// No later range can weigh more, be more specific or be listed earlier.
	switch first := accept[0]; {
	case listedFirst(first, "text/html"):
		return formatHTML
	case listedFirst(first, "application/json"):
		return formatJSON
	case first == "*/*" && len(accept) == 1:
		return formatText
	}
	s := rangeScanner{lines: accept}
	var c choice
	for s.next() {
		name := s.name
		switch len(name) {
		case len("*/*"):
			if name == "*/*" {
				c.offer(int(formatText), s.q, 1, s.n)
				c.offer(int(formatHTML), s.q, 1, s.n)
				c.offer(int(formatJSON), s.q, 1, s.n)
			}
			continue
		case len("text/*"):
			if strings.EqualFold(name, "text/*") {
				c.offer(int(formatText), s.q, 2, s.n)
				c.offer(int(formatHTML), s.q, 2, s.n)
			}
			continue
		case len("application/*"):
			if strings.EqualFold(name, "application/*") {
				c.offer(int(formatJSON), s.q, 2, s.n)
				continue
			}
		}
		f, ok := formatOf(name)
		if !ok || (s.q == 0 && s.params) {
			continue // it excludes a variant that we do not have
		}
		c.offer(int(f), s.q, 3, s.n)
		if s.q == maxWeight && c.best() == int(f) {
			return f // no later range can win
		}
	}
	if best := c.best(); best >= 0 {
		return format(best)
	}
	return formatText
}

// listedFirst reports whether line begins with the range name, with no parameters.
func listedFirst(line, name string) bool {
	return strings.HasPrefix(line, name) && (len(line) == len(name) || line[len(name)] == ',')
}

// formatOf is the form that a full media type names. Its parameters do not count: JSON
// answers "application/json;version=2" better than text does.
func formatOf(name string) (f format, ok bool) {
	switch len(name) {
	case len("text/html"):
		if strings.EqualFold(name, "text/html") {
			return formatHTML, true
		}
	case len("text/plain"):
		if strings.EqualFold(name, "text/plain") {
			return formatText, true
		}
	case len("application/xhtml+xml"):
		if strings.EqualFold(name, "application/xhtml+xml") {
			return formatHTML, true
		}
	}
	const application = "application/"
	if len(name) > len(application) && strings.EqualFold(name[:len(application)], application) {
		subtype := name[len(application):]
		if strings.EqualFold(subtype, "json") ||
			(len(subtype) > len("+json") && strings.EqualFold(subtype[len(subtype)-len("+json"):], "+json")) {
			return formatJSON, true
		}
	}
	return 0, false
}
