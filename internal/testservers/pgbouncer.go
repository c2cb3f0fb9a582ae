package testservers

import (
	"errors"
	"fmt"
	"path/filepath"
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
	s := launch(t, &Server{
		name: "pgbouncer", users: []string{"postgres", "nobody"}, quit: quitFast, ready: postgresReady,
		config: func(s *Server) error {
			settings := fmt.Sprintf(`[databases]
* = host=127.0.0.1 port=%d
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = trust
auth_file = %s
pool_mode = transaction
default_pool_size = 5
server_login_retry = 1
%s
`, upstream.port, s.port, filepath.Join(s.Dir, "users"), strings.Join(lines, "\n"))
			return errors.Join(s.write("users", `"postgres" ""`+"\n"), s.write("pgbouncer.ini", settings))
		},
		command: func(s *Server) []string { return []string{path, filepath.Join(s.Dir, "pgbouncer.ini")} },
	})
	return &PgBouncerServer{s}
}

// URL connects the role "postgres" to a database of the upstream server.
func (s *PgBouncerServer) URL(database string) string {
	return "postgres://postgres@" + s.Addr + "/" + database + "?sslmode=disable"
}
