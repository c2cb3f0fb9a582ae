//go:build !fileonly

package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
)

// freezer is a server that can stop answering.
type freezer interface{ Freeze(t testing.TB) }

func TestAFrozenServerEndsTheCommandAtItsTimeout(t *testing.T) {
	t.Parallel()
	pg, my, redis := testservers.Postgres(t), testservers.MariaDB(t), testservers.Redis(t)
	for name, test := range map[string]struct {
		url    string
		server freezer
	}{
		"PostgreSQL": {pg.Database(t) + "&app=shop", pg},
		"MariaDB":    {"mysql://root@" + my.Addr + "/" + my.Database(t) + "?app=shop", my},
		"Redis":      {"redis://" + redis.Addr + "?app=shop", redis},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, _, stderr := command(t, nil, "init", "--store", test.url)
			require.Zero(t, code, stderr)
			test.server.Freeze(t)
			for _, args := range [][]string{{"status"}, {"start", "--holder", "x"}, {"fleet"}} {
				code, stdout, stderr := command(t, nil, append(args, "--timeout", "500ms", "--store", test.url)...)
				require.Equal(t, 1, code)
				require.Empty(t, stdout)
				require.Contains(t, stderr, "the store did not answer within 500ms (--timeout)")
			}
		})
	}
}
