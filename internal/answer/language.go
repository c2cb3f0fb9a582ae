package answer

import (
	"bytes"
	"strings"
)

// language is an index into the languages of a catalog. The default language is 0.
type language uint8

// lookup finds languages by ranges of RFC 4647 ("de-AT", "zh-TW"). It is immutable.
type lookup struct {
	tags   []string            // of the languages
	byName map[string]language // tags, their prefixes and other names, in lower case
	// byTwo is a shortcut: the language that answers every range with these first two letters, as
	// a number from 1. 0 means that there is none, and several that there are more than one.
	byTwo [26 * 26]uint8
}

const several = 255

// otherNames are ranges that mean a language with another tag. A region without a script is
// completed by its usual script.
var otherNames = [][2]string{
	{"zh", "zh-hans"},
	{"zh-tw", "zh-hant-tw"},
	{"zh-hk", "zh-hant-hk"},
	{"zh-mo", "zh-hant-mo"},
	{"yue", "zh-hant-hk"},
	{"cmn", "zh-hans"},
	{"pt", "pt-pt"},
	{"no", "nb"},
	{"nn", "nb"},
	{"iw", "he"},
	{"in", "id"},
	{"tl", "fil"},
}

// newLookup finds the languages with these tags. A range that is a prefix of tags only ("sr" of "sr-Latn") finds
// the first of them.
func newLookup(tags []string) lookup {
	t := lookup{tags: tags, byName: map[string]language{}}
	for l, tag := range tags {
		t.byName[strings.ToLower(tag)] = language(l)
	}
	add := func(name string, l language) {
		if _, taken := t.byName[name]; !taken {
			t.byName[name] = l
		}
	}
	for _, other := range otherNames {
		if l, ok := t.search(other[1]); ok {
			add(other[0], l)
		}
	}
	for l, tag := range t.tags {
		for i := range len(tag) {
			if tag[i] == '-' {
				add(strings.ToLower(tag[:i]), language(l))
			}
		}
	}
	for name, l := range t.byName {
		primary, _, _ := strings.Cut(name, "-")
		if i := two(primary); i >= 0 {
			if have := t.byTwo[i]; have != 0 && have != uint8(l)+1 {
				t.byTwo[i] = several
			} else {
				t.byTwo[i] = uint8(l) + 1
			}
		}
	}
	return t
}

// two is the index of a subtag of two letters in byTwo, in upper or lower case; -1 for others.
func two(subtag string) int {
	if len(subtag) != 2 {
		return -1
	}
	a, b := subtag[0]|0x20-'a', subtag[1]|0x20-'a'
	if a >= 26 || b >= 26 {
		return -1
	}
	return int(a)*26 + int(b)
}

// find is the language for a range: the language of its longest prefix (RFC 4647 section 3.4).
func (t *lookup) find(name string) (l language, ok bool) {
	switch {
	case len(name) == 2 || (len(name) > 2 && name[2] == '-'):
		i := two(name[:2])
		if i < 0 || t.byTwo[i] == 0 {
			return 0, false
		}
		if t.byTwo[i] != several {
			return language(t.byTwo[i] - 1), true
		}
	case len(name) == 3 || (len(name) > 3 && name[3] == '-'):
	default:
		return 0, false // no language has a longer primary subtag
	}
	return t.search(name)
}

// search is find without the shortcut.
func (t *lookup) search(name string) (l language, ok bool) {
	var lower [32]byte // longer than every tag; a range is cut to it, as its last subtags are
	n := copy(lower[:], name)
	for i, c := range lower[:n] {
		if 'A' <= c && c <= 'Z' {
			lower[i] = c | 0x20
		}
	}
	if n < len(name) {
		n = lastDash(lower[:n])
	}
	for n > 0 {
		if l, ok = t.byName[string(lower[:n])]; ok {
			return l, true
		}
		n = lastDash(lower[:n])
	}
	return 0, false
}

// lastDash is where the last subtag is cut off; 0 if there is one subtag only.
func lastDash(name []byte) int { return max(bytes.LastIndexByte(name, '-'), 0) }

// negotiate chooses the language by the lines of the Accept-Language header (RFC 9110 section
// 12.5.4). A range names the language of its longest prefix: "de-AT" is answered in German. With
// the weight 0 it excludes the languages that it is a prefix of: "zh;q=0" excludes "zh-Hant", and
// "de-AT;q=0" excludes no German. "*" stands for the languages that no other range names. The
// default language is the answer if the visitor asks for nothing, or for nothing that we have.
func (t *lookup) negotiate(accept []string) language { return language(max(t.choose(accept), 0)) }

// choose is negotiate without the default language: it returns -1 instead.
func (t *lookup) choose(accept []string) int {
	if len(accept) == 0 {
		return -1
	}
	// A shortcut, as in negotiateFormat: the first range of most visitors decides.
	first, _, _ := strings.Cut(accept[0][:min(len(accept[0]), maxAcceptBytes+1)], ",")
	if n := len(first); n > 0 && n <= maxAcceptBytes && first[n-1] > ' ' && strings.IndexByte(first, ';') < 0 {
		if l, ok := t.find(first); ok {
			return int(l)
		}
	}
	s := rangeScanner{lines: accept}
	var alternatives [maxLanguages]alternative
	c := choice(alternatives[:len(t.tags)])
	for s.next() {
		if s.name == "*" {
			for l := range c {
				c.offer(l, s.q, anything, s.n)
			}
			continue
		}
		if s.q == 0 {
			for l, tag := range t.tags {
				if n := len(s.name); len(tag) >= n && strings.EqualFold(tag[:n], s.name) && (len(tag) == n || tag[n] == '-') {
					c.offer(l, 0, named, s.n)
				}
			}
			continue
		}
		l, ok := t.find(s.name)
		if !ok {
			continue
		}
		if s.q == maxWeight {
			return int(l) // no later range can win
		}
		c.offer(int(l), s.q, named, s.n)
	}
	return c.best(0)
}

const maxLanguages = 100
