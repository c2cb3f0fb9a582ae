package answer

import (
	"strings"
	"unicode"
)

// cleanReason makes s harmless in every form. Line separators become newlines. Other control
// characters are removed, among them escape sequences for terminals, and so are invisible ones:
// marks of the text direction, zero-width characters, fillers, tags and variation selectors.
//
// Four invisible characters stay behind a character that they can belong to: the joiners U+200C
// and U+200D, which Persian, the scripts of India and emoji need, and the two selectors of emoji.
func cleanReason(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	last := ' '
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
		case r == '\r', r == '\v', r == '\f', r == 0x85, r == 0x2028, r == 0x2029:
			r = '\n'
		case joiner(r) && last > unicode.MaxLatin1 && !joiner(last) && !unicode.IsSpace(last):
		case emojiSelector(r) && !joiner(last) && !emojiSelector(last) && !unicode.IsSpace(last):
		case unicode.IsControl(r), invisible(r):
			return -1
		}
		last = r
		return r
	}, s))
}

func joiner(r rune) bool { return r == 0x200c || r == 0x200d }

func emojiSelector(r rune) bool { return r == 0xfe0e || r == 0xfe0f }

// invisible reports whether r is displayed as nothing: the format characters of Unicode, except
// those that enclose digits, and the characters that are ignorable by default.
func invisible(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) &&
		!unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}
