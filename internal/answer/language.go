package answer

import "strings"

// language is one of the languages of the answers.
type language uint8

// In the order of preference among languages that a visitor weighs equally. English is
// also the fallback.
const (
	english language = iota
	german
	spanish
	french
	languages // how many there are
)

// negotiateLanguage chooses the language by the lines of the Accept-Language header (RFC
// 9110 section 12.5.4). Only the primary subtag of a range counts: "de-AT" is answered in
// German. "*" stands for the languages that no other range names. English is the answer
// if the visitor asks for nothing, or for nothing that we have.
func negotiateLanguage(accept []string) language {
	if len(accept) == 0 {
		return english
	}
	// A shortcut, as in negotiateFormat: the first range of most visitors decides.
	first, _, _ := strings.Cut(accept[0][:min(len(accept[0]), maxAcceptBytes+1)], ",")
	if len(first) == 2 || (len(first) > 2 && first[2] == '-' && strings.IndexByte(first, ';') < 0) {
		if l, ok := languageOf(first[:2]); ok && len(first) <= maxAcceptBytes {
			return l
		}
	}
	s := rangeScanner{lines: accept}
	var c choice
	for s.next() {
		if s.name == "*" {
			for l := range languages {
				c.offer(int(l), s.q, anything, s.n)
			}
			continue
		}
		primary, _, regional := strings.Cut(s.name, "-")
		l, ok := languageOf(primary)
		if !ok || (s.q == 0 && regional) {
			continue // "de-AT;q=0" excludes a variant that we do not have
		}
		c.offer(int(l), s.q, named, s.n)
		if s.q == maxWeight && c.best(int(english)) == int(l) {
			return l // no later range can win
		}
	}
	if best := c.best(int(english)); best >= 0 {
		return language(best)
	}
	return english
}

// languageOf is the language of a primary subtag (RFC 5646), in upper or lower case.
func languageOf(subtag string) (l language, ok bool) {
	if len(subtag) != 2 {
		return 0, false
	}
	switch [2]byte{subtag[0] | 0x20, subtag[1] | 0x20} {
	case [2]byte{'e', 'n'}:
		return english, true
	case [2]byte{'d', 'e'}:
		return german, true
	case [2]byte{'e', 's'}:
		return spanish, true
	case [2]byte{'f', 'r'}:
		return french, true
	}
	return 0, false
}

// Languages returns the tags of all languages, the fallback first (RFC 5646).
func Languages() []string {
	tags := make([]string, 0, languages)
	for i := range translations {
		tags = append(tags, translations[i].tag)
	}
	return tags
}
