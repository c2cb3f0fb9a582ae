package cli

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
)

func TestDefaultActor(t *testing.T) {
	host, err := os.Hostname()
	require.NoError(t, err)
	t.Setenv("SUDO_USER", "alice")
	require.Equal(t, "alice@"+host, defaultActor())
	t.Setenv("SUDO_USER", "")
	require.Contains(t, defaultActor(), "@"+host)
	t.Setenv("SUDO_USER", strings.Repeat("ä", period.MaxNameLen)+"\xff")
	require.LessOrEqual(t, len(defaultActor()), period.MaxNameLen)
	require.True(t, strings.HasPrefix(defaultActor(), "ääää"))
}
