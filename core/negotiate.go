package core

import "strings"

// format is one of the three forms of an answer.
type format uint8

// In the order of preference among what a client likes equally well.
const (
	formatText format = iota
	formatHTML
	formatJSON
	formats // how many there are
)

// Bounds on what is read of an Accept or Accept-Language header, all of its lines taken
// together. What lies beyond is not looked at: no browser or client sends a tenth of it,
// and a hostile header must cost no more than a long one.
const (
	maxAcceptBytes  = 4 << 10
	maxAcceptRanges = 32
	lineCost        = len("Accept: \r\n") // counted for each line, or empty ones would be free
)

// negotiateFormat chooses the form of the answer by the lines of the Accept header (RFC
// 9110 section 12.5.1): the highest weight, then the most specific range, then the one
// listed first, then text, HTML, JSON. For each form the most specific range that names
// it decides, so that "text/html;q=0, */*" excludes HTML. The answer is text if nothing
// is asked for, or nothing that we have.
func negotiateFormat(accept []string) format {
	if len(accept) == 0 {
		return formatText
	}
	// Most clients name first what they like best, and then nothing that follows can
	// weigh more, be more specific or be listed earlier. The loop below would say the same.
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
			continue // ;q=0 with a parameter excludes a variant that we do not have anyway
		}
		c.offer(int(f), s.q, 3, s.n)
		if s.q == maxWeight && c.best() == int(f) {
			return f // as above
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

// formatOf is the form that a full media type names. Its parameters do not count: who
// asks for "application/json;version=2" is better served with JSON than with text.
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

// choice weighs up to four alternatives, which are numbered in the order of preference
// among equals.
type choice [4]struct {
	q           int16 // weight, 0 to maxWeight
	specificity int8  // 0: no range has named it
	position    int8  // of the range that decides
}

// offer notes that the range at position, of the given specificity, names alternative i
// with weight q. Of two ranges of one specificity the heavier decides, then the first.
func (c *choice) offer(i int, q int16, specificity, position int8) {
	a := &c[i]
	if specificity > a.specificity || (specificity == a.specificity && q > a.q) {
		a.q, a.specificity, a.position = q, specificity, position
	}
}

// best is the alternative that is chosen, -1 if none is acceptable.
func (c *choice) best() int {
	best := -1
	for i := range c {
		a := &c[i]
		if a.q == 0 {
			continue
		}
		if best >= 0 {
			b := &c[best]
			if a.q < b.q || (a.q == b.q && (a.specificity < b.specificity ||
				(a.specificity == b.specificity && a.position >= b.position))) {
				continue
			}
		}
		best = i
	}
	return best
}

// maxWeight is q=1, in thousandths.
const maxWeight = 1000

// rangeScanner walks over the ranges of an Accept or Accept-Language header, over all of
// its lines and within the bounds. It allocates nothing. A range that is malformed (its
// weight, or a quoted string without end) is left out, as is one that the bound cuts.
type rangeScanner struct {
	lines []string // not begun yet
	line  string   // rest of the current one
	spent int      // bytes

	name   string // the range, without parameters and the space around it
	q      int16  // its weight in thousandths
	params bool   // it has parameters besides the weight
	n      int8   // its position, from 1
}

// next goes to the next range and reports whether there is one.
func (s *rangeScanner) next() bool {
	for s.n < maxAcceptRanges {
		line, i := s.line, 0
		for i < len(line) && (line[i] == ',' || line[i] == ' ' || line[i] == '\t') {
			i++ // empty elements say nothing, RFC 9110 section 5.6.1
		}
		if s.line = line[i:]; s.line == "" {
			if !s.nextLine() {
				return false
			}
			continue
		}
		element := s.line
		end := strings.IndexByte(element, ',')
		if end >= 0 {
			element = element[:end]
		}
		name, params, has := strings.Cut(element, ";")
		if !has {
			s.skip(end)
			s.n++
			s.name, s.q, s.params = trimSpace(name), maxWeight, false
			return true
		}
		if strings.IndexByte(params, '"') >= 0 {
			// A quoted string may hold commas: find the real end of the element.
			if end = elementEnd(s.line, len(name)); end == unterminated {
				s.line = ""
				continue
			}
			element = s.line
			if end >= 0 {
				element = element[:end]
			}
			name, params, _ = strings.Cut(element, ";")
		}
		s.skip(end)
		s.n++
		var ok bool
		if s.q, s.params, ok = weight(params); !ok {
			continue
		}
		s.name = trimSpace(name)
		return true
	}
	return false
}

// nextLine goes to the next line that is not empty, within the bound on bytes.
func (s *rangeScanner) nextLine() bool {
	for len(s.lines) > 0 && s.spent < maxAcceptBytes {
		s.line, s.lines = s.lines[0], s.lines[1:]
		if left := maxAcceptBytes - s.spent; len(s.line) > left {
			// Half of a range would say something else than the whole of it.
			s.line = s.line[:left]
			s.line = s.line[:strings.LastIndexByte(s.line, ',')+1]
			s.spent = maxAcceptBytes
		} else {
			s.spent += len(s.line) + lineCost
		}
		if s.line != "" {
			return true
		}
	}
	return false
}

// skip drops the element that ends at the comma at end, or the rest of the line.
func (s *rangeScanner) skip(end int) {
	if end < 0 {
		s.line = ""
		return
	}
	s.line = s.line[end+1:]
}

const unterminated = -2

// elementEnd is the index of the comma that ends the first element of line, whose
// parameters begin at start; -1 if the line ends it, unterminated if a quoted string does
// not end.
func elementEnd(line string, start int) int {
	quoted := false
	for i := start; i < len(line); i++ {
		switch line[i] {
		case '"':
			quoted = !quoted
		case '\\':
			if quoted {
				i++
			}
		case ',':
			if !quoted {
				return i
			}
		}
	}
	if quoted {
		return unterminated
	}
	return -1
}

// weight reads the parameters of a range, up to its weight, which is 1 if there is none
// (RFC 9110 section 12.4.2). It is not ok if the weight is not as the RFC spells it.
func weight(params string) (q int16, others, ok bool) {
	for params != "" {
		end := parameterEnd(params)
		p := trimSpace(params[:end])
		if len(p) >= 2 && (p[0] == 'q' || p[0] == 'Q') && p[1] == '=' {
			q, ok = parseQ(p[2:])
			return q, others, ok
		}
		if name, _, _ := strings.Cut(p, "="); strings.EqualFold(trimSpace(name), "q") {
			return 0, others, false
		}
		others = others || p != ""
		params = params[min(end+1, len(params)):]
	}
	return maxWeight, others, true
}

// parameterEnd is the index of the semicolon that ends the first parameter, or the length.
func parameterEnd(params string) int {
	end := strings.IndexByte(params, ';')
	if end < 0 {
		end = len(params)
	}
	if strings.IndexByte(params[:end], '"') < 0 {
		return end
	}
	quoted := false
	for i := 0; i < len(params); i++ {
		switch params[i] {
		case '"':
			quoted = !quoted
		case '\\':
			if quoted {
				i++
			}
		case ';':
			if !quoted {
				return i
			}
		}
	}
	return len(params)
}

// parseQ reads a qvalue: "0" or "1" with at most three decimals, which are zeros after 1.
func parseQ(s string) (thousandths int16, ok bool) {
	if s == "" || len(s) > len("0.000") || (s[0] != '0' && s[0] != '1') || (len(s) > 1 && s[1] != '.') {
		return 0, false
	}
	unit := int16(maxWeight)
	thousandths = int16(s[0]-'0') * unit
	for i := 2; i < len(s); i++ {
		unit /= 10
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		thousandths += int16(s[i]-'0') * unit
	}
	return thousandths, thousandths <= maxWeight
}

// trimSpace cuts optional whitespace (RFC 9110 section 5.6.3) from both ends.
func trimSpace(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}
