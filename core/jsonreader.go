package core

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonReader reads JSON of a known shape, value by value, and refuses what encoding/json
// lets pass: names in another case, names given twice, unknown names, invalid UTF-8, lone
// surrogates, null, and numbers that are not whole. Two readers that disagree about such a
// document disagree about whether the site is down. It never descends into a value that
// nobody asked for, so the depth of the input costs nothing.
type jsonReader struct {
	b     []byte
	pos   int
	index int    // of the array element that is being read; -1 outside
	name  string // of the member that is being read; "" outside

	subject string // what is read, in messages; "" means "document"
}

var errEndOfInput = errors.New("the input ends here, it is truncated")

// what is read, as it is called.
func (r *jsonReader) what() string { return cmp.Or(r.subject, "document") }

// path is where the reader is, for example "periods[3].end".
func (r *jsonReader) path() string {
	switch {
	case r.index < 0 && r.name == "":
		return r.what()
	case r.index < 0:
		return r.name
	case r.name == "":
		return fmt.Sprintf("periods[%d]", r.index)
	}
	return fmt.Sprintf("periods[%d].%s", r.index, r.name)
}

// fail makes an error at byte offset pos.
func (r *jsonReader) fail(pos int, value any, problem string) error {
	before := r.b[:min(pos, len(r.b))]
	line := 1 + bytes.Count(before, []byte{'\n'})
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return fmt.Errorf("line %d, column %d: %w", line, column, &FieldError{Field: r.path(), Value: value, Problem: problem})
}

// unexpected fails at the cursor with what was wanted there.
func (r *jsonReader) unexpected(want string) error {
	if r.pos >= len(r.b) {
		return fmt.Errorf("%w: %w", r.fail(r.pos, nil, "want "+want), errEndOfInput)
	}
	if bytes.HasPrefix(r.b[r.pos:], []byte("null")) {
		return r.fail(r.pos, nil, "found null, want "+want+"; leave out what has no value")
	}
	c, _ := utf8.DecodeRune(r.b[r.pos:])
	return r.fail(r.pos, nil, fmt.Sprintf("found %q, want %s", c, want))
}

// peek skips white space and returns the byte at the cursor, 0 at the end.
func (r *jsonReader) peek() byte {
	for r.pos < len(r.b) {
		switch c := r.b[r.pos]; c {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return c
		}
	}
	return 0
}

func (r *jsonReader) expect(c byte, want string) error {
	if r.peek() != c {
		return r.unexpected(want)
	}
	r.pos++
	return nil
}

// object reads an object whose members are all among names, and calls member for each
// with its index there and the cursor on its value. It fails if one of the first required
// names is absent.
func (r *jsonReader) object(names []string, required int, member func(i int) error) error {
	start := r.pos
	if err := r.expect('{', "an object"); err != nil {
		return err
	}
	var seen uint32
	for more := r.peek() != '}'; more; {
		r.peek()
		at := r.pos
		name, err := r.text()
		if err != nil {
			return err
		}
		i := indexOf(names, name)
		switch {
		case i < 0:
			return r.unknown(at, string(name), names)
		case seen&(1<<i) != 0:
			r.name = names[i]
			return r.fail(at, nil, "is given twice; keep one")
		}
		seen |= 1 << i
		r.name = names[i]
		if err := r.expect(':', "a colon"); err != nil {
			return err
		}
		if err := member(i); err != nil {
			return err
		}
		r.name = ""
		if more = r.peek() == ','; more {
			r.pos++
		}
	}
	if err := r.expect('}', "a comma or the end of the object"); err != nil {
		return err
	}
	for i, name := range names[:required] {
		if seen&(1<<i) == 0 {
			r.name = name
			return r.fail(start, nil, "is missing")
		}
	}
	return nil
}

func (r *jsonReader) unknown(at int, name string, names []string) error {
	r.name = ""
	for _, known := range names {
		if strings.EqualFold(known, name) {
			return r.fail(at, name, fmt.Sprintf("unknown member; names are in lower case: want %q", known))
		}
	}
	if r.subject != "" {
		return r.fail(at, name, "unknown member; known are "+strings.Join(names, ", "))
	}
	return r.fail(at, name, "unknown member: misspelt, or written by a newer downtime: upgrade this program")
}

// array reads an array and calls element for each, with the cursor on it.
func (r *jsonReader) array(element func() error) error {
	name := r.name
	if err := r.expect('[', "an array"); err != nil {
		return err
	}
	r.index, r.name = -1, ""
	for more := r.peek() != ']'; more; {
		r.index++
		r.peek()
		if err := element(); err != nil {
			return err
		}
		if more = r.peek() == ','; more {
			r.pos++
		}
	}
	r.index, r.name = -1, name
	return r.expect(']', "a comma or the end of the array")
}

