package testservers

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"testing"
)

// MariaDBServer is a MariaDB (or MySQL) whose user "root" needs no password.
type MariaDBServer struct {
	*Server
	client string
}

// MariaDB starts a MariaDB with these further arguments, for example "--read-only=1". The
// start takes some seconds, so tests share a server that they do not stop: give each test a
// [MariaDBServer.Database].
func MariaDB(t testing.TB, args ...string) *MariaDBServer {
	t.Helper()
	const debianPackage = "mariadb-server"
	install, daemon := Program(t, debianPackage, "mariadb-install-db"), Program(t, debianPackage, "mariadbd")
	s := launch(t, &Server{
		name: "mariadb", users: []string{"mysql", "nobody"}, quit: quit, ready: mariadbReady,
		prepare: func(s *Server) error {
			_, err := s.run(t.Context(), install, "--no-defaults", "--datadir="+filepath.Join(s.Dir, "data"), "--tmpdir="+s.Dir, "--auth-root-authentication-method=normal", "--skip-test-db")
			return err
		},
		command: func(s *Server) []string {
			return append([]string{
				daemon, "--no-defaults", "--datadir=" + filepath.Join(s.Dir, "data"), "--port=" + strconv.Itoa(s.port),
				"--tmpdir=" + s.Dir, // a server that starts removes temporary files there
				"--bind-address=127.0.0.1", "--skip-name-resolve",
				"--socket=socket", "--pid-file=pid", // in the data directory: a socket's path must be short
				"--innodb-flush-log-at-trx-commit=2", "--innodb-buffer-pool-size=32M", // the data is removed with the test
			}, args...)
		},
	})
	return &MariaDBServer{Server: s, client: Program(t, debianPackage, "mariadb", "mysql")}
}

// Database creates an empty database, and returns its name.
func (s *MariaDBServer) Database(t testing.TB) string {
	t.Helper()
	name := freshName()
	s.Exec(t, "", "CREATE DATABASE "+name)
	return name
}

// Exec runs statements in the database, as root, and returns their results: a line for each
// row, with a tab between the values.
func (s *MariaDBServer) Exec(t testing.TB, database, statements string) string {
	t.Helper()
	out, err := s.run(
		t.Context(), s.client, "--no-defaults", "--host=127.0.0.1", "--port="+strconv.Itoa(s.port), "--user=root",
		"--batch", "--skip-column-names", "--execute="+statements, "--database="+database,
	)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// mariadbReady waits for the server's greeting.
func mariadbReady(conn net.Conn) error {
	greeting := make([]byte, 5)
	if _, err := io.ReadFull(conn, greeting); err != nil {
		return err
	}
	const refused = 0xff
	if greeting[4] == refused {
		return fmt.Errorf("mariadb: not yet: %q", greeting)
	}
	return nil
}
