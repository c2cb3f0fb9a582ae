package period

import "regexp"

var language = regexp.MustCompile(`^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$`)

// IsLanguage reports whether tag is a language tag of RFC 5646 in the usual case: a language, and at
// most a script and a region ("de", "pt-BR", "sr-Latn-RS").
func IsLanguage(tag string) bool { return language.MatchString(tag) }

const wantTag = `want a language tag such as "de", "pt-BR" or "zh-Hant"`
