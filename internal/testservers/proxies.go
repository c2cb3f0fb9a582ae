package testservers

import (
	"fmt"
	"path/filepath"
	"testing"
)

// Apache starts an Apache whose mod_proxy passes every request to backend, host:port.
func Apache(t testing.TB, backend string) *Server {
	t.Helper()
	path := Program(t, "apache2", "apache2")
	return launch(t, &Server{
		name: "apache", users: []string{"www-data", "nobody"}, quit: quit,
		config: func(s *Server) error {
			return s.write("apache.conf", fmt.Sprintf(`ServerName site.test
ServerRoot %q
Listen %s
DefaultRuntimeDir .
PidFile pid
ErrorLog error
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
ProxyPass / http://%s/
`, s.Dir, s.Addr, backend))
		},
		command: func(s *Server) []string {
			return []string{path, "-DFOREGROUND", "-f", filepath.Join(s.Dir, "apache.conf")}
		},
	})
}

// Varnish starts a Varnish in front of backend, host:port.
func Varnish(t testing.TB, backend string) *Server {
	t.Helper()
	path := Program(t, "varnish", "varnishd")
	return launch(t, &Server{
		name: "varnish", users: []string{"vcache", "nobody"}, quit: quit,
		command: func(s *Server) []string {
			return []string{path, "-F", "-j", "none", "-a", s.Addr, "-b", backend, "-n", filepath.Join(s.Dir, "work"), "-s", "malloc,16m"}
		},
	})
}
