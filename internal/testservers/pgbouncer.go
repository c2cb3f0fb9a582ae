package testservers

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// PgBouncerServer is a PgBouncer in transaction mode.
type PgBouncerServer struct{ *Server }

// PgBouncer starts a PgBouncer in front of every database of upstream, in transaction mode,
// with these further lines of configuration, for example "pool_mode = session". The role
// "postgres" can connect without a password.
func PgBouncer(t testing.TB, upstream *PostgresServer, lines ...string) *PgBouncerServer {
	t.Helper()
	path := Program(t, "pgbouncer", "pgbouncer")
	user, err := unprivileged("postgres", "nobody")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{name: "pgbouncer", user: user, quit: quitFast, ready: postgresReady}
	s.command = func(s *Server) []string {
		return []string{path, filepath.Join(s.Dir, "pgbouncer.ini")}
	}
	s.config = func() error {
		users, config := filepath.Join(s.Dir, "users"), filepath.Join(s.Dir, "pgbouncer.ini")
		text := fmt.Sprintf(`[databases]
* = host=127.0.0.1 port=%d
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = trust
auth_file = %s
pool_mode = transaction
default_pool_size = 5
server_login_retry = 1
%s
`, upstream.port, strconv.Itoa(s.port), users, strings.Join(lines, "\n"))
		return errors.Join(
			os.WriteFile(users, []byte(`"postgres" ""`+"\n"), 0o600), os.WriteFile(config, []byte(text), 0o600),
			s.user.own(users), s.user.own(config),
		)
	}
	launch(t, s)
	return &PgBouncerServer{s}
}

// URL connects the role "postgres" to a database of the upstream server.
func (s *PgBouncerServer) URL(database string) string {
	return "postgres://postgres@" + s.Addr + "/" + database + "?sslmode=disable"
}
