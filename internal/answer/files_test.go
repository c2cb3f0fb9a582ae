package answer

import (
	"html/template"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRefusedFiles(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		page string
		want []string
	}{
		"a style sheet":               {`<link rel="stylesheet" href="/css/site.css">`, []string{"/css/site.css"}},
		"an icon, without quotes":     {`<LINK REL=icon HREF=/favicon.ico>`, []string{"/favicon.ico"}},
		"a script with a query":       {`<script src='/app.js?v=2&amp;m=1'></script>`, []string{"/app.js?v=2&m=1"}},
		"an image, once":              {"<img\n src=\"/a.png\"><img src=\"/a.png\">", []string{"/a.png"}},
		"a path that is not absolute": {`<img src="a.png"><img src="static/b.png">`, []string{"a.png", "static/b.png"}},
		"styles":                      {`<style>@import "/b.css"; a{background:url(/a.png)} b{background: url( '/c.png' )}</style>`, []string{"/b.css", "/a.png", "/c.png"}},
		"an exempt file":              {`<link rel="stylesheet" href="/static/site.css">`, nil},
		"another site":                {`<script src="https://cdn.test/a.js"></script><img src="//cdn.test/a.png">`, nil},
		"data":                        {`<img src="data:image/png;base64,AAAA"><style>a{background:url(data:x)}</style>`, nil},
		"links":                       {`<a href="/status">status</a><link rel="canonical" href="/">`, nil},
		"a fragment":                  {`<img src="#a">`, nil},
		"loaded later":                {`<img data-src="/a.png">`, nil},
		"a comment":                   {`<!-- <img src="/a.png"> -->`, nil},
		"broken":                      {`<img src="/a.png`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			exempt := func(u *url.URL) bool { return u.Path == "/static/site.css" || u.Path == "static/b.png" }
			s, err := New(Options{Bytes: []byte(tc.page), Exempt: exempt})
			require.NoError(t, err)
			require.Equal(t, tc.want, s.RefusedFiles())
		})
	}
	s, err := New(Options{Template: template.Must(template.New("").Parse(`{{if .Until.IsZero}}<img src="/late.png">{{else}}<img src="/soon.png">{{end}}`))})
	require.NoError(t, err)
	require.Equal(t, []string{"/soon.png", "/late.png"}, s.RefusedFiles())
	s, err = New(Options{})
	require.NoError(t, err)
	require.Nil(t, s.RefusedFiles())
}
