//go:build !fileonly

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheCommandInAnEmptyImage runs the command where nothing else is: no time zones, no users, no
// shell.
func TestTheCommandInAnEmptyImage(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root, for chroot")
	}
	image := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "fileonly", "-o", filepath.Join(image, "downtime"), ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	in := func(env []string, args ...string) string {
		cmd := exec.CommandContext(t.Context(), "/downtime", append(args, "--store", "file:/s.json")...)
		cmd.Dir, cmd.Env, cmd.SysProcAttr = "/", env, &syscall.SysProcAttr{Chroot: image}
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		return string(out)
	}
	require.Contains(t, in([]string{}, "schedule", "--start", "2097-07-01 02:30", "--tz", "Europe/Berlin", "--for", "1h"), "from 2097-07-01 02:30 UTC+02:00")
	require.Contains(t, in([]string{"TZ=America/Havana"}, "status"), "from 2097-06-30 20:30 UTC-04:00")
}
