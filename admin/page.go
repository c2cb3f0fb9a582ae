package admin

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"

	"github.com/go-downtime/downtime/core"
)

//go:embed templates
var templateFiles embed.FS

var templates = template.Must(template.New("").Funcs(funcs).ParseFS(templateFiles, "templates/*.html"))

// page is what every page shows around its own part.
type page struct {
	seen

	Base   string // the way to the mount's root
	Name   string // of the page, "now" say: which link of the navigation is marked
	Title  string
	Actor  string
	Notice *notice // what the operator has just done
}

// Follow is where the state stands that the page shows, in the same form.
func (p page) Follow() string {
	switch p.Name {
	case "now":
		return "./"
	case "fleet", "log", "visitors":
		return p.Name
	}
	return "schedule"
}

// refused is an error page, which says nothing about the site.
type refused struct {
	Denied bool // to whom the style sheet is denied as well
	Base   string
	Status int
	Title  string
	Detail string
}

// page looks at the store, and makes the frame of the page of this name.
func (s *site) page(w http.ResponseWriter, r *http.Request, name, title string) page {
	actor, _ := s.who(r)
	p := page{seen: s.look(r), Base: "./", Name: name, Title: title, Actor: actor}
	if !r.URL.Query().Has("follow") { // the script asks again, and again
		p.Notice = takeNotice(w, r)
	}
	return p
}

// render writes a page. It is written whole or not at all.
func (s *site) render(w http.ResponseWriter, status int, name string, data any) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, data); err != nil {
		s.log.Error("admin: a template failed", "template", name, "error", err)
		http.Error(w, "The page could not be made. The log of the application says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // an error means that the client has gone
}

// holder is whose a period is, for people; who made it, where nobody holds it.
func holder(p core.Period) string {
	switch {
	case p.Holder != "":
		return p.Holder
	case p.CreatedBy != "":
		return p.CreatedBy
	}
	return "somebody unknown"
}
