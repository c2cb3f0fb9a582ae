package admin

import (
	"bytes"
	"cmp"
	"embed"
	"html/template"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-downtime/downtime/internal/visible"
)

//go:embed templates
var templateFiles embed.FS

var templates = template.Must(template.New("").Funcs(funcs).ParseFS(templateFiles, "templates/*.html"))

// templatesAt are the templates with links below base.
func templatesAt(base string) *template.Template {
	return template.Must(templates.Clone()).Funcs(template.FuncMap{"base": func() string { return base }})
}

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

// Follow is the page that the script loads to update this one.
func (p page) Follow() template.URL {
	to := "schedule"
	switch p.Name {
	case "now":
		to = ""
	case "fleet", "log", "visitors":
		to = p.Name
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
	Denied bool // the client is not authorized and cannot load the style sheet
	Status int
	Title  string
	Detail string
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

// render writes a whole page, or an error if its template fails. It shows the characters that
// operators could not see. Only the exact value of a field keeps them, see field.Exact.
func (s *site) render(w http.ResponseWriter, status int, name string, data any) {
	var b bytes.Buffer
	if err := s.templates.ExecuteTemplate(&b, name, data); err != nil {
		s.log.Error("a template of the operator's page failed", "template", name, "error", err)
		http.Error(w, "The page could not be rendered. The log of the application has the error.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, visible.Text(b.String())) // an error means that the client has gone
}

// funcs are the functions of the templates.
var funcs = template.FuncMap{
	"base":          func() string { return "" }, // see templatesAt
	"style":         func() string { return styleName },
	"script":        func() string { return scriptName },
	"icon":          func() string { return iconName },
	"instant":       func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"count":         count,
	"field":         newField,
	"link":          newLink,
	"holder":        holder,
	"languageName":  languageName,
	"isText":        isText,
	"spokenReasons": spokenReasons,
	"reasons":       func(f form, languages []string) reasonsView { return reasonsView{f, languages} },
	"durations":     func() []choice { return durations },
	"faults":        listFaults,
	"fleetChoices":  func() []choice { return fleetChoices },
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
