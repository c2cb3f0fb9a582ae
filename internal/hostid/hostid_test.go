package hostid

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThisIsTheSameAtEachCall(t *testing.T) {
	t.Parallel()
	host, boot := This()
	require.NotEmpty(t, host)
	if runtime.GOOS == "linux" {
		require.Regexp(t, `^[0-9a-f-]{36}$`, boot)
	}
	again, sameBoot := This()
	require.Equal(t, host, again)
	require.Equal(t, boot, sameBoot)
}
