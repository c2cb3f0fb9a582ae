package answer

import (
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// Text holds the texts of the built-in page in one language, for one kind of downtime. A field of
// this struct is a key of a catalogue file: NoAnswer is "no_answer".
type Text struct {
	Heading  string // the situation, in a few words
	Lead     string // the same in a sentence or two
	Since    string // label of the beginning
	Until    string // label of the expected end
	Unknown  string // in place of an unknown expected end
	Overdue  string // to be added once the expected end has passed
	Comeback string // that the page checks by itself and reloads
	Back     string // that the site is back, while it loads
	Retry    string // of the button that checks now
	Checking string // after a press of it
	Still    string // its result: the site is down
	NoAnswer string // its result: no answer came

	// These are for a request that sent something, such as a form.
	NotProcessed string // that the request was not processed
	Resend       string // how to send it again
	Watch        string // in place of Comeback: the page checks by itself, and says that the site is back
	Returned     string // in place of Back: the site is back, and the visitor can send again
	GoBack       string // of the button that goes back to the form

	Contact    string // label of the contact
	StatusPage string // text of the link to the status page
}

// messages are all texts in one language.
type messages struct {
	tag         string // RFC 5646
	dir         string // "ltr" or "rtl"
	unavailable string // the title of a 503 in problem details
	colon       string // between a label and its value
	kinds       map[string]Text
}

// kinds are the values of [Facts].Kind.
var kinds = []string{"planned", "emergency", "starting", "store-lost"}

// textKeys are the keys of a [Text] in a catalogue file, in the order of its fields.
var textKeys = func() (keys []string) {
	for field := range reflect.TypeFor[Text]().Fields() {
		var key strings.Builder
		for i, r := range field.Name {
			if i > 0 && unicode.IsUpper(r) {
				key.WriteByte('_')
			}
			key.WriteRune(unicode.ToLower(r))
		}
		keys = append(keys, key.String())
	}
	return keys
}()

// Keys of a catalogue file beside the texts of the page.
const (
	keyReviewedBy  = "reviewed_by"
	keyDirection   = "direction"
	keyColon       = "colon"
	keyUnavailable = "unavailable"
	underText      = "text."  // a text for every kind
	underKinds     = "kinds." // a text for one kind, which has priority
)

// isKey reports whether a catalogue file can hold this key.
func isKey(key string) bool {
	if name, ok := strings.CutPrefix(key, underText); ok {
		return slices.Contains(textKeys, name)
	}
	if rest, ok := strings.CutPrefix(key, underKinds); ok {
		kind, name, _ := strings.Cut(rest, ".")
		return slices.Contains(kinds, kind) && slices.Contains(textKeys, name)
	}
	return slices.Contains([]string{keyReviewedBy, keyDirection, keyColon, keyUnavailable}, key)
}

// newMessages are the texts of a language by their keys, and the keys that are missing.
func newMessages(tag string, texts map[string]string) (m messages, missing []string) {
	m = messages{tag: tag, dir: texts[keyDirection], unavailable: texts[keyUnavailable], colon: texts[keyColon], kinds: map[string]Text{}}
	for _, key := range []string{keyDirection, keyColon, keyUnavailable} {
		if texts[key] == "" {
			missing = append(missing, key)
		}
	}
	for _, kind := range kinds {
		var t Text
		fields := reflect.ValueOf(&t).Elem()
		for i, key := range textKeys {
			text, own := texts[underKinds+kind+"."+key]
			if !own {
				text = texts[underText+key]
			}
			if text == "" {
				missing = append(missing, underKinds+kind+"."+key)
			}
			fields.Field(i).SetString(text)
		}
		m.kinds[kind] = t
	}
	return m, missing
}
