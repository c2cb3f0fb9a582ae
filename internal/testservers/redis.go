package testservers

import (
	"fmt"
	"net"
	"strings"
	"testing"
)

// Redis starts a Redis or Valkey with these further arguments, for example
// "--appendonly", "yes". Without arguments it keeps all data in memory, and loses the data at
// a restart. The start takes some ten milliseconds.
func Redis(t testing.TB, args ...string) *Server {
	t.Helper()
	return launch(t, &Server{
		debian: "redis-server", program: []string{"redis-server", "valkey-server"}, quit: quit, ready: redisReady,
		args: append([]string{
			"--port", "{port}", "--bind", "127.0.0.1", "--dir", "{dir}",
			"--save", "", "--appendonly", "no", "--daemonize", "no",
		}, args...),
	})
}

// redisReady waits for an answer other than that the server is loading its data.
func redisReady(conn net.Conn) error {
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	answer := make([]byte, 256)
	n, err := conn.Read(answer)
	if err != nil {
		return err
	}
	if text := string(answer[:n]); strings.HasPrefix(text, "-LOADING") {
		return fmt.Errorf("redis: %s", strings.TrimSpace(text))
	}
	return nil
}
