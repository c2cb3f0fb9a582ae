package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-downtime/downtime/period"
)

// reasonFlags are the flags of a reason and its languages.
type reasonFlags struct {
	text, language string
	others         reasonsFlag
}

func (o *reasonFlags) flags(f *pflag.FlagSet, text string) {
	f.StringVar(&o.text, "reason", "", text)
	f.StringVar(&o.language, "reason-lang", "", "the language of --reason, `TAG`: en, pt-BR")
	f.Var(&o.others, "reason-in", "the reason in another language, `TAG=TEXT`: de='Wir ziehen um'; once for each language")
}

// given reports whether one of the flags was given.
func (o *reasonFlags) given(cmd *cobra.Command) bool {
	return slices.ContainsFunc([]string{"reason", "reason-lang", "reason-in"}, cmd.Flags().Changed)
}

// reasonsFlag holds texts by language.
type reasonsFlag map[string]string

func (r *reasonsFlag) String() string { return "" }

func (r *reasonsFlag) Type() string { return "TAG=TEXT" }

func (r *reasonsFlag) Set(value string) error {
	tag, text, ok := strings.Cut(value, "=")
	if !ok || !period.IsLanguage(tag) {
		return errors.New("want the tag of a language, = and the text, such as de='Wir ziehen um'; tags are de, pt-BR, zh-Hant")
	}
	if _, twice := (*r)[tag]; twice {
		return fmt.Errorf("%s is given twice", tag)
	}
	if *r == nil {
		*r = reasonsFlag{}
	}
	(*r)[tag] = text
	return nil
}

// reasonLines are the reason of p in each language, one a line.
func reasonLines(p period.Period) []string {
	if p.Reason == "" {
		return nil
	}
	in := func(tag string) string { return "reason in " + tag + ": " }
	first := "reason: "
	if p.ReasonLang != "" {
		first = in(p.ReasonLang)
	}
	lines := []string{first + safe(p.Reason)}
	for tag, text := range p.Reasons.All() {
		lines = append(lines, in(tag)+safe(text))
	}
	return lines
}

// reasonShort is the reason of p with its languages, for a column of a table.
func reasonShort(p period.Period) string {
	text := shorten(safe(p.Reason), 48)
	if p.ReasonLang != "" {
		text += " (" + strings.Join(append([]string{p.ReasonLang}, p.Reasons.Languages()...), ", ") + ")"
	}
	return text
}

// outdatedReasons are the languages in which p still has the earlier reason, although a write has
// changed the reason. before is the document before the write.
func outdatedReasons(before *period.Document, p period.Period) []string {
	was, ok := before.Find(p.ID)
	if !ok || was.Reason == p.Reason {
		return nil
	}
	return slices.DeleteFunc(p.Reasons.Languages(), func(tag string) bool { return was.Reasons.In(tag) != p.Reasons.In(tag) })
}

// outdated warns of languages in which the reason is still the earlier one.
func (s session) outdated(before *period.Document, p period.Period) {
	if tags := outdatedReasons(before, p); len(tags) > 0 {
		fmt.Fprintf(s.out, label, "check", s.warning("the reason in "+strings.Join(tags, ", ")+" is still the earlier one: change it by --reason-in"))
	}
}
