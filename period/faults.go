package period

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// faults collects the faults of fields, each a [*FieldError].
type faults struct {
	path string // before the name of each field, for example "periods[3]."
	errs []error
}

// add adds the fault of a field.
func (f *faults) add(field string, value any, problem string) {
	f.errs = append(f.errs, &FieldError{Field: f.path + field, Value: value, Problem: problem})
}

// unless adds the fault of a field, unless the field is valid.
func (f *faults) unless(valid bool, field string, value any, problem string) {
	if !valid {
		f.add(field, value, problem)
	}
}

// id adds the fault of an id.
func (f *faults) id(field, id string) {
	problem := idProblem(id)
	f.unless(problem == "", field, id, problem)
}

// optionalID adds the fault of an id that may be "".
func (f *faults) optionalID(field, id string) {
	if id != "" {
		f.id(field, id)
	}
}

// text adds the fault of a text that people read, of at most limit bytes.
func (f *faults) text(field, text string, limit int) {
	switch {
	case len(text) > limit:
		f.add(field, fmt.Sprintf("%d bytes", len(text)), fmt.Sprintf("want at most %d bytes", limit))
	case !utf8.ValidString(text):
		f.add(field, text, "is not valid UTF-8")
	}
}

// year adds the fault of an instant in a year that no document holds. The zero instant has none.
func (f *faults) year(field string, t time.Time) {
	if y := t.UTC().Year(); !t.IsZero() && (y < MinYear || y > MaxYear) {
		f.add(field, t.UTC().Format(time.RFC3339), fmt.Sprintf("want a year from %d to %d", MinYear, MaxYear))
	}
}

// end adds the faults of an end, which may be zero.
func (f *faults) end(field string, end, start time.Time) {
	f.year(field, end)
	if !end.IsZero() && !end.After(start) {
		f.add(field, end.UTC().Format(time.RFC3339), "want an instant after start "+start.UTC().Format(time.RFC3339))
	}
}

// join returns the faults, joined; nil if there are none.
func (f *faults) join() error { return errors.Join(f.errs...) }

// idProblem returns the problem of an id; "" if the id is valid.
func idProblem(id string) string {
	switch {
	case id == "":
		return "is missing"
	case len(id) > MaxIDLen:
		return fmt.Sprintf("want at most %d bytes", MaxIDLen)
	case strings.IndexFunc(id, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
	}) >= 0:
		return `want only a-z, A-Z, 0-9, "-", "_" and "."`
	case strings.IndexByte("-_.", id[0]) >= 0:
		return "want a letter or a digit first"
	}
	return ""
}
