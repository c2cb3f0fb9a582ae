package testservers_test

import (
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
)

func TestRedis(t *testing.T) {
	t.Parallel()
	s := testservers.Redis(t, "--appendonly", "yes", "--appendfsync", "always")
	require.Equal(t, "+OK\r\n", ask(t, s, "SET k v\r\n"))
	s.Kill(t)
	_, err := net.DialTimeout("tcp", s.Addr, time.Second)
	require.Error(t, err, "it is dead")
	s.Start(t)
	require.Equal(t, "$1\r\nv\r\n", ask(t, s, "GET k\r\n"), "the same address, the same data")
	s.Stop(t)
	s.Start(t)
	require.Equal(t, "$1\r\nv\r\n", ask(t, s, "GET k\r\n"))
}

func TestAFrozenServerAcceptsConnectionsAndAnswersNothing(t *testing.T) {
	t.Parallel()
	s := testservers.Redis(t)
	s.Freeze(t)
	conn, err := net.Dial("tcp", s.Addr)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = conn.Write([]byte("PING\r\n"))
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(200*time.Millisecond)))
	_, err = conn.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	s.Thaw(t)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	answer := make([]byte, 7)
	_, err = conn.Read(answer)
	require.NoError(t, err)
	require.Equal(t, "+PONG\r\n", string(answer))
}

func TestNoServerIsLeft(t *testing.T) { //nolint:tparallel // the test looks at the end of the subtest
	t.Parallel()
	var s *testservers.Server
	t.Run("a test", func(t *testing.T) {
		s = testservers.Redis(t)
		s.Freeze(t)
	})
	if s == nil {
		t.Skip("no redis")
	}
	_, err := net.DialTimeout("tcp", s.Addr, time.Second)
	require.Error(t, err)
	require.NoDirExists(t, s.Dir)
}

func ask(t *testing.T, s *testservers.Server, question string) string {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = conn.Write([]byte(question))
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	answer := make([]byte, 100)
	n, err := conn.Read(answer)
	require.NoError(t, err)
	return string(answer[:n])
}
