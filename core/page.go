package core

import (
	"html/template"
	"time"

	"github.com/go-downtime/downtime/internal/answer"
)

// PageData is the data of [Config].PageTemplate. The gate executes the template once for each
// language of texts and reason after downtime begins or changes. It keeps the page until the next change and sends it
// to every client. Print instants, which stay true, and not the remaining time.
type PageData struct {
	// Reason is the operator's text, plain and possibly of several lines. Control characters and
	// invisible characters are removed. "" means that none was given.
	Reason string
	// ReasonLang is the language of Reason, a tag such as "de". It can differ from Lang. "" means that
	// it is not known. ReasonDir is the direction of Reason, "ltr", "rtl" or "auto".
	ReasonLang, ReasonDir string
	// Since is when downtime began, in UTC. Zero means unknown.
	Since time.Time
	// Until is when downtime is expected to end, in UTC. Zero means unknown. It may have passed
	// when a visitor reads the page.
	Until time.Time
	// Kind is "planned", "emergency", "starting" or "store-lost".
	Kind string
	// Status is the HTTP status that the page is sent with.
	Status int
	// Lang is the tag of the negotiated language, such as "en" or "zh-Hant". Dir is the direction
	// of its script, "ltr" or "rtl".
	Lang, Dir string
	// Text holds the texts of the built-in page, in that language and for that kind.
	Text PageText
	// Sent is true if the request may have sent something, such as a form: its method is not GET,
	// HEAD, OPTIONS or another safe one. Such a page must not reload by itself, because a reload
	// by GET asks for something else, and the visitor's input would be lost.
	Sent bool
	// ReasonHTML is Reason as HTML: escaped, with links for its http and https URLs.
	ReasonHTML template.HTML
	// SiteName and StatusURL are those of [Config].
	SiteName, StatusURL string
	// Contact is the text of Config.Contact, without "mailto:" or "https://". ContactURL is the
	// target of a link; "" if Contact is only text.
	Contact, ContactURL string
}

// PageText holds the texts of the built-in page in one language, for one kind of downtime. A
// custom template can use them to support every language. Later versions may add fields.
type PageText struct {
	Heading  string // the situation, in a few words
	Lead     string // the same in a sentence or two
	Since    string // label of the beginning
	Until    string // label of the expected end
	Unknown  string // in place of an unknown expected end
	Overdue  string // to be added once the expected end has passed
	Comeback string // says that the page checks by itself and reloads
	Back     string // says that the site is back, while it loads
	Retry    string // of the button that checks now
	Checking string // after a press of it
	Still    string // its result: the site is down
	NoAnswer string // its result: no answer came

	// These are for a request that sent something, such as a form.
	NotProcessed string // says that the request was not processed
	Resend       string // says how to send it again
	Watch        string // in place of Comeback: the page checks by itself, and says that the site is back
	Returned     string // in place of Back: the site is back, and the visitor can send again
	GoBack       string // of the button that goes back to the form

	Contact    string // label of the contact
	StatusPage string // text of the link to the status page
}

// pageData converts p to the data of a custom template.
func pageData(p answer.Page) any {
	return PageData{
		Reason: p.Reason, ReasonLang: p.ReasonLang, ReasonDir: p.ReasonDir, Since: p.Since, Until: p.Until,
		Kind: p.Kind, Status: p.Status, Lang: p.Lang, Dir: p.Dir,
		Text: PageText(p.Text), Sent: p.Sent, ReasonHTML: p.ReasonHTML,
		SiteName: p.SiteName, Contact: p.Contact, ContactURL: p.ContactURL, StatusURL: p.StatusURL,
	}
}
