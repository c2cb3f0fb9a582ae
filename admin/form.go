package admin

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/core/walltime"
)

// form is what was typed, by field, and what is wrong about it. It is shown again, as it
// was typed, until it is right.
type form struct {
	Values map[string]string
	Faults map[string]string // by field; "" is about the whole
	// Folds are, for a time that clocks show twice, the instants that it may be.
	Folds map[string][]foldChoice
}

// foldChoice is one of the instants of a time that comes twice, by its offset from UTC.
type foldChoice struct {
	Offset string // value of the field: "+02:00"
	Label  string
}

func newForm() form {
	return form{Values: map[string]string{}, Faults: map[string]string{}, Folds: map[string][]foldChoice{}}
}

// formError is a request that is no form of ours.
type formError struct {
	status int
	detail string
}

func (e *formError) Error() string { return e.detail }

// readForm reads the body of a POST, whose fields are all among known and come once. The
// query of the URL is no part of a form.
func readForm(r *http.Request, known ...string) (form, error) {
	f := newForm()
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return f, &formError{http.StatusUnsupportedMediaType, "Want a form, of type application/x-www-form-urlencoded."}
	}
	if err := r.ParseForm(); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return f, &formError{http.StatusRequestEntityTooLarge, fmt.Sprintf("The form is longer than %d KiB.", maxBody>>10)}
		}
		return f, &formError{http.StatusBadRequest, "This is no form: its encoding is broken."}
	}
	for name, values := range r.PostForm {
		switch {
		case !slices.Contains(known, name):
			return f, &formError{http.StatusBadRequest, fmt.Sprintf("The form has a field %q, which this page does not know. Nothing was done.", name)}
		case len(values) != 1:
			return f, &formError{http.StatusBadRequest, fmt.Sprintf("The form has the field %q %d times. Nothing was done.", name, len(values))}
		case !utf8.ValidString(values[0]):
			return f, &formError{http.StatusBadRequest, fmt.Sprintf("The field %q is not UTF-8. Nothing was done.", name)}
		}
		// HTML sends line breaks as CR LF.
		f.Values[name] = strings.TrimSpace(strings.ReplaceAll(values[0], "\r\n", "\n"))
	}
	return f, nil
}

// fault notes what is wrong with a field. The first fault of a field stays.
func (f *form) fault(field, problem string) {
	if f.Faults[field] == "" {
		f.Faults[field] = problem
	}
}

// ok reports whether nothing was wrong so far.
func (f *form) ok() bool { return len(f.Faults) == 0 }

// checked is a box that was ticked.
func (f *form) checked(field string) bool { return f.Values[field] != "" }

// number is a whole number that the page itself has put into the form.
func (f *form) number(field string) (int64, error) {
	n, err := strconv.ParseInt(f.Values[field], 10, 64)
	if err != nil || n < 0 {
		return 0, &formError{http.StatusBadRequest, fmt.Sprintf("The form's %q is %q, which is no number that this page has put there. Load it again.", field, f.Values[field])}
	}
	return n, nil
}

// version is that of the period that the form was made from.
func (f *form) version() (int64, error) {
	n, err := f.number("version")
	if err == nil && n == 0 {
		err = &formError{http.StatusBadRequest, "The form does not say which version of the period it was made from. Load it again."}
	}
	return n, err
}

// zone is the zone that the form was made for: another tab may have picked another since.
func (f *form) zone(other *time.Location) *time.Location {
	zone, err := loadZone(f.Values["zone"])
	if err != nil {
		return other
	}
	return zone
}

// instant is a wall time as an instant; zero if it is empty or wrong. One that comes twice
// is that with the offset of the field's own choice, and a fault without one.
func (f *form) instant(field string, zone *time.Location) time.Time {
	text := f.Values[field]
	if text == "" {
		return time.Time{}
	}
	t, err := walltime.Parse(text, zone, nil)
	if err == nil {
		return t
	}
	if fold, ok := errors.AsType[*walltime.FoldError](err); ok {
		delete(f.Folds, field)
		for _, t := range fold.Instants {
			at := t.In(zone)
			choice := foldChoice{Offset: at.Format("-07:00"), Label: at.Format("15:04 MST") + " (" + t.UTC().Format("15:04 UTC") + ")"}
			f.Folds[field] = append(f.Folds[field], choice)
			if choice.Offset == f.Values[field+"_offset"] {
				return t
			}
		}
		f.fault(field, fmt.Sprintf("%s comes twice in %s, because clocks are put back. Say which of them.", fold.Wall.Format("15:04"), walltime.Name(zone)))
		return time.Time{}
	}
	f.fault(field, timeProblem(err, zone))
	return time.Time{}
}

// timeProblem says in words why there is no such time.
func timeProblem(err error, zone *time.Location) string {
	if gap, ok := errors.AsType[*walltime.GapError](err); ok {
		return fmt.Sprintf("%s does not exist in %s: clocks go from %s to %s. Say %s, or %s.",
			gap.Wall.Format("15:04 on 2 January 2006"), walltime.Name(zone), gap.From().Format("15:04 MST"), gap.To().Format("15:04 MST"),
			gap.Earlier.In(zone).Format("15:04 MST"), gap.Later.In(zone).Format("15:04 MST"))
	}
	if year, ok := errors.AsType[*walltime.YearError](err); ok {
		return "There is no " + year.Error() + "."
	}
	return "This is no date and time: want 2026-03-08 02:30."
}

// take puts the faults that core has found to the fields that they are about; false if err
// is something else, or is about what the store holds.
func (f *form) take(err error, names map[string]string) bool {
	if isStoreFault(err) {
		return false
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			if !f.take(e, names) {
				return false
			}
		}
		return true
	}
	fault, ok := errors.AsType[*core.FieldError](err)
	if !ok {
		return false
	}
	field, ok := names[fault.Field]
	if !ok {
		f.fault("", fault.Error())
		return true
	}
	f.fault(field, sentence(fault.Problem))
	return true
}

// sentence is a problem, which is written to follow its field's name, on its own.
func sentence(problem string) string {
	return strings.ToUpper(problem[:1]) + problem[1:] + "."
}
