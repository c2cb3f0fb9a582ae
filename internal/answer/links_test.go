package answer

import (
	"html"
	"html/template"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLinksOfAReason(t *testing.T) {
	t.Parallel()
	a := func(url string) string { return `<a href="` + url + `" rel="noopener nofollow">` + url + `</a>` }
	for name, test := range map[string]struct{ reason, want string }{
		"none":                              {"Larger <b>disks</b>", "Larger &lt;b&gt;disks&lt;/b&gt;"},
		"one":                               {"See https://status.test/a?b=c&d=e#f for more", "See " + a("https://status.test/a?b=c&amp;d=e#f") + " for more"},
		"http":                              {"http://status.test", a("http://status.test")},
		"capitals":                          {"HTTPS://STATUS.test/", a("HTTPS://STATUS.test/")},
		"a full stop ends the sentence":     {"See https://status.test/a.html. Thanks", "See " + a("https://status.test/a.html") + ". Thanks"},
		"in parentheses":                    {"(https://status.test/a), too", "(" + a("https://status.test/a") + "), too"},
		"parentheses inside":                {"https://status.test/a_(b)!", a("https://status.test/a_(b)") + "!"},
		"in quotes":                         {`"https://status.test/"`, `&#34;` + a("https://status.test/") + `&#34;`},
		"two, in lines":                     {"https://a.test\nhttps://b.test", a("https://a.test") + "\n" + a("https://b.test")},
		"a port":                            {"https://a.test:8443/x", a("https://a.test:8443/x")},
		"beside other letters":              {"请看https://a.test/x。谢谢", "请看" + a("https://a.test/x") + "。谢谢"},
		"the middle of a word":              {"xhttps://a.test", "xhttps://a.test"},
		"a user name":                       {"https://bank.test@evil.test/", "https://bank.test@evil.test/"},
		"a password":                        {"https://bank.test:x@evil.test/", "https://bank.test:x@evil.test/"},
		"no host":                           {"https:///x and https://?q and https://", "https:///x and https://?q and https://"},
		"a port that is none":               {"https://a.test:x/", "https://a.test:x/"},
		"another scheme":                    {"javascript:alert(1) data:text/html,x ftp://a.test //a.test", "javascript:alert(1) data:text/html,x ftp://a.test //a.test"},
		"a scheme inside of another":        {"javascript:https://a.test/%0aalert(1)", "javascript:" + a("https://a.test/%0aalert(1)")},
		"an attribute that ends":            {`https://a.test/"onmouseover="alert(1)`, a("https://a.test/") + `&#34;onmouseover=&#34;alert(1)`},
		"an attribute that ends in a quote": {`https://a.test/'onmouseover='alert(1)`, a("https://a.test/") + `&#39;onmouseover=&#39;alert(1)`},
		"an element that ends":              {`https://a.test/</a><script>alert(1)</script>`, a("https://a.test/") + `&lt;/a&gt;&lt;script&gt;alert(1)&lt;/script&gt;`},
		"a character reference":             {`https://a.test/&quot;x&#34;`, a("https://a.test/&amp;quot;x&amp;#34") + ";"},
		"a backslash":                       {`https:\\a.test https://a.test\@evil.test`, `https:\\a.test ` + a("https://a.test") + `\@evil.test`},
		"an IPv6 address":                   {"https://[::1]/", "https://[::1]/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, template.HTML(test.want), linked(test.reason))
		})
	}
}

// A reason as HTML holds nothing but its text and links to http and https URLs in it.
func FuzzLinks(f *testing.F) {
	for _, seed := range []string{
		"see https://a.test/x_(y)?a=b&c#d.", `<a href="https://a.test">`, "https://a@b", "http://((((", "HTTP://%41.test/\x00\u2028",
	} {
		f.Add(seed)
	}
	anchor := regexp.MustCompile(`<a href="([^"<>']*)" rel="noopener nofollow">([^"<>']*)</a>`)
	f.Fuzz(func(t *testing.T, reason string) {
		reason = cleanReason(reason)
		got := string(linked(reason))
		for _, m := range anchor.FindAllStringSubmatch(got, -1) {
			require.Equal(t, m[1], m[2])
			u, err := url.Parse(html.UnescapeString(m[1]))
			require.NoError(t, err)
			require.Contains(t, []string{"http", "https"}, u.Scheme)
			require.NotEmpty(t, u.Hostname())
			require.Nil(t, u.User)
		}
		text := anchor.ReplaceAllString(got, "$2")
		require.NotRegexp(t, `[<>"']`, text)
		require.Equal(t, reason, html.UnescapeString(text))
		require.LessOrEqual(t, strings.Count(got, "<a "), strings.Count(strings.ToLower(reason), "://"))
	})
}
