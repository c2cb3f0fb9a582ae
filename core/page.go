package core

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // of the built-in page
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// PageData is what [Config].PageTemplate is executed with, once for each language
// whenever downtime begins or changes. The page is kept until the next change and sent
// to everybody: print instants, which stay true, rather than what is left of the time.
type PageData struct {
	// Reason is the operator's, plain text that may have several lines; "" if none was
	// given. Control characters are removed.
	Reason string
	// Since is when downtime began, in UTC. Zero when unknown.
	Since time.Time
	// Until is when it is expected to end, in UTC. Zero when unknown. It may have passed
	// when the page is read: it is an expectation, not a promise.
	Until time.Time
	// Kind is "planned", "emergency", "starting" or "store-lost".
	Kind string
	// Status is the HTTP status that the page is sent with.
	Status int
	// Lang is the language that was negotiated: "en", "de", "es" or "fr".
	Lang string
	// Text is what the built-in page says, in that language and for that kind.
	Text PageText
}

// newPageData gathers what a page may say about cl. Ids, people, stores and errors stay out.
func newPageData(cl *Closure, status int, l language) PageData {
	m := &translations[l]
	d := PageData{
		Reason: cleanReason(cl.Reason),
		Kind:   cl.Kind(),
		Status: status,
		Lang:   m.tag,
		Text:   m.text(cl.Kind()),
	}
	// Whole seconds, never promising an end before the end.
	if !cl.Since.IsZero() {
		d.Since = cl.Since.UTC().Truncate(time.Second)
	}
	if !cl.Until.IsZero() {
		d.Until = roundUp(cl.Until.UTC(), time.Second)
	}
	return d
}

// roundUp is the first multiple of unit that is not before t.
func roundUp(t time.Time, unit time.Duration) time.Time {
	return t.Add(unit - 1).Truncate(unit)
}

// cleanReason makes s harmless wherever it is shown: line separators become newlines,
// and control characters go, among them escape sequences for terminals and those that
// turn the direction of the text around them.
func cleanReason(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case r == '\r', r == '\v', r == '\f', r == 0x85, r == 0x2028, r == 0x2029:
			return '\n'
		case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return -1
		}
		return r
	}, s))
}

//go:embed page.html
var pageHTML string

// builtinPage is the page that is sent if the Config has none, and its policy.
type builtinPage struct {
	template *template.Template
	csp      string
}

var builtin = sync.OnceValue(func() builtinPage {
	p := builtinPage{template: template.Must(template.New("page.html").Funcs(template.FuncMap{
		"instant":  func(t time.Time) string { return t.Format(time.RFC3339) },
		"minute":   func(t time.Time) string { return t.Truncate(time.Minute).Format(minuteLayout) },
		"minuteUp": func(t time.Time) string { return roundUp(t, time.Minute).Format(minuteLayout) },
	}).Parse(pageHTML))}
	// The hashes are of what is sent: html/template may change what is between the tags.
	page, err := renderPage(p.template, samplePage(&Closure{Cause: CausePeriod}))
	if err != nil {
		panic("downtime: the built-in page: " + err.Error())
	}
	p.csp = "default-src 'none'; style-src " + cspHash(page, "style") + "; script-src " + cspHash(page, "script") +
		"; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	return p
})

const minuteLayout = "2006-01-02 15:04 UTC"

// cspHash is the source expression for the content of the only element of this name.
func cspHash(page []byte, element string) string {
	_, rest, _ := bytes.Cut(page, []byte("<"+element+">"))
	content, _, _ := bytes.Cut(rest, []byte("</"+element+">"))
	sum := sha256.Sum256(content)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// samplePage is data for trying a template.
func samplePage(cl *Closure) PageData { return newPageData(cl, defaultStatus, english) }

func renderPage(t *template.Template, d PageData) ([]byte, error) {
	var b bytes.Buffer
	if err := t.Execute(&b, d); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// ownPage is the page of a Config, checked. The zero value is none.
type ownPage struct {
	template *template.Template
	bytes    []byte
	csp      string
}

// newOwnPage checks the page of c, and executes a template with all data and with as
// little as there can be, so that its faults come up now rather than in downtime.
func newOwnPage(c Config) (ownPage, error) {
	p := ownPage{template: c.PageTemplate, bytes: slices.Clone(c.PageBytes), csp: c.PageCSP}
	var errs []error
	fault := func(field string, value any, problem string) {
		errs = append(errs, &FieldError{Field: field, Value: value, Problem: problem})
	}
	if p.template != nil && c.PageBytes != nil {
		fault("PageBytes", fmt.Sprintf("%d bytes", len(c.PageBytes)), "not together with PageTemplate; give one of them")
	}
	if c.PageBytes != nil {
		switch {
		case len(c.PageBytes) == 0:
			fault("PageBytes", nil, "is empty; give the page, or nil for the built-in one")
		case !utf8.Valid(c.PageBytes):
			fault("PageBytes", fmt.Sprintf("%d bytes", len(c.PageBytes)), "want UTF-8, which is what the page is sent as")
		}
	}
	if p.template != nil {
		if t, err := p.template.Clone(); err == nil {
			p.template = t // so that what the caller does to his own has no effect
		}
		now := time.Now()
		for _, cl := range []*Closure{
			{Cause: CausePeriod, Reason: "Moving to a larger database", Since: now, Until: now.Add(time.Hour)},
			{Cause: CauseStarting},
		} {
			if err := p.template.Execute(io.Discard, samplePage(cl)); err != nil {
				fault("PageTemplate", p.template.Name(), "cannot be executed with PageData: "+err.Error())
				break
			}
		}
	}
	if p.csp != "" {
		if p.template == nil && c.PageBytes == nil {
			fault("PageCSP", p.csp, "only together with PageTemplate or PageBytes; the built-in page has its own")
		}
		if strings.IndexFunc(p.csp, func(r rune) bool { return r < 0x20 || r > 0x7e }) >= 0 {
			fault("PageCSP", p.csp, "want printable ASCII, in one line")
		}
	}
	return p, errors.Join(errs...)
}

// render makes the page, and the policy that it is sent with, "" for none. After an
// error, which is the template's, it is the built-in one.
func (p *ownPage) render(d PageData) (page []byte, csp string, err error) {
	if p.bytes != nil {
		return p.bytes, p.csp, nil
	}
	if p.template != nil {
		if page, err = renderPage(p.template, d); err == nil {
			return page, p.csp, nil
		}
		err = fmt.Errorf("PageTemplate failed, so the built-in page is sent: %w", err)
	}
	b := builtin()
	page, problem := renderPage(b.template, d)
	if problem != nil {
		panic("downtime: the built-in page: " + problem.Error()) // it was rendered before, and writes to memory
	}
	return page, b.csp, err
}
