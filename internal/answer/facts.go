package answer

import "time"

// Facts are the facts about the downtime that a refusal contains.
type Facts struct {
	Kind       string            // "planned", "emergency", "starting" or "store-lost"
	Reason     string            // the operator's text; "" means that none was given
	ReasonLang string            // its language (RFC 5646); "" means unknown
	Reasons    map[string]string // the reason in further languages
	Since      time.Time         // beginning of the downtime; zero means unknown
	Until      time.Time         // expected end; zero means unknown
}
