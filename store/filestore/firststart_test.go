package filestore_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/store/filestore"
)

func TestAMistypedPathFailsTheFirstStart(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]func(t *testing.T) string{
		"a missing directory": func(t *testing.T) string { t.Helper(); return filepath.Join(t.TempDir(), "no", "downtime.json") },
		"another file": func(t *testing.T) string {
			t.Helper()
			path := filepath.Join(t.TempDir(), "downtime.json")
			require.NoError(t, os.WriteFile(path, []byte("port: 80\n"), 0o600))
			return path
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, err := filestore.New(path(t))
			require.NoError(t, err)
			_, err = core.New(core.Config{Store: st, FirstStart: core.FirstStartFail, Logger: slog.New(slog.DiscardHandler)})
			require.ErrorContains(t, err, st.Info().Name)
			require.Equal(t, 1, strings.Count(err.Error(), st.Info().Name))
		})
	}
}
