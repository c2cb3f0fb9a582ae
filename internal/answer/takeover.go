package answer

import (
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// takeOver removes the headers that outer middleware has set for another answer: those
// that describe another content, and those that let a cache keep it in spite of
// Cache-Control (RFC 9213, and older ones of proxies). All others stay: CORS, security,
// cookies, request ids. It returns the value of Vary, and whether outer middleware
// encodes the body. If it does, Content-Encoding stays, and the length is unknown.
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

// addVary is values with Accept and Accept-Language added where they are missing. "*"
// includes both. values is not changed.
func addVary(values []string) []string {
	accept, language := false, false
	for _, value := range values {
		for value != "" {
			var name string
			name, value, _ = strings.Cut(value, ",")
			switch name = textproto.TrimString(name); {
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

var varyNegotiation = []string{"Accept, Accept-Language"}
