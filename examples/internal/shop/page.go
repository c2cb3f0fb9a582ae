package shop

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
)

//go:embed static page.html login.html
var files embed.FS

var pages = template.Must(template.ParseFS(files, "page.html", "login.html"))

// HTML is the content type of [Shop.HomePage] and [LoginPage].
const HTML = "text/html; charset=utf-8"

// HomePage is the public page as user sees it.
func (s *Shop) HomePage(user User) []byte {
	return render("page.html", struct {
		User   User
		Orders []Order
		Ops    string
	}{user, s.Orders(), OpsPath})
}

// LoginPage asks for the password.
func LoginPage() []byte { return render("login.html", nil) }

// Static are the files below /static.
func Static() fs.FS {
	static, err := fs.Sub(files, "static")
	if err != nil {
		panic(err) // "static" is a valid path: fs.Sub fails for nothing else
	}
	return static
}

func render(name string, data any) []byte {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		panic(err) // the templates are part of the program, and tested
	}
	return b.Bytes()
}
