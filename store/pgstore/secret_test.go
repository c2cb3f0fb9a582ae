package pgstore_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/pgstore"
)

// TestNoErrorRepeatsAPassword in a list of settings that is refused, wherever it landed. PW and
// RD are the halves of a password that holds a character which has to be escaped. The error
// names the setting.
func TestNoErrorRepeatsAPassword(t *testing.T) {
	t.Parallel()
	const noURL, noList = "it is not a URL", "it is not a list of settings"
	for text, want := range map[string]string{
		"postgres://u:PW%zzRD@h/db":                             noURL,
		"postgres://u:PW%@h/db":                                 noURL,
		"postgres://u:PW@h%zz/db":                               noURL,
		"postgres://u:PW@[::1/db":                               noURL,
		"postgres://u:PW@h/db?x":                                noURL,
		"postgres://u:PW@h/db?a=b=RD":                           noURL,
		"postgres://u:PW@h:nope/db":                             "port",
		"postgres://u:PW:RD@h:nope/db":                          "port",
		"postgres://u:PW@RD@h:1/db":                             "has @ after the host",
		"postgres://u:PW/RD@h/db":                               "port",
		"postgres://u:PW/RD@h:1/db?sslmode=maybe":               "port",
		"postgres://u:1/RD@h/db?sslmode=maybe":                  "sslmode",
		"postgres://u:1/RD@h/db":                                "has @ after the host",
		"postgres://u:PW@RD/x@h/db":                             "has @ after the host",
		"postgres://u:PW?RD@h:nope/db":                          "port",
		"postgres://u:PW RD@h:nope/db":                          noURL,
		"postgres://u:PW@h:1,i:2,j/db?port=1,2":                 "port",
		"postgres://u:PW@h:1,i:nope/db":                         "port",
		"postgres://u:PW@h/db?sslmode=maybe":                    "sslmode",
		"postgres://h/db?user=u&password=PW&sslmode=RD":         "sslmode",
		"postgres://h/db?user=u&pass%77ord=PW&sslmode=RD":       "sslmode",
		"postgres://h/db?sslpassword=PW&sslcert=RD":             "sslcert:",
		"postgres://u:PW@h/db?sslmode=verify-ca&sslrootcert=PW": "sslrootcert",
		"postgres://u:PW@h/db?connect_timeout=PW":               "connect_timeout",
		"postgres://u:PW@h/db?target_session_attrs=PW":          "target_session_attrs",
		"postgres://u:PW@h/db?min_protocol_version=PW":          "min_protocol_version",
		"postgres://u:PW@h/db?max_protocol_version=PW":          "max_protocol_version",
		"postgres://u:PW@h/db?channel_binding=PW":               "channel_binding",
		"postgres://u:PW@h/db?require_auth=PW":                  "require_auth",
		"postgres://u:PW@h/db?sslcertmode=PW":                   "sslcertmode",
		"postgres://u:PW@h/db?service=PW":                       "service",
		"postgres://u:PW@h/db?servicefile=/PW&service=RD":       "service",
		"postgres://u:PW@h/db?pool_max_conns=PW":                "pool_max_conns",
		"postgres://u:PW@h/db?pool_max_conn_lifetime=PW":        "pool_max_conn_lifetime",
		"postgres://u:PW@h/db?statement_cache_capacity=PW":      "statement_cache_capacity",
		"postgres://u:PW@h/db?default_query_exec_mode=PW":       "default_query_exec_mode",
		"postgresql://u:PW@h:nope/db":                           "port",
		"postgress://u:PW@h/db":                                 noList,
		"Postgres://u:PW@h/db?x=RD":                             noList,
		"postgres:/u:PW@h/db":                                   noList,
		"u:PW@h/db":                                             noList,
		"PW":                                                    noList,
		"host=h user=u password=PW RD":                          noList,
		"host=h user=u password=PW RD dbname=db":                noList,
		"host=h user=u password='PW RD":                         noList,
		"host=h user=u password='PW'RD' dbname=db":              noList,
		"host=h user=u password='PW\\'RD":                       noList,
		"host=h user=u password = PW RD":                        noList,
		"host=h user=u password=PW port=RD":                     "port",
		"host=h user=u password='PW RD' port=nope":              "port",
		"host=h user=u password='PW RD' sslmode=RD":             "sslmode",
		"host=h user=u password=PW connect_timeout=RD":          "connect_timeout",
		"host=h,i user=u password=PW port=1,2,3":                "port",
		"host=h user=u pass word=PW":                            noList,
		"host=h user=u password=PW =RD":                         noList,
		"host=h user=u password=PW\x00RD":                       noList,
		"postgres://u:PW\x00RD@h/db":                            noURL,
	} {
		dsn := strings.NewReplacer("PW", "s3cr3t", "RD", "gehe1m").Replace(text)
		for field, try := range map[string]func() (*pgstore.Store, error){
			"url": func() (*pgstore.Store, error) { return pgstore.Open(dsn, pgstore.Options{App: "a"}) },
			"ListenURL": func() (*pgstore.Store, error) {
				return pgstore.Open("postgres://h/db", pgstore.Options{App: "a", ListenURL: dsn})
			},
		} {
			_, err := try()
			fault, ok := errors.AsType[*store.FieldError](err)
			require.True(t, ok, "%s %s %v", field, text, err)
			require.Equal(t, field, fault.Field)
			require.ErrorContains(t, err, want, text)
			for _, secret := range []string{"s3cr3t", "gehe1m"} {
				require.NotContains(t, err.Error(), secret, text)
			}
		}
	}
}
