package answer

import (
	"html/template"
	"io/fs"
	"net/url"
	"time"
)

// Options say how refusals look. The zero value is valid.
type Options struct {
	// Status of a refusal, 400 to 599. Zero means 503.
	Status int
	// RedirectURL is where a GET or HEAD that accepts HTML is redirected to: a path of
	// this site, which must be exempt, or an absolute http(s) URL. "" means no redirect.
	RedirectURL string
	// Exempt reports whether a path of this site is exempt. It checks RedirectURL. Nil
	// means that no path is.
	Exempt func(*url.URL) bool
	// Template renders the page. Nil means the built-in page.
	Template *template.Template
	// TemplateData converts a Page into the data of Template. Nil means the Page itself.
	TemplateData func(Page) any
	// Bytes is the page, sent as it is. Nil means the built-in page. Bytes and Template
	// exclude each other.
	Bytes []byte
	// CORSOrigins may read refusals: origins, or "*".
	CORSOrigins []string
	// CORSCredentials lets their scripts send cookies.
	CORSCredentials bool
	// DefaultFormat is sent to clients that accept anything: "text", "html" or "json". "" means
	// text.
	DefaultFormat string
	// RetryAfterMax caps Retry-After, 1 s to 24 h. Zero means 300 s.
	RetryAfterMax time.Duration
	// RetryAfterSpread is the largest random addition to Retry-After, up to 24 h. Zero means a
	// fifth of the wait, and at least 5 s. A negative value means none.
	RetryAfterSpread time.Duration
	// Messages changes and adds languages, see newCatalog. Nil means the built-in texts.
	Messages fs.FS
	// Languages are the tags of the languages that are used. Nil means all.
	Languages []string
	// DefaultLanguage is sent to clients that ask for no language of Languages. "" means the first
	// of Languages, or "en".
	DefaultLanguage string
	// CSP is the Content-Security-Policy of Template or Bytes. "" means none.
	CSP string
	// SiteName is the name of the site. "" means none.
	SiteName string
	// Contact is where visitors can ask: "mailto:" and an address, a URL as in RedirectURL, or
	// another text. "" means none.
	Contact string
	// StatusURL is a page about the state of the site, a URL as in RedirectURL. "" means none.
	StatusURL string
	// FrameAncestors may show the built-in page in a frame: origins, or "self". Nil means none.
	FrameAncestors []string
}
