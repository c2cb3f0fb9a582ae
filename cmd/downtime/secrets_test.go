//go:build !fileonly

package main

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/store"
)

// TestNoErrorRepeatsAPassword in a URL that is refused, wherever it landed. PW and RD are the
// halves of a password that holds a character which has to be escaped.
func TestNoErrorRepeatsAPassword(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"SCHEME://u:PW/RD@h/db?app=a",
		"SCHEME://u:12/RD@h/db?app=a",
		"SCHEME://u:12/RD@h/1?app=a",
		"SCHEME://u:12/3?PW&RD@h/1&app=a",
		"SCHEME://u:12?PW@h/db&app=a",
		"SCHEME://u:12?PW=RD@h/1&app=a",
		"SCHEME://u:12?PW&x=RD@h/1&app=a",
		"SCHEME://u:12#PW@h/db?app=a",
		"SCHEME://u:PW?RD@h/db?app=a",
		"SCHEME://u:PW@RD@h:x/db?app=a",
		"SCHEME://u:PW@RD/x@h/db?app=a",
		"SCHEME://u:PW%zz@h/db?app=a",
		"SCHEME://u:PW RD@h/db?app=a",
		"SCHEME://u:PW@h:port/db?app=a",
		"SCHEME://u:PW@h:99999/db?app=a",
		"SCHEME://u:PW@h,i:1,2/db?app=a",
		"SCHEME://u:PW@h:1,i:2,j:3/db?app=a&port=1,2",
		"SCHEME://u:PW@h:1/db?app=a&sslmode=PW",
		"SCHEME://u@h:1/db?app=a&password=PW&sslmode=maybe",
		"SCHEME://u@h:1/db?app=a&sslpassword=PW&sslmode=maybe",
		"SCHEME://u:PW@h:1/1?app=a&dial_timeout=PW",
		"SCHEME://u:PW@h:1/1?app=a&master_name=m&db=PW",
		"SCHEME://u:PW@h:1/1?app=a&cluster=true&addr=PW",
		"SCHEME://u:PW@h:1/1?app=a&master_name=m&addr=PW",
		"SCHEME://u:PW@h:1/db?app=a&tls=PW",
		"SCHEME://u:PW@h:1/db?app=a&timeout=PW",
		"SCHEME://u:PW@h:1/db?app=a&parseTime=PW",
		"SCHEME://u:PW@h:1/db?app=a&loc=PW",
		"SCHEME://u:PW@h:1/db?app=a&PW%20RD=1",
		"SCHEME://u:PW@h:1/db?app=a&app=PW",
		"SCHEME://u:PW@h:1/db?app=a&target_session_attrs=PW",
		"SCHEME://u:PW@h:1/db?app=a&min_protocol_version=PW",
		"SCHEME://u:PW@h:1/db?app=a&channel_binding=PW",
		"SCHEME://u:PW@h:1/db?app=a&require_auth=PW",
		"SCHEME://u:PW@h:1/db?app=a&connect_timeout=PW",
		"SCHEME://u:PW@h:1/db?app=a&statement_cache_capacity=PW",
		"SCHEME://u:PW@h:1/db?app=a&service=PW",
		"SCHEME://u:PW@h:1/db?app=a&sslrootcert=PW",
		"SCHEME:u:PW@h/db?app=a",
		"SCHEME:x.db?app=a&key=PW",
		"SCHEME:x.db?app=a&password=PW&key=RD",
	} {
		for scheme, open := range map[string]func(string) (store.Store, error){
			"postgres": func(u string) (store.Store, error) { return openPostgres(t.Context(), u) },
			"mysql":    func(u string) (store.Store, error) { return openMySQL(t.Context(), u) },
			"redis":    func(u string) (store.Store, error) { return openRedis(t.Context(), u) },
			"sqlite":   func(u string) (store.Store, error) { return openSQLite(t.Context(), u) },
		} {
			at := strings.NewReplacer("SCHEME", scheme, "PW", "s3cr3t", "RD", "gehe1m").Replace(text)
			st, err := open(at)
			var said string
			if err == nil {
				said = st.Info().Name // as in each later error
				closeStore(t, st)
			} else {
				said = err.Error()
			}
			if scheme == "sqlite" && !strings.Contains(text, "x.db") {
				continue // a path, which messages name
			}
			for _, secret := range []string{"s3cr3t", "gehe1m", url.QueryEscape("s3cr3t gehe1m")} {
				require.NotContains(t, said, secret, text)
			}
		}
	}
}

// TestTheCommandRepeatsNoURL that it cannot take: a password can be anywhere in it.
func TestTheCommandRepeatsNoURL(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"s3cr3t",
		"host=h user=u password=s3cr3t",
		"host=h user=u password=s3cr3t:x",
		"host=::1 password='s3cr3t'",
		"u:s3cr3t@tcp(h:3306)/db",
		"post gres://u:s3cr3t@h/db",
		"file://u:s3cr3t@h/db",
		"file://s3cr3t",
		"://u:s3cr3t@h",
		"oracle://u:s3cr3t@h/db?app=a",
	} {
		for _, run := range []func() (int, string, string){
			func() (int, string, string) { return command(t, []string{"DOWNTIME_STORE=" + text}, "status") },
			func() (int, string, string) { return command(t, nil, "status", "--store", text) },
		} {
			code, stdout, stderr := run()
			require.Equal(t, 2, code, text)
			require.NotContains(t, stdout+stderr, "s3cr3t", text)
		}
	}
}
