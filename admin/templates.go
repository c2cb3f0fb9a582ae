package admin

import (
	"bytes"
	"embed"
	"html/template"
	"io"
	"net/http"

	"github.com/go-downtime/downtime/internal/visible"
)

//go:embed templates
var templateFiles embed.FS

var templates = template.Must(template.New("").Funcs(funcs).ParseFS(templateFiles, "templates/*.html"))

// templatesAt are the templates with links below base.
func templatesAt(base string) *template.Template {
	return template.Must(templates.Clone()).Funcs(template.FuncMap{"base": func() string { return base }})
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
	"base":         func() string { return "" }, // see templatesAt
	"style":        func() string { return styleName },
	"script":       func() string { return scriptName },
	"icon":         func() string { return iconName },
	"count":        count,
	"field":        newField,
	"holder":       holder,
	"languageName": languageName,
	"isText":       isText,
	"reasons":      func(f form, languages []string) reasonsView { return reasonsView{f, languages} },
	"durations":    func() []choice { return durations },
	"faults":       listFaults,
	"fleetChoices": func() []choice { return fleetChoices },
}
