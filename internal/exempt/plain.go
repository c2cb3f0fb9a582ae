package exempt

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// remarkable are the bytes that plain looks at closely.
var remarkable = func() (set [256]bool) {
	for c := range set {
		set[c] = c < 0x20 || c >= 0x7f || c == '.' || c == '%' || c == '\\'
	}
	return set
}()

// plain reports whether a decoded path means the same to every router, proxy, file server
// and backend. It is then valid UTF-8 without a dot segment, a backslash or a control byte, and
// decoding it once more changes nothing.
func plain(path string) bool {
	ascii := true
	for i := range len(path) {
		c := path[i]
		if !remarkable[c] {
			continue
		}
		switch {
		case c == '.':
			if (i == 0 || path[i-1] == '/') && dotSegment(path[i:]) {
				return false
			}
		case c == '%':
			if escapeLeft(path[i+1:]) {
				return false
			}
		case c >= 0x80:
			ascii = false
		default: // a control byte or a backslash
			return false
		}
	}
	return ascii || utf8.ValidString(path)
}

// plainRaw is plain for the decoded raw. Usually that is path, which is plain already.
func plainRaw(raw, path string) bool {
	if decodesTo(raw, path) {
		return true
	}
	decoded, err := url.PathUnescape(raw)
	return err == nil && plain(decoded)
}

// decodesTo reports whether raw, percent-decoded, is path. Unlike url.PathUnescape it
// does not allocate.
func decodesTo(raw, path string) bool {
	n := 0
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c == '%' {
			if len(raw)-i < 3 {
				return false
			}
			high, low := unhex(raw[i+1]), unhex(raw[i+2])
			if high|low > 0xf {
				return false
			}
			c = high<<4 | low
			i += 2
		}
		if n == len(path) || path[n] != c {
			return false
		}
		n++
	}
	return n == len(path)
}

// unhex is the value of a hex digit, 0xff if c is not one.
func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}

// dotSegment reports whether rest begins with a segment that is "." or "..", alone or
// with what some backend cuts off: a matrix parameter ("..;x"), a query ("..?"), a fragment
// ("..#") or a space (".. "). The same is true of a segment that begins with "...", of which
// chi's URLFormat makes "..".
func dotSegment(rest string) bool {
	if rest == "" || rest[0] != '.' {
		return false
	}
	rest = strings.TrimPrefix(rest[1:], ".")
	return rest == "" || strings.IndexByte("/;?# .", rest[0]) >= 0
}

// escapeLeft reports whether rest, which follows a "%", makes it a percent escape.
func escapeLeft(rest string) bool {
	return len(rest) >= 2 && unhex(rest[0])|unhex(rest[1]) <= 0xf
}
