package answer

import (
	"html"
	"html/template"
	"net/url"
	"regexp" //nolint:depguard // it reads the reason of an operator, and no request
	"strings"
)

// linkPattern finds URLs in a reason, in Go and in the script of the page. A URL is ASCII. It does
// not end with punctuation, and a parenthesis in it is closed in it.
const linkPattern = `\b[Hh][Tt][Tt][Pp][Ss]?://[0-9A-Za-z](?:(?:[` + inLink + `]|\([` + inLink + `]*\))*(?:[#$%&*+\-/0-9=@A-Z_a-z~]|\([` + inLink + `]*\)))?`

const inLink = `!#$%&*+,\-./0-9:;=?@A-Z_a-z~`

var links = regexp.MustCompile(linkPattern)

// linked is the text as HTML, with links for its http and https URLs. A URL with a user name stays
// text: it can pass for the URL of another site.
func linked(text string) template.HTML {
	var b strings.Builder
	end := 0
	for _, at := range links.FindAllStringIndex(text, -1) {
		b.WriteString(html.EscapeString(text[end:at[0]]))
		end = at[1]
		target := html.EscapeString(text[at[0]:end])
		if u, err := url.Parse(text[at[0]:end]); err != nil || u.User != nil || u.Hostname() == "" {
			b.WriteString(target)
			continue
		}
		b.WriteString(`<a href="` + target + `" rel="noopener nofollow">` + target + `</a>`)
	}
	b.WriteString(html.EscapeString(text[end:]))
	return template.HTML(b.String()) //nolint:gosec // every part is escaped
}

// bare is a URL without its scheme, as a page shows it.
func bare(target string) string {
	if _, rest, ok := strings.Cut(target, "://"); ok {
		return strings.TrimSuffix(rest, "/")
	}
	return target
}
