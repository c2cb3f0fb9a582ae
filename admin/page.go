package admin

import (
	"cmp"
	"html/template"
	"net/http"
	"slices"
	"strings"
)

// page is the data that all pages share.
type page struct {
	seen

	Name   string // such as "now"; marks a link of the navigation
	Title  string
	Actor  string
	Notice *notice
	// SiteName and Environment are those of the configuration.
	SiteName, Environment string
	// ZoneCookie is where the script keeps the browser's zone; "" if the operator has picked one,
	// and for the answer to a form. After that the script loads the page again.
	ZoneCookie string
	ZoneFault  string
	// FormID is the form of the page that the time zone belongs to; "" for none.
	FormID string
	// Query is the query of a page that shows a part of a list; "" for none.
	Query string
}

// back are the paths of the pages that the script loads again, and that the form in their footer leads
// back to.
var back = map[string]string{"now": "", "schedule": "schedule", "fleet": "fleet", "log": "log", "visitors": "visitors"}

// Follow is the page that the script loads to update this one: the schedule in place of forms.
func (p page) Follow() template.URL {
	to, ok := back[p.Name]
	if !ok {
		to = "schedule"
	}
	if p.Query != "" {
		to += "?" + p.Query
	}
	return template.URL(to) //nolint:gosec // made of constants and a number
}

// Site names application and environment in the title of each page.
func (p page) Site() string {
	name := cmp.Or(p.SiteName, "downtime")
	if p.Environment != "" {
		name += " (" + p.Environment + ")"
	}
	return name
}

// refused is the data of an error page. It says nothing about the state of the site.
type refused struct {
	Status int
	Title  string // set by [site.refuse]
	Detail string
	Denied bool // the client is not authorized and cannot load the style sheet
}

// page reads the store and returns the data that all pages share.
func (s *site) page(w http.ResponseWriter, r *http.Request, name, title string) page {
	p := page{seen: s.look(r), Name: name, Title: title, Actor: s.operator(r).Actor}
	named := s.namesInStore(p.seen)
	p.SiteName = cmp.Or(s.cfg.Name, named.name, p.Application)
	p.Environment = cmp.Or(s.cfg.Environment, named.environment)
	if !p.Picked && r.Method == http.MethodGet {
		p.ZoneCookie = s.cookieName(browserCookie)
	}
	if !r.URL.Query().Has("follow") { // the script does not show notices
		p.Notice = s.takeNotice(w, r, p.seen)
	}
	return p
}

// names are those of the application and its environment.
type names struct{ name, environment string }

// namesInStore are those in the document. While the document cannot be read, they are the ones that
// were read last.
func (s *site) namesInStore(v seen) names {
	if v.Document != nil {
		s.lastNames.Store(&names{v.Document.Name, v.Document.Environment})
	}
	if last := s.lastNames.Load(); last != nil {
		return *last
	}
	return names{}
}

// Live reports whether the environment serves the public, by its usual names.
func (p page) Live() bool {
	return slices.Contains([]string{"production", "prod", "live"}, strings.ToLower(p.Environment))
}
