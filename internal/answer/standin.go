package answer

import (
	"bytes"
	_ "embed" // of the texts
	"encoding/json"
	"html/template"
	"maps"
	"regexp" //nolint:depguard // it reads our own page, and no request
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Unreachable is the kind of a refusal that a proxy sends because no process of the application
// answers the proxy. No gate sends it.
const Unreachable = "unreachable"

// StandinRetry is the Retry-After of a [Standin]: that of a gate that knows no end. A file cannot
// tell the time that is left.
const StandinRetry = unknownRetry

// Standin is the refusal that a proxy sends in place of a gate, in each form.
type Standin struct {
	Page    []byte // UTF-8
	Problem []byte // application/problem+json
	Text    []byte // UTF-8
	Policy  string // the Content-Security-Policy of Page, without frame-ancestors
}

// Standin renders the refusal about f for a request that sent something or not. tag is one of
// [Settings.Languages]. "" means that the page has all of them, and chooses one in the browser; the
// other forms are then in the default language. Page has its policy in it. With oneLine, no form has a
// line break.
//
// A proxy does not know whether a dead process has handled a request before. So the refusal does not
// say that the request was not processed.
func (s *Settings) Standin(f Facts, tag string, sent, oneLine bool) Standin {
	m := s.standinMessages(language(max(slices.Index(s.catalog.lookup.tags, tag), 0)), sent)
	p := s.newPage(f, m, sent)
	var languages *pageLanguages
	if tag == "" {
		languages = s.pageLanguages(f.Kind, sent)
	}
	problem := append(renderProblem(m, p), `,"retry_after":`+strconv.Itoa(int(StandinRetry/time.Second))+"}\n"...)
	text := renderText(m, p)
	lineBreak := []byte("\n")
	if oneLine {
		p.ReasonHTML = template.HTML(strings.ReplaceAll(string(p.ReasonHTML), "\n", "&#10;")) //nolint:gosec // it is HTML already
		problem, text = bytes.TrimSpace(problem), lineBreaks.ReplaceAll(bytes.TrimSpace(text), []byte(" | "))
		lineBreak = []byte(" ")
	}
	render := func(policy string) []byte {
		b := builtinPage{template: parsePage(languages, policy)}
		return lineBreaks.ReplaceAll(b.render(p), lineBreak)
	}
	policy := policyOf(render(""))
	page := render(policy)
	if oneLine {
		page = bytes.TrimSpace(page)
	}
	return Standin{Page: page, Problem: problem, Text: text, Policy: policy}
}

// lineBreaks are line breaks with the indentation behind them. A space in place of them changes neither
// the style nor the script: html/template removes comments, and each statement ends with a semicolon.
var lineBreaks = regexp.MustCompile(`\n\s*`)

// LanguageNames are the languages of the refusals by all of their names, in lower case: tags,
// prefixes of tags, and other names such as "zh-tw".
func (s *Settings) LanguageNames() map[string]string {
	names := map[string]string{}
	for name, l := range s.catalog.lookup.byName {
		names[name] = s.catalog.lookup.tags[l]
	}
	return names
}

// standinMessages are the texts of a language for a [Standin].
func (s *Settings) standinMessages(l language, sent bool) *messages {
	m := s.catalog.languages[l]
	m.kinds = maps.Clone(m.kinds)
	m.kinds[Unreachable] = m.kinds["store-lost"]
	if sent {
		own, ok := standinTexts()[m.tag]
		if !ok { // a language of Options.Messages
			own = standinTexts()[defaultLanguage]
		}
		for kind, text := range m.kinds {
			text.NotProcessed, text.Resend, text.Returned = own.Unsure, "", own.Returned
			m.kinds[kind] = text
		}
	}
	return &m
}

// standinText are the texts that only a [Standin] has.
type standinText struct {
	Unsure   string `json:"unsure"`   // whether the request was processed is not known
	Returned string `json:"returned"` // the site is back
}

//go:embed standin.json
var standinJSON []byte

var standinTexts = sync.OnceValue(func() (texts map[string]standinText) {
	if err := json.Unmarshal(standinJSON, &texts); err != nil {
		panic("downtime: standin.json: " + err.Error()) // a test reads it
	}
	return texts
})

func (s *Settings) pageLanguages(kind string, sent bool) *pageLanguages {
	all := &pageLanguages{Names: s.LanguageNames(), Texts: map[string]pageLanguageOf{}}
	for l, tag := range s.catalog.lookup.tags {
		m := s.standinMessages(language(l), sent)
		of := pageLanguageOf{Dir: m.dir}
		all.Places = nil // the same for each language
		put := func(id, attribute, text string) {
			all.Places = append(all.Places, [2]string{id, attribute})
			of.Words = append(of.Words, text)
		}
		text := m.kinds[kind]
		put("heading", "", text.Heading)
		put("lead", "", text.Lead)
		for _, kind := range kinds {
			put("heading", "data-"+kind, m.kinds[kind].Heading)
			put("lead", "data-"+kind, m.kinds[kind].Lead)
			put("status", "data-overdue-"+kind, m.kinds[kind].Overdue)
		}
		put("label-since", "", text.Since)
		put("label-until", "", text.Until)
		put("unknown", "", text.Unknown)
		put("label-status", "", text.StatusPage)
		put("label-contact", "", text.Contact)
		put("try", "", text.Retry)
		put("status", "data-checking", text.Checking)
		put("status", "data-still", text.Still)
		put("status", "data-silent", text.NoAnswer)
		if sent {
			put("sent", "", text.NotProcessed)
			put("back", "", text.GoBack)
			put("status", "data-watch", text.Watch)
			put("status", "data-back", text.Returned)
		} else {
			put("status", "data-watch", text.Comeback)
			put("status", "data-back", text.Back)
		}
		all.Texts[tag] = of
	}
	return all
}
