package period

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// text reads a string. The result is valid until the next call, and may be part of the input.
func (r *jsonReader) text() ([]byte, error) {
	if err := r.expect('"', "a string"); err != nil {
		return nil, err
	}
	start, end := r.pos, r.pos
	for end < len(r.b) && r.b[end] != '"' && r.b[end] >= ' ' {
		if r.b[end] == '\\' {
			end++ // the next byte does not end the string
		}
		end++
	}
	if r.pos = end; end >= len(r.b) {
		return nil, r.unexpected("the end of the string")
	}
	s := r.b[start:end]
	switch {
	case r.b[end] != '"':
		return nil, r.fail(end, nil, "a string holds a control character; write it as \\n, \\t or \\u00XX")
	case !utf8.Valid(s):
		return nil, r.fail(start, nil, "is not valid UTF-8")
	}
	r.pos++
	if bytes.IndexByte(s, '\\') >= 0 {
		return r.unescape(s, start)
	}
	return s, nil
}

// escapes are the bytes that the letters after a backslash stand for; 0 means none.
var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unescape resolves the escapes in s, which begins at byte offset start.
func (r *jsonReader) unescape(s []byte, start int) ([]byte, error) {
	out := r.scratch[:0]
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			out = append(out, s[i])
			continue
		}
		i++ // text has made sure that a byte follows
		switch c := s[i]; {
		case escapes[c] != 0:
			out = append(out, escapes[c])
		case c == 'u':
			c, ok := hexRune(s[i-1:])
			if !ok {
				return nil, r.fail(start+i, nil, "want four hexadecimal digits after \\u")
			}
			i += 4
			if utf16.IsSurrogate(c) {
				low, _ := hexRune(s[i+1:])
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
	r.scratch = out
	return out, nil
}

// hexRune reads an escape of four hexadecimal digits.
func hexRune(s []byte) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(s[2:6]), 16, 16)
	return rune(n), err == nil
}

// str reads a string and returns a copy.
func (r *jsonReader) str() (string, error) {
	s, err := r.text()
	return string(s), err
}

// strs reads an array of strings.
func (r *jsonReader) strs() (all []string, err error) {
	err = r.array(func() error {
		s, err := r.str()
		all = append(all, s)
		return err
	})
	return all, err
}

// reasons reads an object of texts by language.
func (r *jsonReader) reasons() (Reasons, error) {
	start := r.pos
	texts, err := r.texts(false)
	for tag, text := range texts {
		if err == nil && text == "" {
			err = r.fail(start, nil, fmt.Sprintf("the text in %q is empty; leave it out", tag))
		}
	}
	return NewReasons(texts), err
}

// textsOrNull reads an object of texts by language, in which null is "".
func (r *jsonReader) textsOrNull() (map[string]string, error) { return r.texts(true) }

// texts reads an object of at most MaxReasons texts by language. With nullable, null is the text "".
func (r *jsonReader) texts(nullable bool) (map[string]string, error) {
	texts := map[string]string{}
	return texts, r.list('{', "an object of texts by language", "object", func() error {
		at := r.pos
		tag, err := r.str()
		switch {
		case err != nil:
			return err
		case !IsLanguage(tag):
			return r.fail(at, tag, wantTag)
		}
		err = r.at(tag, func() (err error) {
			if _, twice := texts[tag]; twice {
				return r.fail(at, nil, "is given twice; keep one")
			}
			if err := r.expect(':', "a colon"); err != nil {
				return err
			}
			if texts[tag] = ""; !nullable || !r.null() {
				texts[tag], err = r.str()
			}
			return err
		})
		if err == nil && len(texts) > MaxReasons {
			err = r.fail(at, nil, fmt.Sprintf("want at most %d languages", MaxReasons))
		}
		return err
	})
}

// flag reads true or false.
func (r *jsonReader) flag() (bool, error) {
	switch {
	case r.word("true"):
		return true, nil
	case r.word("false"):
		return false, nil
	}
	return false, r.unexpected("true or false")
}

// null skips null, if it is the next value.
func (r *jsonReader) null() bool { return r.word("null") }

// word skips this word, if it comes next.
func (r *jsonReader) word(word string) bool {
	r.peek()
	found := bytes.HasPrefix(r.b[r.pos:], []byte(word))
	if found {
		r.pos += len(word)
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
	s, err := r.str()
	if err != nil {
		return time.Time{}, err
	}
	t, err := ParseInstant(s)
	if err != nil {
		return time.Time{}, r.fail(start, s, err.Error())
	}
	if t = Canonical(t); t.IsZero() {
		return time.Time{}, r.fail(start, s, "is the zero instant; leave out a member that has no value")
	}
	return t, nil
}

// literal skips a number, true, false or null.
func (r *jsonReader) literal() error {
	start := r.pos
	for r.pos < len(r.b) && strings.IndexByte(" \t\r\n,:[]{}\"", r.b[r.pos]) < 0 {
		r.pos++
	}
	if start == r.pos {
		return r.unexpected("a value")
	}
	if word := r.b[start:r.pos]; !json.Valid(word) {
		return r.fail(start, string(word), "want a value")
	}
	return nil
}
