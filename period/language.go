package period

import "strings"

// IsLanguage reports whether tag is a language tag of RFC 5646 in the usual case: a language, and at
// most a script and a region ("de", "pt-BR", "sr-Latn-RS").
func IsLanguage(tag string) bool {
	subtags := strings.Split(tag, "-")
	if n := len(subtags[0]); n < 2 || n > 3 || !all(subtags[0], isLower) {
		return false
	}
	subtags = subtags[1:]
	if len(subtags) > 0 && len(subtags[0]) == 4 && isUpper(subtags[0][0]) && all(subtags[0][1:], isLower) {
		subtags = subtags[1:]
	}
	if len(subtags) > 0 && ((len(subtags[0]) == 2 && all(subtags[0], isUpper)) || (len(subtags[0]) == 3 && all(subtags[0], isDigit))) {
		subtags = subtags[1:]
	}
	return len(subtags) == 0
}

func all(s string, is func(byte) bool) bool {
	for i := range len(s) {
		if !is(s[i]) {
			return false
		}
	}
	return true
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

const wantTag = `want a language tag such as "de", "pt-BR" or "zh-Hant"`
