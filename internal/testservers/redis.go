package testservers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Redis starts a Redis or Valkey with these further arguments, for example
// "--appendonly", "yes". Without arguments it keeps all data in memory, and loses the data at
// a restart. The start takes some ten milliseconds.
func Redis(t testing.TB, args ...string) *Server {
	t.Helper()
	path := Program(t, "redis-server", "redis-server", "valkey-server")
	s := &Server{name: "redis", quit: quit, ready: redisReady}
	s.command = func(s *Server) []string {
		return append([]string{
			path, "--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--dir", s.Dir,
			"--save", "", "--appendonly", "no", "--daemonize", "no",
		}, args...)
	}
	launch(t, s)
	return s
}

// redisReady waits for an answer other than that the server is loading its data.
func redisReady(ctx context.Context, addr string) error {
	conn, err := dial(ctx, addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // the answer has been read
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

// dial connects for one request, which must be answered within a second.
func dial(ctx context.Context, addr string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}
