package period

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// jsonReader reads JSON of a known shape, value by value. It refuses input that encoding/json
// accepts but that two readers may interpret differently: names in another case, repeated and
// unknown names, invalid UTF-8, lone surrogates, null, and numbers that are not whole. It never
// recurses, so deep nesting cannot exhaust the stack.
type jsonReader struct {
	b       []byte
	pos     int
	subject string // "document" or "body", in messages
	list    string // name of the array that is read; "" outside of one
	index   int    // of the element of that array
	name    string // of the member that is read; "" outside of one
	scratch []byte // holds the last text that had escapes
}

// maxDepth limits the nesting of a value that is not decoded.
const maxDepth = 100

var errEndOfInput = errors.New("the input ends here, it is truncated")

// path returns the position of the reader in the document, for example "periods[3].end".
func (r *jsonReader) path() string {
	switch {
	case r.list == "" && r.name == "":
		return r.subject
	case r.list == "":
		return r.name
	case r.name == "":
		return fmt.Sprintf("%s[%d]", r.list, r.index)
	}
	return fmt.Sprintf("%s[%d].%s", r.list, r.index, r.name)
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

// object reads an object of these members, of which there are at most 32.
func (r *jsonReader) object(members []Member) error {
	r.peek()
	start := r.pos
	if err := r.expect('{', "an object"); err != nil {
		return err
	}
	var seen uint32
	for more := r.peek() != '}'; more; more = r.accept(',') {
		r.peek()
		at := r.pos
		name, err := r.text()
		if err != nil {
			return err
		}
		i := 0
		for i < len(members) && members[i].Name != string(name) {
			i++
		}
		if i == len(members) {
			return r.unknown(at, string(name), members)
		}
		r.name = members[i].Name
		if seen&(1<<i) != 0 {
			return r.fail(at, nil, "is given twice; keep one")
		}
		seen |= 1 << i
		if err := r.expect(':', "a colon"); err != nil {
			return err
		}
		if err := r.member(&members[i]); err != nil {
			return err
		}
		r.name = ""
	}
	if err := r.expect('}', "a comma or the end of the object"); err != nil {
		return err
	}
	for i := range members {
		if members[i].Required && seen&(1<<i) == 0 {
			r.name = members[i].Name
			return r.fail(start, nil, "is missing")
		}
	}
	return nil
}

// unknown returns the error for a member that is not in members.
func (r *jsonReader) unknown(at int, name string, members []Member) error {
	r.name = ""
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

// member reads the value of m.
func (r *jsonReader) member(m *Member) error {
	if m.Into == nil {
		return fmt.Errorf("%w: %w", ErrNewer, r.fail(r.pos, nil, "this version does not implement this member"))
	}
	return r.into(m.Into, m.Nullable && r.null())
}

// array reads the array that is the value of the current member. It calls element for each
// element, with the cursor on it.
func (r *jsonReader) array(element func() error) error {
	if err := r.expect('[', "an array"); err != nil {
		return err
	}
	r.list, r.index, r.name = r.name, 0, ""
	for more := r.peek() != ']'; more; more = r.accept(',') {
		if err := element(); err != nil {
			return err
		}
		r.index++
	}
	r.list, r.name = "", r.list
	return r.expect(']', "a comma or the end of the array")
}

// raws reads an array of any values without decoding them, and returns a copy of the text of
// each, in one line.
func (r *jsonReader) raws() ([][]byte, error) {
	var ends []int // of the values: from and to, in turns
	err := r.array(func() error {
		r.peek()
		ends = append(ends, r.pos)
		err := r.skip()
		ends = append(ends, r.pos)
		return err
	})
	if err != nil || len(ends) == 0 {
		return nil, err
	}
	first := ends[0]
	all := bytes.Clone(r.b[first:ends[len(ends)-1]])
	texts := make([][]byte, 0, len(ends)/2)
	for i := 0; i < len(ends); i += 2 {
		text := all[ends[i]-first : ends[i+1]-first : ends[i+1]-first]
		if bytes.IndexByte(text, '\n') >= 0 || bytes.IndexByte(text, '\r') >= 0 {
			var line bytes.Buffer
			if err := json.Compact(&line, text); err != nil {
				return nil, err
			}
			text = line.Bytes()
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// skip skips any value. It keeps the open brackets in a slice instead of recursing.
func (r *jsonReader) skip() error {
	var open []byte // the brackets that close what is open
	for {
		// A member begins with its name.
		if len(open) > 0 && open[len(open)-1] == '}' {
			if _, err := r.text(); err != nil {
				return err
			}
			if err := r.expect(':', "a colon"); err != nil {
				return err
			}
		}
		switch c := r.peek(); c {
		case '{', '[':
			if len(open) == maxDepth {
				return r.fail(r.pos, nil, fmt.Sprintf("want at most %d levels of nesting", maxDepth))
			}
			r.pos++
			if !r.accept(c + 2) { // the closing bracket, in ASCII
				open = append(open, c+2)
				continue
			}
		case '"':
			if _, err := r.text(); err != nil {
				return err
			}
		default:
			if err := r.literal(); err != nil {
				return err
			}
		}
		for len(open) > 0 && r.accept(open[len(open)-1]) {
			open = open[:len(open)-1]
		}
		if len(open) == 0 {
			return nil
		}
		if err := r.expect(',', "a comma or the end of the value"); err != nil {
			return err
		}
	}
}

// end fails if the rest of the input is not white space.
func (r *jsonReader) end() error {
	if r.peek(); r.pos < len(r.b) {
		r.name = ""
		return r.fail(r.pos, nil, "want nothing after the end of the "+r.subject)
	}
	return nil
}
