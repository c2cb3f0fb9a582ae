package admin

import (
	"html/template"
	"time"
)

// funcs are the functions of the templates.
var funcs = template.FuncMap{
	"style":     func() string { return styleName },
	"script":    func() string { return scriptName },
	"icon":      func() string { return iconName },
	"instant":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"count":     count,
	"field":     newField,
	"link":      newLink,
	"holder":    holder,
	"durations": func() []choice { return durations },
}

// link is a link of the navigation.
type link struct {
	Href, Text string
	Here       bool // it leads to the current page
}

// named is a page with a name.
type named interface{ name() string }

func (p page) name() string { return p.Name }

func newLink(p named, name, href, text string) link {
	return link{Href: href, Text: text, Here: p.name() == name}
}

// choice is an option of a list.
type choice struct{ Value, Text string }

// durations are the choices for the expected duration of a start.
var durations = []choice{
	{"5m", "5 minutes"},
	{"10m", "10 minutes"},
	{"15m", "15 minutes"},
	{"30m", "30 minutes"},
	{"1h", "1 hour"},
	{"2h", "2 hours"},
	{"4h", "4 hours"},
	{"8h", "8 hours"},
	{"24h", "24 hours"},
}
