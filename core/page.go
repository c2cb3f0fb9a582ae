package core

import (
	"time"

	"github.com/go-downtime/downtime/internal/answer"
)

// PageData is what [Config].PageTemplate is executed with, once for each language when
// downtime begins or changes. The page is kept until the next change and sent to every
// client. Print instants, which stay true, and not the time that is left.
type PageData struct {
	// Reason is the operator's text, plain and possibly of several lines. Control
	// characters and invisible ones are removed. "" means that none was given.
	Reason string
	// Since is when downtime began, in UTC. Zero means unknown.
	Since time.Time
	// Until is when downtime is expected to end, in UTC. Zero means unknown. It may have
	// passed when the page is read: it is an expectation, not a promise.
	Until time.Time
	// Kind is "planned", "emergency", "starting" or "store-lost".
	Kind string
	// Status is the HTTP status that the page is sent with.
	Status int
	// Lang is the negotiated language: "en", "de", "es" or "fr".
	Lang string
	// Text is what the built-in page says, in that language and for that kind.
	Text PageText
}

// PageText is what the built-in page says in one language, for one kind of downtime. With
// it an own template can look different and still speak the visitor's language. Fields
// may be added.
type PageText struct {
	Heading  string // what is the matter, a few words
	Lead     string // the same in a sentence or two
	Since    string // label of the beginning
	Until    string // label of the expected end
	Unknown  string // in place of an unknown expected end
	Overdue  string // to be added once the expected end has passed
	Comeback string // that the page reloads by itself
	Back     string // that the site is back, while it loads
}

// pageData is p as own templates see it.
func pageData(p answer.Page) any {
	return PageData{
		Reason: p.Reason, Since: p.Since, Until: p.Until,
		Kind: p.Kind, Status: p.Status, Lang: p.Lang,
		Text: PageText(p.Text),
	}
}
