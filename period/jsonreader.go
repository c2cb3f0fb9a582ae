package period

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// jsonReader reads JSON of a known shape, value by value. It refuses input that encoding/json
// accepts but that two readers may interpret differently: names in another case, repeated and
// unknown names, invalid UTF-8, lone surrogates, null, and numbers that are not whole. It limits the
// nesting, so that deep input cannot exhaust the stack.
type jsonReader struct {
	b       []byte
	pos     int
	subject string   // "document" or "body", in messages
	steps   []string // from the subject to the value that is read: names of members, and "[3]"
	scratch []byte   // holds the last text that had escapes
}

// maxDepth limits the nesting of a value that is not decoded.
const maxDepth = 100

var errEndOfInput = errors.New("the input ends here, it is truncated")

// path returns the position of the reader in the document, for example "periods[3].end".
func (r *jsonReader) path() string {
	path := strings.ReplaceAll(strings.Join(r.steps, "."), ".[", "[")
	return cmp.Or(path, r.subject)
}

// at calls read one step further in the document.
func (r *jsonReader) at(step string, read func() error) error {
	r.steps = append(r.steps, step)
	err := read()
	r.steps = r.steps[:len(r.steps)-1]
	return err
}

// fail makes an error at byte offset pos.
func (r *jsonReader) fail(pos int, value any, problem string) error {
	before := r.b[:min(pos, len(r.b))]
	line := 1 + bytes.Count(before, []byte{'\n'})
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return fmt.Errorf("line %d, column %d: %w", line, column, &FieldError{Field: r.path(), Value: value, Problem: problem})
}

// unexpected fails at the cursor, where want was expected.
func (r *jsonReader) unexpected(want string) error {
	if r.pos >= len(r.b) {
		return fmt.Errorf("%w: %w", r.fail(r.pos, nil, "want "+want), errEndOfInput)
	}
	if bytes.HasPrefix(r.b[r.pos:], []byte("null")) {
		return r.fail(r.pos, nil, "found null, want "+want+"; leave out a member that has no value")
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

// accept skips c, if it is the next byte after white space.
func (r *jsonReader) accept(c byte) bool {
	if r.peek() != c {
		return false
	}
	r.pos++
	return true
}

func (r *jsonReader) expect(c byte, want string) error {
	if !r.accept(c) {
		return r.unexpected(want)
	}
	return nil
}

// list reads an object or an array, which begins with open. It calls element for each element, with
// the cursor on it.
func (r *jsonReader) list(open byte, want, whole string, element func() error) error {
	if err := r.expect(open, want); err != nil {
		return err
	}
	end := open + 2 // the closing bracket, in ASCII
	for more := r.peek() != end; more; more = r.accept(',') {
		r.peek()
		if err := element(); err != nil {
			return err
		}
	}
	return r.expect(end, "a comma or the end of the "+whole)
}

// object reads an object of these members, of which there are at most 32.
func (r *jsonReader) object(members []Member) error {
	r.peek()
	start := r.pos
	var seen uint32
	err := r.list('{', "an object", "object", func() error {
		at := r.pos
		name, err := r.text()
		if err != nil {
			return err
		}
		i := slices.IndexFunc(members, func(m Member) bool { return m.Name == string(name) })
		if i < 0 {
			return r.unknown(at, string(name), members)
		}
		return r.at(members[i].Name, func() error {
			if seen&(1<<i) != 0 {
				return r.fail(at, nil, "is given twice; keep one")
			}
			seen |= 1 << i
			if err := r.expect(':', "a colon"); err != nil {
				return err
			}
			return r.into(members[i].Into, members[i].Nullable && r.null())
		})
	})
	if err != nil {
		return err
	}
	for i, m := range members {
		if m.Required && seen&(1<<i) == 0 {
			return r.at(m.Name, func() error { return r.fail(start, nil, "is missing") })
		}
	}
	return nil
}

// unknown returns the error for a member that is not in members.
func (r *jsonReader) unknown(at int, name string, members []Member) error {
	known := make([]string, len(members))
	for i, m := range members {
		if known[i] = m.Name; strings.EqualFold(m.Name, name) {
			return r.fail(at, name, fmt.Sprintf("unknown member; names are in lower case: want %q", m.Name))
		}
	}
	if r.subject != "document" {
		return r.fail(at, name, "unknown member; known are "+strings.Join(known, ", "))
	}
	return fmt.Errorf("%w, or correct the name if it is misspelled: %w", ErrNewer, r.fail(at, name, "unknown member"))
}

// array reads an array. It calls element for each element, with the cursor on it.
func (r *jsonReader) array(element func() error) error {
	n := 0
	return r.list('[', "an array", "array", func() error {
		err := r.at("["+strconv.Itoa(n)+"]", element)
		n++
		return err
	})
}

// raws reads an array of any values without decoding them, and returns a copy of the text of
// each, in one line.
func (r *jsonReader) raws() (texts [][]byte, err error) {
	err = r.array(func() error {
		start := r.pos
		if err := r.skip(0); err != nil {
			return err
		}
		var line bytes.Buffer
		err := json.Compact(&line, r.b[start:r.pos])
		texts = append(texts, line.Bytes())
		return err
	})
	return texts, err
}

// skip skips any value, which is nested in depth others.
func (r *jsonReader) skip(depth int) error {
	switch c := r.peek(); c {
	case '{', '[':
		if depth == maxDepth {
			return r.fail(r.pos, nil, fmt.Sprintf("want at most %d levels of nesting", maxDepth))
		}
		return r.list(c, "a value", "value", func() error {
			if c == '{' {
				if _, err := r.text(); err != nil {
					return err
				}
				if err := r.expect(':', "a colon"); err != nil {
					return err
				}
			}
			return r.skip(depth + 1)
		})
	case '"':
		_, err := r.text()
		return err
	}
	return r.literal()
}

// end fails if the rest of the input is not white space.
func (r *jsonReader) end() error {
	if r.peek(); r.pos < len(r.b) {
		return r.fail(r.pos, nil, "want nothing after the end of the "+r.subject)
	}
	return nil
}
