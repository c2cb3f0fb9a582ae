package testservers

import (
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
	return &PgBouncerServer{launch(t, &Server{
		debian: "pgbouncer", program: []string{"pgbouncer"}, account: "postgres",
		quit: quitFast, ready: postgresReady,
		prepare: func(t testing.TB, s *Server) {
			t.Helper()
			s.write(t, "users", `"postgres" ""`+"\n")
		},
		file: "pgbouncer.ini",
		config: func(s *Server) string {
			return fmt.Sprintf(`[databases]
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
		},
		args: []string{"{dir}/pgbouncer.ini"},
	})}
}

// URL connects the role "postgres" to a database of the upstream server.
func (s *PgBouncerServer) URL(database string) string {
	return "postgres://postgres@" + s.Addr + "/" + database + "?sslmode=disable"
}
