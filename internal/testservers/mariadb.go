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
	install, client := Program(t, debianPackage, "mariadb-install-db"), Program(t, debianPackage, "mariadb", "mysql")
	return &MariaDBServer{client: client, Server: launch(t, &Server{
		debian: debianPackage, program: []string{"mariadbd"}, account: "mysql",
		quit: quit, ready: mariadbReady,
		prepare: func(t testing.TB, s *Server) {
			t.Helper()
			s.run(t, install, "--no-defaults", "--datadir="+filepath.Join(s.Dir, "data"), "--tmpdir="+s.Dir,
				"--auth-root-authentication-method=normal", "--skip-test-db")
		},
		args: append([]string{
			"--no-defaults", "--datadir={dir}/data", "--port={port}", "--bind-address=127.0.0.1", "--skip-name-resolve",
			"--tmpdir={dir}",                    // a server that starts removes temporary files there
			"--socket=socket", "--pid-file=pid", // in the data directory: a socket's path must be short
			"--innodb-flush-log-at-trx-commit=2", "--innodb-buffer-pool-size=32M", // the data is removed with the test
		}, args...),
	})}
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
	return s.run(t, s.client, "--no-defaults", "--host=127.0.0.1", "--port="+strconv.Itoa(s.port), "--user=root",
		"--batch", "--skip-column-names", "--execute="+statements, "--database="+database)
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
