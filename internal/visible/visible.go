// Package visible is the rule by which the operator's page, its API and the command show
// texts of a document. It escapes characters that are invisible, that change the direction of
// the text around them, or that a terminal acts upon. Texts in Hebrew or Arabic stay as they are.
package visible

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Line returns s in one line: U+202E becomes "\u202e", a line break "\n", and a byte that is
// not UTF-8 "\xff".
func Line(s string) string { return Replace(s, "", escape) }

// Text returns s as Line does, with its line breaks and tabs.
func Text(s string) string { return Replace(s, "\n\t", escape) }

// JSON returns s, which is JSON, with the same values.
func JSON(s string) string {
	return Replace(s, "\n\t", func(r rune) string {
		if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
			return fmt.Sprintf(`\u%04x\u%04x`, high, low)
		}
		return fmt.Sprintf(`\u%04x`, r)
	})
}

// Replace returns s with each character that is not visible as with writes it. It keeps the
// characters in keep, and escapes bytes that are not UTF-8.
func Replace(s, keep string, with func(r rune) string) string {
	var b strings.Builder
	var before rune
	done := 0
	for i, r := range s {
		if hidden(r, before) && !strings.ContainsRune(keep, r) {
			b.WriteString(s[done:i])
			done = i + utf8.RuneLen(r)
			if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") {
				done = i + 1
				fmt.Fprintf(&b, `\x%02x`, s[i])
			} else {
				b.WriteString(with(r))
			}
			r = 0 // it is no symbol, though U+FFFD is one
		}
		before = r
	}
	if done == 0 {
		return s
	}
	b.WriteString(s[done:])
	return b.String()
}

func escape(r rune) string {
	quoted := strconv.QuoteRuneToASCII(r)
	return quoted[1 : len(quoted)-1]
}

// Hidden reports whether s has a character that Text escapes.
func Hidden(s string) bool { return Text(s) != s }

var ignorable = []*unicode.RangeTable{unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector}

// hidden reports whether r, which comes after before, is not visible: controls, marks of
// direction, characters without width, and code points without a meaning. Spaces of every width
// are visible, and so is the selector that gives a symbol its colored form.
func hidden(r, before rune) bool {
	switch {
	case r >= ' ' && r < utf8.RuneSelf:
		return r == 0x7f
	case r == '\uFE0F' && unicode.Is(unicode.So, before), unicode.Is(unicode.Zs, r):
		return false
	}
	return r == utf8.RuneError || !unicode.IsPrint(r) || unicode.In(r, ignorable...)
}
