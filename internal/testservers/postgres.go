package testservers

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"testing"
)

// PostgresServer is a PostgreSQL whose superuser is "postgres". Every role can connect without
// a password.
type PostgresServer struct {
	*Server
	psql string
}

// Postgres starts a PostgreSQL with these further arguments, for example
// "-c", "max_connections=20". The start takes some seconds, so tests share a server that they
// do not stop: give each test a [PostgresServer.Database].
func Postgres(t testing.TB, args ...string) *PostgresServer {
	t.Helper()
	const debianPackage = "postgresql"
	initdb, postgres := Program(t, debianPackage, "initdb"), Program(t, debianPackage, "postgres")
	user, err := unprivileged("postgres", "nobody")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{name: "postgres", user: user, quit: quitFast, ready: postgresReady}
	s.command = func(s *Server) []string {
		return append([]string{
			postgres, "-D", filepath.Join(s.Dir, "data"), "-p", strconv.Itoa(s.port),
			"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
			"-c", "fsync=off", // the data is removed with the test
			"-c", "shared_buffers=16MB", "-c", "dynamic_shared_memory_type=mmap",
		}, args...)
	}
	s.prepare = func() error {
		_, err := s.run(t.Context(), initdb, "-D", filepath.Join(s.Dir, "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
		return err
	}
	launch(t, s)
	return &PostgresServer{Server: s, psql: Program(t, debianPackage, "psql")}
}

// Database creates an empty database, and returns its URL for the superuser.
func (s *PostgresServer) Database(t testing.TB) string {
	t.Helper()
	name := freshName()
	s.Exec(t, s.URL("postgres", "postgres"), "CREATE DATABASE "+name)
	return s.URL("postgres", name)
}

// URL connects role to database, without encryption and without a password.
func (s *PostgresServer) URL(role, database string) string {
	return "postgres://" + role + "@" + s.Addr + "/" + database + "?sslmode=disable"
}

// Exec runs statements in the database of that URL, and returns the output of psql: a line for
// each row, with a bar between the values.
func (s *PostgresServer) Exec(t testing.TB, url, statements string) string {
	t.Helper()
	out, err := s.run(t.Context(), s.psql, "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--dbname="+url, "--command="+statements)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// postgresReady logs in as the superuser. A server that is starting refuses the login.
func postgresReady(ctx context.Context, addr string) error {
	conn, err := dial(ctx, addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // the answer has been read
	const protocol = 3 << 16
	message := binary.BigEndian.AppendUint32(nil, protocol)
	message = append(message, "user\x00postgres\x00database\x00postgres\x00\x00"...)
	message = append(binary.BigEndian.AppendUint32(nil, uint32(4+len(message))), message...)
	if _, err := conn.Write(message); err != nil {
		return err
	}
	answer := make([]byte, 1)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return err
	}
	if answer[0] != 'R' {
		rest, _ := io.ReadAll(conn) // only for the message
		return fmt.Errorf("postgres: not yet: %q", rest)
	}
	return nil
}

// freshName is an unused name for a database.
func freshName() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand.Read documents it
	return "t" + hex.EncodeToString(b[:])
}
