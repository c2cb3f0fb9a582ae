package answer

import (
	"maps"
	"slices"
)

// reasons are the reason of one closed state in its languages. The first is for visitors who read
// none of them. It is immutable.
type reasons struct {
	texts  []string // nil if there is only the reason of the facts
	lookup lookup
	usual  []language // by the language of the page: for visitors who ask for none of the languages
}

// newReasons prepares the choice among the reasons of f, so that a request only looks it up.
func newReasons(f Facts, c *catalog) reasons {
	if len(f.Reasons) == 0 {
		return reasons{}
	}
	tags := append([]string{f.ReasonLang}, slices.Sorted(maps.Keys(f.Reasons))...)
	rs := reasons{texts: []string{f.Reason}, lookup: newLookup(tags)}
	for _, tag := range tags[1:] {
		rs.texts = append(rs.texts, f.Reasons[tag])
	}
	for _, tag := range c.lookup.tags {
		l, _ := rs.lookup.find(tag)
		rs.usual = append(rs.usual, l)
	}
	return rs
}

// count is the number of reasons, at least 1.
func (rs *reasons) count() int { return max(len(rs.texts), 1) }

// negotiate chooses the reason by the lines of the Accept-Language header, as the language of the
// page is chosen. If they name none of its languages, the language of the page decides.
func (rs *reasons) negotiate(accept []string, page language) language {
	if rs.texts == nil {
		return 0
	}
	if chosen := rs.lookup.choose(accept); chosen >= 0 {
		return language(chosen)
	}
	return rs.usual[page]
}

// apply returns f with the chosen reason as its only one.
func (rs *reasons) apply(f Facts, chosen language) Facts {
	if rs.texts != nil {
		f.Reason, f.ReasonLang, f.Reasons = rs.texts[chosen], rs.lookup.tags[chosen], nil
	}
	return f
}

// direction is the direction of a reason in this language, as a value of HTML's attribute dir, on a
// page in the language of m.
func direction(tag string, m *messages) string {
	if tag == m.tag {
		return m.dir
	}
	c := builtinCatalog()
	if l, ok := c.lookup.find(tag); ok {
		return c.languages[l].dir
	}
	return "auto"
}
