//go:build !fileonly

package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/cli"
)

// FuzzOpen: no message shows a password, with any text after it, and an opened store has a
// name.
func FuzzOpen(f *testing.F) {
	for _, rest := range []string{
		"h/db?app=shop", "h:1/2?app=shop&cluster=true", "h/db?app=shop&tls=x&prefix=p_", "h?app=a&app=b", "[::1]:5/db?app=x",
		"h%41/db?app=x", "a@b/db?app=x", "h,i/db?app=shop&target_session_attrs=any", "h/db?app=x&master_name=m", "h/db?host=/tmp&app=x",
		"h/db?app=x#y", "(h)/db?app=x", "h/d%2Fb?app=x&sslmode=require", "h:99999/db?app=x&connect_timeout=-1", "/db?app=x",
	} {
		f.Add(rest)
	}
	const secret = "s3cr3t"
	f.Fuzz(func(t *testing.T, rest string) {
		if strings.Contains(rest, secret) {
			return
		}
		for scheme, open := range map[string]cli.Opener{
			"sqlite": openSQLite, "postgres": openPostgres, "mysql": openMySQL, "redis": openRedis, "rediss": openRedis,
		} {
			st, err := open(t.Context(), scheme+"://u:"+secret+"@"+rest)
			if err != nil {
				require.NotContains(t, err.Error(), secret)
				continue
			}
			require.NotContains(t, st.Info().Name, secret)
			require.NotEmpty(t, st.Info().Application)
			closeStore(t, st)
		}
	})
}
