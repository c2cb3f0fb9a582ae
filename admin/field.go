package admin

import (
	"fmt"
	"html/template"
	"unicode"

	"github.com/go-downtime/downtime/internal/visible"
)

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

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + " " + b
}
