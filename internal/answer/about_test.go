package answer

import (
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
)

func TestThePageNamesTheSiteAndWhereToAsk(t *testing.T) {
	t.Parallel()
	o := Options{SiteName: `Fish & <Chips>`, Contact: "mailto:help@shop.test?subject=Down", StatusURL: "https://status.test/"}
	a := testAnswers(t, o, testFacts)
	page := ask(a, http.MethodGet, "/", "Accept", "text/html").Body.String()
	for _, wanted := range []string{
		`<title>Down for maintenance – Fish &amp; &lt;Chips&gt;</title>`, `<p class="site"><bdi dir="auto">Fish &amp; &lt;Chips&gt;</bdi></p>`,
		`<dt>Status page</dt><dd><a href="https://status.test/" dir="auto">status.test</a></dd>`,
		`<dt>Contact</dt><dd><a href="mailto:help@shop.test?subject=Down" dir="auto">help@shop.test</a></dd>`,
	} {
		require.Contains(t, page, wanted)
	}
	text := ask(a, http.MethodGet, "/", "Accept", "text/plain").Body.String()
	require.Contains(t, text, "\nContact: mailto:help@shop.test?subject=Down\nStatus page: https://status.test/\n")

	for contact, wanted := range map[string]string{
		"+49 30 123456":                     `<dd><bdi dir="auto">&#43;49 30 123456</bdi></dd>`,
		"javascript:alert(1)":               `<dd><bdi dir="auto">javascript:alert(1)</bdi></dd>`,
		"Telefon: 123":                      `<dd><bdi dir="auto">Telefon: 123</bdi></dd>`,
		"https://shop.test/help?a=b&c=d":    `<dd><a href="https://shop.test/help?a=b&amp;c=d" dir="auto">shop.test/help?a=b&amp;c=d</a></dd>`,
		"MAILTO:help@shop.test":             `<dd><a href="MAILTO:help@shop.test" dir="auto">help@shop.test</a></dd>`,
		`"><script>alert(1)</script>`:       `<dd><bdi dir="auto">&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;</bdi></dd>`,
		"mailto:a@b.test?body='><script>x(": `<dd><a href="mailto:a@b.test?body=%27%3e%3cscript%3ex%28" dir="auto">a@b.test</a></dd>`,
	} {
		page := ask(testAnswers(t, Options{Contact: contact}, testFacts), http.MethodGet, "/", "Accept", "text/html").Body.String()
		_, page, _ = strings.Cut(page, `id="try"`)
		require.Contains(t, page, wanted)
		require.NotContains(t, page, "Status page</dt>")
	}
	none := ask(testAnswers(t, Options{}, testFacts), http.MethodGet, "/", "Accept", "text/html").Body.String()
	require.Equal(t, 1, strings.Count(none, "<dl>"))
	require.NotContains(t, none, `class="site"`)

	own := template.Must(template.New("own").Parse(`{{.SiteName}}|{{.Contact}}|{{.ContactURL}}|{{.StatusURL}}|{{.ReasonHTML}}`))
	o.Template, o.SiteName = own, "Shop"
	facts := testFacts
	facts.Reason = "See <https://shop.test/>"
	require.Equal(t, `Shop|help@shop.test|mailto:help@shop.test?subject=Down|https://status.test/|See &lt;<a href="https://shop.test/" rel="noopener nofollow">https://shop.test/</a>&gt;`,
		ask(testAnswers(t, o, facts), http.MethodGet, "/", "Accept", "text/html").Body.String())
}

func TestWhatAPageSaysAboutTheSiteIsChecked(t *testing.T) {
	t.Parallel()
	exempt := func(u *url.URL) bool { return u.Path == "/status" }
	_, err := New(Options{StatusURL: "/status", Contact: "/not a path of ours", FrameAncestors: []string{"self", "https://app.test", "https://*.app.test:8443", "http://[::1]:80"}, Exempt: exempt})
	require.NoError(t, err)
	for field, options := range map[string][]Options{
		"SiteName": {{SiteName: "a\nb"}, {SiteName: " a"}, {SiteName: "a\u202eb"}, {SiteName: strings.Repeat("a", maxAbout+1)}},
		"Contact": {
			{Contact: "mailto:"},
			{Contact: "mailto:nobody"},
			{Contact: "mailto:a b@c.test"},
			{Contact: "https://"},
			{Contact: "https://a:b@c.test/"},
			{Contact: "http:x"},
		},
		"StatusURL": {{StatusURL: "status"}, {StatusURL: "/other"}, {StatusURL: "javascript:alert(1)"}, {StatusURL: "//c.test"}, {StatusURL: "https://c.test/ x?y z"}},
		"FrameAncestors[0]": {
			{FrameAncestors: []string{"*"}},
			{FrameAncestors: []string{"'self'"}},
			{FrameAncestors: []string{"https://a.test/"}},
			{FrameAncestors: []string{""}},
			{FrameAncestors: []string{"https://a.test;script-src"}},
			{FrameAncestors: []string{"https://a.test,b.test"}},
			{FrameAncestors: []string{"https://A.test"}},
		},
		"FrameAncestors": {{FrameAncestors: []string{"self"}, Bytes: []byte("x")}},
	} {
		for _, o := range options {
			o.Exempt = exempt
			_, err := New(o)
			var fault *period.FieldError
			require.ErrorAs(t, err, &fault, "%+v", o)
			require.Equal(t, field, fault.Field, "%+v", o)
		}
	}
}

func TestFramesAreAllowedByTheirOrigin(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]Options{
		"'none'":                           {},
		"'self'":                           {FrameAncestors: []string{"self"}},
		"https://app.test 'self' http://b": {FrameAncestors: []string{"https://app.test", "self", "http://b"}},
	} {
		w := ask(testAnswers(t, o, testFacts), http.MethodGet, "/", "Accept", "text/html")
		_, got, _ := strings.Cut(w.Header().Get("Content-Security-Policy"), "; frame-ancestors ")
		require.Equal(t, want, got)
	}
}
