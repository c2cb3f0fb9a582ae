package admin

import (
	"cmp"
	"errors"
	"fmt"
	"html/template"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-downtime/downtime/internal/visible"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period/walltime"
)

// form is the input of a form and its faults, by field. A form with faults is shown again
// with its input.
type form struct {
	Values map[string]string
	Faults map[string]string // by field; "" is for the form as a whole
	// Folds are the choices for an ambiguous time, by field.
	Folds map[string][]foldChoice
}

// foldChoice is one of the instants of an ambiguous time, by its offset from UTC.
type foldChoice struct {
	Offset string // value of the field: "+02:00"
	Label  string
}

func newForm() form {
	return form{Values: map[string]string{}, Faults: map[string]string{}, Folds: map[string][]foldChoice{}}
}

// readForm reads the body of a POST. Each field must be in known, and may be given once. The
// query of the URL is not part of the form. A body that is not such a form is refused.
func readForm(r *http.Request, known ...string) (form, *refused) {
	f := newForm()
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return f, &refused{Status: http.StatusUnsupportedMediaType, Detail: "Want a form, of type application/x-www-form-urlencoded."}
	}
	if err := r.ParseForm(); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return f, &refused{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("The form is longer than %d KiB.", maxBody>>10)}
		}
		return f, &refused{Status: http.StatusBadRequest, Detail: "The encoding of the form is broken."}
	}
	for name, values := range r.PostForm {
		switch {
		case !slices.Contains(known, name) && (!isText(name) || !slices.Contains(known, "reason")):
			return f, &refused{Status: http.StatusBadRequest, Detail: fmt.Sprintf("The form has a field %q, which this page does not know. Nothing was changed.", clip(name))}
		case len(values) != 1:
			return f, &refused{Status: http.StatusBadRequest, Detail: fmt.Sprintf("The form has the field %q %d times. Nothing was changed.", name, len(values))}
		case !utf8.ValidString(values[0]):
			return f, &refused{Status: http.StatusBadRequest, Detail: fmt.Sprintf("The field %q is not UTF-8. Nothing was changed.", name)}
		}
		// HTML sends line breaks as CR LF.
		f.Values[name] = strings.TrimSpace(strings.ReplaceAll(values[0], "\r\n", "\n"))
	}
	return f, nil
}

// fault adds a fault of a field. The first fault of a field stays.
func (f *form) fault(field, problem string) {
	if f.Faults[field] == "" {
		f.Faults[field] = problem
	}
}

// listedFault is a fault in the summary above a form.
type listedFault struct{ Field, Label, Text string }

// labels are the labels of the fields, in the order of the forms.
var labels = []struct{ field, label string }{
	{"", ""},
	{"reason", "Reason"},
	{"reason_lang", "Language of the reason"},
	{"start", "Start"},
	{"for", "Duration"},
	{"end", "End"},
	{"until", "Time"},
	{"no_end", "No end"},
	{"expected_end", "Expected end"},
	{"auto_end", "By itself"},
	{"new_zone", "Time zone"},
	{"emergency", "Emergency"},
	{"hold", "Hold"},
	{"enabled", "Enabled"},
}

// labelOf is the label of a field; "" if no form has the field.
func labelOf(field string) string {
	if isReason(field) {
		return "Reason in " + languageName(strings.TrimPrefix(field, inLanguage))
	}
	for _, l := range labels {
		if l.field == field {
			return l.label
		}
	}
	return ""
}

// listFaults returns the faults in the order of the form.
func listFaults(f form) []listedFault {
	var out []listedFault
	add := func(field string) {
		if text := f.Faults[field]; text != "" {
			out = append(out, listedFault{field, labelOf(field), text})
		}
	}
	for _, l := range labels {
		add(l.field)
	}
	for _, field := range f.spoken() {
		add(field)
	}
	return out
}

// ok reports whether the form has no fault so far.
func (f *form) ok() bool { return len(f.Faults) == 0 }

// checked reports whether a box is ticked.
func (f *form) checked(field string) bool { return f.Values[field] != "" }

// number is a number in a hidden field.
func (f *form) number(field string) (int64, *refused) {
	n, err := strconv.ParseInt(f.Values[field], 10, 64)
	if err != nil || n < 0 {
		return 0, &refused{Status: http.StatusBadRequest, Detail: fmt.Sprintf("The field %q of the form is %q, and not a number of this page. Load the page again.", field, clip(f.Values[field]))}
	}
	return n, nil
}

