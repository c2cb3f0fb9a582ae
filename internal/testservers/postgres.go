package testservers

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
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
	initdb, psql := Program(t, debianPackage, "initdb"), Program(t, debianPackage, "psql")
	return &PostgresServer{psql: psql, Server: launch(t, &Server{
		debian: debianPackage, program: []string{"postgres"}, account: "postgres",
		quit: quitFast, ready: postgresReady,
		prepare: func(t testing.TB, s *Server) {
			t.Helper()
			s.run(t, initdb, "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C",
				"--no-sync", "--no-instructions")
		},
		args: append([]string{
			"-D", "data", "-p", "{port}", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
			"-c", "fsync=off", // the data is removed with the test
			"-c", "shared_buffers=16MB", "-c", "dynamic_shared_memory_type=mmap",
		}, args...),
	})}
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
	return s.run(t, s.psql, "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1",
		"--dbname="+url, "--command="+statements)
}

// postgresReady logs in as the superuser. A server that is starting refuses the login.
func postgresReady(conn net.Conn) error {
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
func freshName() string { return "t" + strings.ToLower(rand.Text()) }