// text reads a string. The result may point into the input.
func (r *jsonReader) text() ([]byte, error) {
	if err := r.expect('"', "a string"); err != nil {
		return nil, err
	}
	start, escaped := r.pos, false
	for ; r.pos < len(r.b); r.pos++ {
		switch c := r.b[r.pos]; {
		case c == '"':
			s := r.b[start:r.pos]
			r.pos++
			if !utf8.Valid(s) {
				return nil, r.fail(start, nil, "is not valid UTF-8")
			}
			if escaped {
				return r.unescape(s, start)
			}
			return s, nil
		case c == '\\':
			escaped = true
			r.pos++ // what follows is not the end of the string
		case c < ' ':
			return nil, r.fail(r.pos, nil, "a string holds a control character; write it as \\n, \\t or \\u00XX")
		}
	}
	return nil, r.unexpected("the end of the string")
}

// unescape resolves the escapes in s, which begins at byte offset start.
func (r *jsonReader) unescape(s []byte, start int) ([]byte, error) {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			out = append(out, s[i])
			continue
		}
		i++ // text has seen to it that something follows
		switch c := s[i]; c {
		case '"', '\\', '/':
			out = append(out, c)
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			c, ok := hexRune(s[i:])
			if !ok {
				return nil, r.fail(start+i, nil, "want four hexadecimal digits after \\u")
			}
			i += 4
			if utf16.IsSurrogate(c) {
				var low rune
				if i+1 < len(s) && s[i+1] == '\\' {
					low, _ = hexRune(s[i+2:])
				}
				if c = utf16.DecodeRune(c, low); c == utf8.RuneError {
					return nil, r.fail(start+i, nil, "half of a surrogate pair stands alone")
				}
				i += 6
			}
			out = utf8.AppendRune(out, c)
		default:
			return nil, r.fail(start+i, nil, fmt.Sprintf("unknown escape \\%c", c))
		}
	}
	return out, nil
}

// hexRune reads "u" and four hex digits.
func hexRune(s []byte) (rune, bool) {
	if len(s) < 5 || s[0] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(s[1:5]), 16, 16)
	return rune(n), err == nil
}

// flag reads true or false.
func (r *jsonReader) flag() (bool, error) {
	r.peek()
	switch rest := r.b[r.pos:]; {
	case bytes.HasPrefix(rest, []byte("true")):
		r.pos += len("true")
		return true, nil
	case bytes.HasPrefix(rest, []byte("false")):
		r.pos += len("false")
		return false, nil
	}
	return false, r.unexpected("true or false")
}

// null reads null, if that is what stands at the cursor.
func (r *jsonReader) null() bool {
	r.peek()
	found := bytes.HasPrefix(r.b[r.pos:], []byte("null"))
	if found {
		r.pos += len("null")
	}
	return found
}

// integer reads a whole number.
func (r *jsonReader) integer() (int64, error) {
	r.peek()
	start := r.pos
	for r.pos < len(r.b) && strings.IndexByte("+-.0123456789eE", r.b[r.pos]) >= 0 {
		r.pos++
	}
	digits := string(r.b[start:r.pos])
	if digits == "" {
		return 0, r.unexpected("a whole number")
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != digits { // "+1", "01" and "-0" are not canonical
		return 0, r.fail(start, digits, "want a whole number of at most 64 bits")
	}
	return n, nil
}

// instant reads an instant, to the microsecond.
func (r *jsonReader) instant() (time.Time, error) {
	r.peek()
	start := r.pos
	s, err := r.text()
	if err != nil {
		return time.Time{}, err
	}
	var t time.Time
	if t.UnmarshalText(s) != nil {
		return time.Time{}, r.fail(start, string(s), `want an instant with its offset, like "2026-11-21T02:00:00Z"`)
	}
	if t = canonical(t); t.IsZero() {
		return time.Time{}, r.fail(start, string(s), "is the zero instant; leave out what has no value")
	}
	return t, nil
}

// end fails if anything but white space is left.
func (r *jsonReader) end() error {
	if r.peek(); r.pos < len(r.b) {
		r.name = ""
		return r.fail(r.pos, nil, "want nothing after the end of the "+r.what())
	}
	return nil
}

func indexOf(names []string, name []byte) int {
	for i, n := range names {
		if n == string(name) {
			return i
		}
	}
	return -1
}
