package admin

import (
	"slices"
	"strings"

	"github.com/go-downtime/downtime/period"
)

// inLanguage begins the name of a field for the reason in a further language: "reason_de".
const inLanguage = "reason_"

// isReason reports whether a field holds a reason in a further language.
func isReason(field string) bool {
	tag, ok := strings.CutPrefix(field, inLanguage)
	return ok && period.IsLanguage(tag)
}

// isText reports whether a field holds a text of several lines, or is the origin of such a field.
func isText(field string) bool {
	field = strings.TrimPrefix(field, "was_")
	return field == "reason" || isReason(field)
}

// spoken are the fields of f for the reason in further languages, sorted, also the empty ones.
func (f *form) spoken() []string {
	var out []string
	for field := range f.Values {
		if isReason(field) {
			out = append(out, field)
		}
	}
	slices.Sort(out)
	return out
}

// reasons are the language of the reason, and the reason in further languages. It adds their faults.
func (f *form) reasons() (language string, others map[string]string) {
	others = map[string]string{}
	for _, field := range f.spoken() {
		if f.Values[field] != "" {
			others[strings.TrimPrefix(field, inLanguage)] = f.Values[field]
		}
	}
	if f.Values["reason"] != "" {
		language = f.Values["reason_lang"]
	}
	switch {
	case len(others) == 0:
	case f.Values["reason"] == "":
		f.fault("reason", "Give a reason here too, for visitors who read none of the other languages.")
	case language == "":
		f.fault("reason_lang", "Choose the language of the reason above.")
	case others[language] != "":
		f.fault(inLanguage+language, "The reason above is in this language already. Clear one of them.")
	}
	return language, others
}

// reasonsView is the part of a form about the languages of the reason.
type reasonsView struct {
	Form      form
	Languages []string // of the refusals
}

// Open reports whether the part is shown unfolded.
func (v reasonsView) Open() bool {
	return v.Form.Values["reason_lang"] != "" || v.Form.Faults["reason_lang"] != "" || slices.ContainsFunc(v.Fields(), field.Open)
}

// Chosen is the language of the reason.
func (v reasonsView) Chosen() string { return v.Form.Values["reason_lang"] }

// Choices are the languages that the reason can have: those of the refusals, and those of the form.
func (v reasonsView) Choices() []string {
	out := slices.Clone(v.Languages)
	for _, field := range v.Form.spoken() {
		out = append(out, strings.TrimPrefix(field, inLanguage))
	}
	if v.Chosen() != "" {
		out = append(out, v.Chosen())
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Fields are the fields for further languages.
func (v reasonsView) Fields() []field {
	var out []field
	for _, tag := range v.Choices() {
		out = append(out, newField(v.Form, inLanguage+tag, labelOf(inLanguage+tag), ""))
	}
	return out
}

// Tag is the language of a reason in a further language.
func (f field) Tag() string { return strings.TrimPrefix(f.Name, inLanguage) }

// Open reports whether the field is shown unfolded.
func (f field) Open() bool { return f.Value() != "" || f.Fault() != "" }