// version is the version of the period that the form was made from.
func (f *form) version() (int64, *refused) {
	n, fault := f.number("version")
	if fault == nil && n == 0 {
		fault = &refused{Status: http.StatusBadRequest, Detail: "The form has no version of the period. Load the page again."}
	}
	return n, fault
}

// zone is the time zone of the form, or other if it has none. The operator may have picked
// another zone since.
func (f *form) zone(other *time.Location) *time.Location {
	zone, err := loadZone(f.Values["zone"])
	if err != nil {
		zone = other
	}
	f.Values["zone"] = zone.String()
	return zone
}

// instant is the wall time in a field as an instant; zero if it is empty or has a fault. An
// ambiguous time without a choice of its offset is a fault.
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
		f.fault(field, fmt.Sprintf("%s comes twice in %s, because clocks are put back. Choose one of the two.", fold.Wall.Format("15:04"), walltime.Name(zone)))
		return time.Time{}
	}
	f.fault(field, timeProblem(err, zone))
	return time.Time{}
}

// timeProblem explains why the time does not exist.
func timeProblem(err error, zone *time.Location) string {
	if gap, ok := errors.AsType[*walltime.GapError](err); ok {
		return fmt.Sprintf("%s does not exist in %s: clocks go from %s to %s. Choose %s or %s.",
			gap.Wall.Format("15:04 on 2 January 2006"), walltime.Name(zone), gap.From().Format("15:04 MST"), gap.To().Format("15:04 MST"),
			gap.Earlier.In(zone).Format("15:04 MST"), gap.Later.In(zone).Format("15:04 MST"))
	}
	if year, ok := errors.AsType[*walltime.YearError](err); ok {
		return "There is no " + year.Error() + "."
	}
	return "This is not a date and time. Example: 2026-03-08 02:30."
}

// take adds the faults of err to their fields; names maps the fields of faults to those of
// the form, where they differ. It returns false if err is something else.
func (f *form) take(err error, names map[string]string) bool {
	fault := operator.Explain(err)
	for _, e := range fault.Fields {
		field := cmp.Or(names[e.Field], e.Field)
		if tag, ok := strings.CutPrefix(e.Field, "reasons."); ok {
			field = inLanguage + tag
		}
		if labelOf(field) == "" {
			f.fault("", clip(e.Error()))
			continue
		}
		f.fault(field, sentence(e.Problem))
	}
	return fault.Code == operator.CodeInvalid
}

// field is one input of a form, for its template.
type field struct {
	Form     form
	Name     string
	Label    string
	Hint     string
	Required bool
}

func newField(f form, name, label, hint string) field {
	return field{Form: f, Name: name, Label: label, Hint: hint}
}

// Value is the input.
func (f field) Value() string { return f.Form.Values[f.Name] }

// Exact is the input for an element that does not show it as it is: the browser sends it back
// unchanged. References stand for characters that are not visible.
func (f field) Exact() template.HTML {
	return template.HTML(visible.Replace(template.HTMLEscapeString(f.Value()), "\n\r\t", func(r rune) string { //nolint:gosec // escaped
		if unicode.IsControl(r) {
			return visible.Line(string(r)) // HTML has no reference for it
		}
		return fmt.Sprintf("&#x%x;", r)
	}))
}

// Unseen reports whether the input has characters that are not visible.
func (f field) Unseen() bool { return visible.Hidden(f.Value()) }

// Fault is the fault of the input; "" if there is none.
func (f field) Fault() string { return f.Form.Faults[f.Name] }

// Step is the step of a time: a minute, or a second if the time has seconds.
func (f field) Step() int {
	if len(f.Value()) > len("2006-01-02T15:04") {
		return 1
	}
	return 60
}

// Folds are the choices for an ambiguous time.
func (f field) Folds() []foldChoice { return f.Form.Folds[f.Name] }

// Fold is the choice that was made.
func (f field) Fold() string { return f.Form.Values[f.Name+"_offset"] }

// DescribedBy are the ids of the elements that describe the input.
func (f field) DescribedBy() string {
	out := ""
	if f.Hint != "" {
		out = f.Name + "-hint"
	}
	if f.Fault() != "" {
		out = join(out, f.Name+"-fault")
	}
	return out
}
