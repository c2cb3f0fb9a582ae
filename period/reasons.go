package period

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// MaxReasons is the highest number of languages in the Reasons of a [Period].
const MaxReasons = 32

// Reasons holds a reason in several languages, by tag (RFC 5646). It is an immutable value: copy it
// freely, and compare it with ==. The zero value holds no language.
type Reasons struct {
	lines string // one for each language, sorted: tag and text as Go string literals
}

// NewReasons returns the texts by language. An empty text counts as none. It keeps no reference to
// texts.
func NewReasons(texts map[string]string) Reasons {
	return Reasons{}.With(texts)
}

// With returns r with these texts in place of its own for the same languages. An empty text removes
// the language.
func (r Reasons) With(texts map[string]string) Reasons {
	if len(texts) == 0 {
		return r
	}
	all := maps.Collect(r.All())
	maps.Copy(all, texts)
	maps.DeleteFunc(all, func(_, text string) bool { return text == "" })
	var lines strings.Builder
	for _, tag := range slices.Sorted(maps.Keys(all)) {
		lines.WriteString(strconv.Quote(tag) + strconv.Quote(all[tag]) + "\n")
	}
	return Reasons{lines.String()}
}

// All iterates over tags and texts, sorted by tag.
func (r Reasons) All() iter.Seq2[string, string] {
	return func(yield func(tag, text string) bool) {
		for line := range strings.Lines(r.lines) {
			quoted, _ := strconv.QuotedPrefix(line) // With has written it
			tag, _ := strconv.Unquote(quoted)
			text, _ := strconv.Unquote(strings.TrimSuffix(line[len(quoted):], "\n"))
			if !yield(tag, text) {
				return
			}
		}
	}
}

// Languages returns the tags, sorted; nil if there are none.
func (r Reasons) Languages() []string {
	var tags []string
	for tag := range r.All() {
		tags = append(tags, tag)
	}
	return tags
}

// In returns the text in the language with this tag; "" if there is none.
func (r Reasons) In(tag string) string { return maps.Collect(r.All())[tag] }

// MarshalJSON returns an object of texts by tag.
func (r Reasons) MarshalJSON() ([]byte, error) {
	return encodeJSON(maps.Collect(r.All()), "")
}

// UnmarshalJSON reads an object of texts by tag. It does not validate the tags, see
// [Period.Validate].
func (r *Reasons) UnmarshalJSON(b []byte) error {
	var texts map[string]string
	if err := json.Unmarshal(b, &texts); err != nil {
		return err
	}
	*r = NewReasons(texts)
	return nil
}

// reasons adds the faults of the languages of p.
func (f *faults) reasons(p *Period) {
	languages := p.Reasons.Languages()
	switch {
	case p.ReasonLang != "" && !IsLanguage(p.ReasonLang):
		f.add("reason_lang", p.ReasonLang, wantTag)
	case p.ReasonLang != "" && p.Reason == "":
		f.add("reason_lang", p.ReasonLang, "there is no reason with this language; give the reason too")
	case len(languages) > 0 && p.Reason == "":
		f.add("reasons", strings.Join(languages, ", "), "need a reason beside them, for visitors who read none of these languages")
	case len(languages) > 0 && p.ReasonLang == "":
		f.add("reason_lang", "", "is missing; beside reasons in other languages, give the language of the reason")
	}
	if len(languages) > MaxReasons {
		f.add("reasons", fmt.Sprintf("%d languages", len(languages)), fmt.Sprintf("want at most %d", MaxReasons))
	}
	for tag, text := range p.Reasons.All() {
		switch {
		case !IsLanguage(tag):
			f.add("reasons", tag, wantTag)
		case tag == p.ReasonLang:
			f.add("reasons."+tag, "", "is the language of reason too; keep one")
		default:
			f.text("reasons."+tag, text, MaxReasonLen)
		}
	}
}
