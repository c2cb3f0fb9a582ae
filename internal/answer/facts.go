package answer

import (
	"html/template"
	"time"
)

// Facts are the facts about the downtime that a refusal contains.
type Facts struct {
	Kind       string            // "planned", "emergency", "starting" or "store-lost"
	Reason     string            // the operator's text; "" means that none was given
	ReasonLang string            // its language (RFC 5646); "" means unknown
	Reasons    map[string]string // the reason in further languages
	Since      time.Time         // beginning of the downtime; zero means unknown
	Until      time.Time         // expected end; zero means unknown
}

// Page is the data of a page. Core's PageData, which own templates see, has the same fields and
// documents them.
type Page struct {
	Reason string
	// ReasonLang is the language of Reason, "" if it is unknown, and ReasonDir its direction: "ltr",
	// "rtl" or "auto".
	ReasonLang string
	ReasonDir  string

	Since  time.Time
	Until  time.Time
	Kind   string
	Status int
	Lang   string
	Dir    string
	Text   Text
	Sent   bool            // the request sent something
	Kinds  map[string]Text // of every kind, for a page that stays open

	ReasonHTML template.HTML // Reason, escaped, with links
	SiteName   string
	Contact    string
	ContactURL string
	StatusURL  string
}
