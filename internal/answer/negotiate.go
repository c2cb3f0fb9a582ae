package answer

import (
	"net/textproto"
	"strings"
)

// Bounds on the part of an Accept or Accept-Language header that is read, over all of its lines.
// Browsers send less than a tenth of it. A hostile header must not cost more than a long one.
const (
	maxAcceptBytes  = 4 << 10
	maxAcceptRanges = 32
	lineCost        = len("Accept: \r\n") // counted for each line, or empty ones would be free
)

// choice weighs alternatives. Their numbers are the order of preference among equals.
type choice []alternative

type alternative struct {
	q           int16 // weight, 0 to maxWeight
	specificity int8  // of the range that decides; 0 if no range names it
	position    int8  // of that range
}

// offer records that a range names alternative i with weight q. The most specific range
// decides, then the heaviest, then the first.
func (c choice) offer(i int, q int16, specificity, position int8) {
	a := &c[i]
	if specificity > a.specificity || (specificity == a.specificity && q > a.q) {
		a.q, a.specificity, a.position = q, specificity, position
	}
}

// best is the chosen alternative, -1 if none is acceptable. first wins among equals; then the
// order of the alternatives counts.
func (c choice) best(first int) int {
	best := -1
	if c[first].q > 0 {
		best = first
	}
	for i := range c {
		a := &c[i]
		if a.q == 0 || i == best {
			continue
		}
		if best >= 0 {
			b := &c[best]
			as, bs := min(a.specificity, named), min(b.specificity, named)
			if a.q < b.q || (a.q == b.q && (as < bs || (as == bs && a.position >= b.position))) {
				continue
			}
		}
		best = i
	}
	return best
}

// Specificities of a range. An exact one decides about its alternative, and is no better than a
// named one between alternatives.
const (
	anything int8 = iota + 1
	wide
	named
	exact
)

// maxWeight is q=1, in thousandths.
const maxWeight = 1000

// rangeScanner iterates over the ranges of an Accept or Accept-Language header, over all
// of its lines and within the bounds. It does not allocate. It leaves out a range with a
// malformed weight, or cut by a bound. It does not know quoted strings: no client sends them.
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
		var element string
		element, s.line, _ = strings.Cut(s.line, ",")
		name, params, has := strings.Cut(element, ";")
		s.name = textproto.TrimString(name)
		s.n++
		if !has {
			s.q, s.params = maxWeight, false
			return true
		}
		var ok bool
		if s.q, s.params, ok = weight(params); ok {
			return true
		}
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

// weight reads the parameters of a range, up to its weight. A range without one has the
// weight 1 (RFC 9110 section 12.4.2). It is not ok if the weight is malformed.
func weight(params string) (q int16, others, ok bool) {
	for more := true; more; {
		var p string
		p, params, more = strings.Cut(params, ";")
		name, value, _ := strings.Cut(textproto.TrimString(p), "=")
		if strings.EqualFold(textproto.TrimString(name), "q") {
			q, ok = parseQ(value)
			return q, others, ok && len(name) == 1
		}
		others = others || textproto.TrimString(p) != ""
	}
	return maxWeight, others, true
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
