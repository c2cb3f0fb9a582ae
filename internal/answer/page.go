package answer

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // of the built-in page
	"encoding/base64"
	"html/template"
	"net/http"
	"sync"
	"time"
)

// newPage is the data of a page about f in the language of m, for a request that sent something or
// not. Instants are rounded to whole seconds: the beginning down, the end up, so that no client is
// told too early an end.
func (s *Settings) newPage(f Facts, m *messages, sent bool) Page {
	p := Page{
		Reason: cleanReason(f.Reason), Kind: f.Kind, Status: s.status, Lang: m.tag, Dir: m.dir,
		Text: m.kinds[f.Kind], Sent: sent, Kinds: m.kinds,
		SiteName: s.about.site, Contact: s.about.contact, ContactURL: s.about.contactURL, StatusURL: s.about.status,
	}
	p.ReasonHTML = linked(p.Reason)
	if p.ReasonDir = "auto"; p.Reason != "" {
		p.ReasonLang, p.ReasonDir = f.ReasonLang, direction(f.ReasonLang, m)
	}
	if !f.Since.IsZero() {
		p.Since = f.Since.UTC().Truncate(time.Second)
	}
	if !f.Until.IsZero() {
		p.Until = roundUp(f.Until.UTC(), time.Second)
	}
	return p
}

// roundUp is the first multiple of unit that is not before t.
func roundUp(t time.Time, unit time.Duration) time.Time {
	return t.Add(unit - 1).Truncate(unit)
}

//go:embed page.html
var pageHTML string

// builtinPage is the page for Options without one, and its policy without the last value, which
// says who may show it in a frame.
type builtinPage struct {
	template *template.Template
	csp      string
}

var builtin = sync.OnceValue(func() builtinPage {
	b := builtinPage{template: parsePage(nil, "")}
	// The hashes are taken from a rendered page, because html/template may change what is
	// between the tags.
	page := b.render(new(Settings).newPage(Facts{Kind: "planned"}, &builtinCatalog().languages[0], false))
	b.csp = policyOf(page) + "; frame-ancestors "
	return b
})

// parsePage is the built-in page. A gate chooses the language and sends the policy as a header. Then
// languages is nil and policy is "". A page in a file holds both, see [Settings.Standin].
func parsePage(languages *pageLanguages, policy string) *template.Template {
	return template.Must(template.New("page.html").Funcs(template.FuncMap{
		"links":     func() string { return linkPattern },
		"bare":      bare,
		"instant":   func(t time.Time) string { return t.Format(time.RFC3339) },
		"minute":    func(t time.Time) string { return t.Truncate(time.Minute).Format(minuteLayout) },
		"minuteUp":  func(t time.Time) string { return roundUp(t, time.Minute).Format(minuteLayout) },
		"languages": func() *pageLanguages { return languages },
		"policy":    func() string { return policy },
	}).Parse(pageHTML))
}

// policyOf is the Content-Security-Policy of a rendered page, without frame-ancestors.
func policyOf(page []byte) string {
	return "default-src 'none'; style-src " + cspHash(page, "style") + "; script-src " + cspHash(page, "script") +
		"; connect-src 'self'; base-uri 'none'; form-action 'none'"
}

const minuteLayout = "2006-01-02 15:04 UTC"

// render panics if the template fails. It writes to memory, and a test renders it in
// every language and for every kind.
func (b *builtinPage) render(p Page) []byte {
	page, err := execute(b.template, p)
	if err != nil {
		panic("downtime: the built-in page: " + err.Error())
	}
	return page
}

func execute(t *template.Template, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// cspHash is the source expression for the content of the only element of this name.
func cspHash(page []byte, element string) string {
	_, rest, _ := bytes.Cut(page, []byte("<"+element+">"))
	content, _, _ := bytes.Cut(rest, []byte("</"+element+">"))
	sum := sha256.Sum256(content)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

const defaultStatus = http.StatusServiceUnavailable

// pageLanguages are the texts of a page in every language, for the script that chooses one.
type pageLanguages struct {
	Names  map[string]string         `json:"names"`  // see LanguageNames
	Places [][2]string               `json:"places"` // the id of an element and one of its attributes; "" means its text
	Texts  map[string]pageLanguageOf `json:"texts"`  // by tag
}

type pageLanguageOf struct {
	Dir   string   `json:"dir"`
	Words []string `json:"words"` // for each place
}
