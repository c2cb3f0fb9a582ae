package cli

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPasswordsInURLsAreSeen(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]bool{
		"postgres://u:p@h/db":               true,
		"postgres://u:@h/db":                true,
		"redis://:p@h":                      true,
		"mysql://u:with/slash@h/db":         true,
		"postgres://h/db?app=x&password=p":  true,
		"postgres://h/db?pass%77ord=p":      true,
		"postgres://h/db?SSLPassword=p":     true,
		"postgres://h/db?a%zz=p":            true,
		"postgres://u@h:5432/db?app=x":      false,
		"postgres://h:5432/db?passfile=/x":  false,
		"redis://h:6379/0?app=a@b:c":        false,
		"file:/srv/a:b@c/password=x":        false,
		"file:///srv/downtime.json":         false,
		"sqlite:x.db?app=shop":              false,
		"postgres://[::1]:5432/db?app=shop": false,
	} {
		require.Equal(t, want, hasPassword(url), url)
	}
}

// FuzzHasPassword: each text that net/url takes for a password is one.
func FuzzHasPassword(f *testing.F) {
	for _, text := range []string{"u:p@h/db", ":@h", "u:a@b:c@h/db?app=x", "u%3Ap@h", "h?a=b;password=c", "h?x&%70assword", "h#?password=x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, rest string) {
		text := "postgres://" + rest
		u, err := url.Parse(text)
		if err != nil {
			return
		}
		if _, ok := u.User.Password(); ok {
			require.True(t, hasPassword(text))
		}
		if u.Query().Has("password") {
			require.True(t, hasPassword(text))
		}
	})
}
