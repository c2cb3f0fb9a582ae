//go:build unix

package cli

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// beginSession gives the tests a session of their own where the leader of theirs is outside of
// the container. Without it, each command of a script would be a job of its own.
func beginSession(t *testing.T) {
	t.Helper()
	if id, err := unix.Getsid(0); err == nil && id != 0 {
		return
	}
	_, err := unix.Setsid()
	require.NoError(t, err)
}
