package core

import (
	"net/http"
	"slices"
	"strings"
)

// takeOver removes the headers that an outer middleware has set for the answer that it
// expected, and that would be wrong about this one: what describes another content, and
// what lets a cache keep it in spite of Cache-Control (RFC 9213, and the older ways of
// proxies). All others stay: CORS, security, cookies, request ids. It returns the value
// of Vary, and whether somebody outside encodes what is written: then the length is not
// known, and Content-Encoding, which is theirs, is true.
func takeOver(h http.Header) (vary []string, encoded bool) {
	vary = varyNegotiation
	for name, values := range h {
		switch name {
		case "Vary":
			vary = addVary(values)
		case "Content-Encoding":
			encoded = len(values) > 0
		case "Accept-Ranges", "Content-Disposition", "Content-Location", "Content-Range",
			"ETag", "Etag", "Expires", "Last-Modified",
			"Cdn-Cache-Control", "CDN-Cache-Control", "Surrogate-Control", "X-Accel-Expires":
			delete(h, name)
		default:
			const targeted = "-Cdn-Cache-Control"
			if len(name) > len(targeted) && strings.EqualFold(name[len(name)-len(targeted):], targeted) {
				delete(h, name)
			}
		}
	}
	if encoded {
		delete(h, "Content-Length")
	}
	return vary, encoded
}

// addVary is values and what they lack of Accept and Accept-Language. "*" already says
// more. values is not changed.
func addVary(values []string) []string {
	accept, language := false, false
	for _, value := range values {
		for value != "" {
			var name string
			name, value, _ = strings.Cut(value, ",")
			switch name = trimSpace(name); {
			case name == "*":
				return values
			case strings.EqualFold(name, "Accept"):
				accept = true
			case strings.EqualFold(name, "Accept-Language"):
				language = true
			}
		}
	}
	missing := varyNegotiation[0]
	switch {
	case accept && language:
		return values
	case accept:
		missing = "Accept-Language"
	case language:
		missing = "Accept"
	}
	if len(values) == 0 {
		return varyNegotiation
	}
	return append(slices.Clip(values), missing)
}
