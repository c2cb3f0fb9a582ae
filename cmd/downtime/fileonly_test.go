//go:build fileonly

package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/cli"
)

func TestABuildForFilesRefusesOtherStores(t *testing.T) {
	t.Parallel()
	status := func(url string) (code int, out, said string) {
		var stdout, stderr strings.Builder
		code = cli.Main(t.Context(), []string{"status", "--store", url}, nil, &stdout, &stderr, schemes()...)
		return code, stdout.String(), stderr.String()
	}
	code, out, _ := status("file:" + filepath.Join(t.TempDir(), "downtime.json"))
	require.Zero(t, code)
	require.Contains(t, out, "UP")
	code, _, said := status("postgres://db/shop?app=shop")
	require.Equal(t, 2, code)
	require.Contains(t, said, "-tags fileonly")
}
