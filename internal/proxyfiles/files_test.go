package proxyfiles

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/answer"
)

func settings(t *testing.T) *answer.Settings {
	t.Helper()
	s, err := answer.New(answer.Options{SiteName: "Shop", Contact: "mailto:help@example.com"})
	require.NoError(t, err)
	return s
}

func TestNoFileHasALeftOver(t *testing.T) {
	t.Parallel()
	for _, proxy := range Proxies {
		set, err := Make(proxy, "/etc/proxy/downtime", settings(t), answer.Facts{Kind: answer.Unreachable}, "")
		require.NoError(t, err)
		require.NotEmpty(t, set.Policy)
		for _, f := range set.Files {
			require.NotEmpty(t, f.Content, f.Name)
			require.NotContains(t, string(f.Content), "<no value>", f.Name)
			if f.Name == set.Config {
				require.NotContains(t, string(f.Content), "{{", f.Name)
				require.Contains(t, string(f.Content), "/etc/proxy/downtime")
				require.Contains(t, string(f.Content), set.Policy+"; frame-ancestors 'none'")
			}
		}
	}
}

func TestHAProxyHasOneLineForEachAnswer(t *testing.T) {
	t.Parallel()
	s := settings(t)
	set, err := Make("haproxy", "/x", s, answer.Facts{Kind: answer.Unreachable}, "")
	require.NoError(t, err)
	require.Equal(t, 7*len(s.LanguageNames()), bytes.Count(set.Files[0].Content, []byte("\n")))
	for line := range strings.Lines(string(set.Files[0].Content)) {
		key, value, ok := strings.Cut(line, " ")
		require.True(t, ok)
		require.Regexp(t, `^((page|problem|text)(-sent)?|language)-[a-z]+(-[a-z]+)?$`, key)
		require.NotEqual(t, "\n", value)
	}
}

func TestAnAnswerThatHAProxyCannotHoldIsRefused(t *testing.T) {
	t.Parallel()
	_, err := Make("haproxy", "/x", settings(t), answer.Facts{Kind: "planned", Reason: strings.Repeat("x", 4000)}, "")
	require.ErrorContains(t, err, "shorten the reason")
}

func TestADirectoryIsPlain(t *testing.T) {
	t.Parallel()
	for dir, plain := range map[string]bool{
		"/etc/nginx/downtime": true, "/srv/a_b-1.2+x@y/Z": true, "": false, "relative": false, "/with blank": false, "/$uri": false, "/a;b": false,
		"/a\"b": false, "/a%b": false, "/a{b": false, "/ä": false, "/a\nb": false, "/a'b": false, "/a#b": false, `/a\b`: false,
	} {
		_, err := Make("nginx", dir, settings(t), answer.Facts{Kind: answer.Unreachable}, "de")
		require.Equal(t, plain, err == nil, dir)
	}
	_, err := Make("apache", "/x", settings(t), answer.Facts{}, "")
	require.ErrorContains(t, err, "want html, nginx, haproxy, caddy")
}
