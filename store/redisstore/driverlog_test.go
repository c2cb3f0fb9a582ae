package redisstore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var began = time.Now()

func TestLinesOfGoRedisGoToTheLoggerAndAreFew(t *testing.T) {
	t.Parallel()
	server, st, _ := written(t)
	server.Kill(t)
	soon(t, func() bool {
		_, err := st.Get(within(t, time.Second), "")
		require.Error(t, err)
		return strings.Contains(driverLines.String(), `level=WARN msg="downtime: store driver" line=`)
	}, "go-redis logs a connection that fails")
	minutes := int(time.Since(began).Minutes()) + 1
	require.LessOrEqual(t, strings.Count(driverLines.String(), "\n"), minutes, "at most one line a minute")
}
