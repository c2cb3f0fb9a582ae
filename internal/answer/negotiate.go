package answer

import "strings"

// Bounds on the part of an Accept or Accept-Language header that is read, over all of its lines.
// Browsers send less than a tenth of it. A hostile header must not cost more than a long one.
const (
	maxAcceptBytes  = 4 << 10
	maxAcceptRanges = 32
	lineCost        = len("Accept: \r\n") // counted for each line, or empty ones would be free
)

// choice weighs up to four alternatives. Their numbers are the order of preference among
// equals.
type choice [4]struct {
	q           int16 // weight, 0 to maxWeight
	specificity int8  // of the range that decides; 0 if no range names it
	position    int8  // of that range
}

// offer records that a range names alternative i with weight q. The most specific range
// decides, then the heaviest, then the first.
func (c *choice) offer(i int, q int16, specificity, position int8) {
	a := &c[i]
	if specificity > a.specificity || (specificity == a.specificity && q > a.q) {
		a.q, a.specificity, a.position = q, specificity, position
	}
}

// best is the chosen alternative, -1 if none is acceptable.
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

// rangeScanner iterates over the ranges of an Accept or Accept-Language header, over all
// of its lines and within the bounds. It does not allocate. It leaves out a range with a
// malformed weight, with an unterminated quoted string, or cut by a bound.
type rangeScanner struct {
	lines []string // not begun yet
	line  string   // rest of the current line
	spent int      // bytes of the bound

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
			i++ // empty elements are ignored (RFC 9110 section 5.6.1)
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
			// A range that is cut could mean something else than the whole.
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

// elementEnd is the index of the comma that ends the first element of line. The element's
// parameters begin at start. It is -1 if the line ends the element, and unterminated if a
// quoted string does not end.
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

// weight reads the parameters of a range, up to its weight. A range without one has the
// weight 1 (RFC 9110 section 12.4.2). It is not ok if the weight is malformed.
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
