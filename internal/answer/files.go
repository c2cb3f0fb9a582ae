package answer

import (
	"html"
	"net/url"
	"regexp" //nolint:depguard // it reads the application's own page at startup, and no request
	"slices"
	"strings"
)

// What a page loads: the URLs of elements, and the URLs in styles.
var (
	pageComment = regexp.MustCompile(`(?s)<!--.*?-->`)
	pageLoads   = regexp.MustCompile(`(?i)<(?:link|script|img|source|video|audio|track|iframe|embed|input)\s[^>]*>`)
	pageLink    = regexp.MustCompile(`(?i)^<link\s`)
	pageRel     = regexp.MustCompile(`(?i)\srel\s*=\s*["']?[^"'>]*\b(?:stylesheet|icon|preload|modulepreload|manifest)\b`)
	pageURL     = regexp.MustCompile(`(?i)\s(?:src|href|poster)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))`)
	styleURL    = regexp.MustCompile(`(?i)(?:url\(\s*|@import\s+)(?:"([^"]*)"|'([^']*)'|([^\s"')]+)\s*\))`)
)

// refusedFiles returns the files that page loads from its own site and that exempt does not pass,
// in their order. It searches the text and is no parser: it serves a warning.
func refusedFiles(page []byte, exempt func(*url.URL) bool) []string {
	page = pageComment.ReplaceAll(page, nil)
	var files []string
	add := func(match [][]byte) {
		for _, group := range match[1:] {
			file := html.UnescapeString(strings.TrimSpace(string(group)))
			u, err := url.Parse(file)
			if file == "" || err != nil || u.Scheme != "" || u.Host != "" || u.Path == "" || slices.Contains(files, file) {
				continue
			}
			if u.Path[0] != '/' || exempt == nil || !exempt(u) {
				files = append(files, file)
			}
		}
	}
	for _, tag := range pageLoads.FindAll(page, -1) {
		if pageLink.Match(tag) && !pageRel.Match(tag) {
			continue // a link to another page
		}
		for _, match := range pageURL.FindAllSubmatch(tag, -1) {
			add(match)
		}
	}
	for _, match := range styleURL.FindAllSubmatch(page, -1) {
		add(match)
	}
	return files
}
