package testservers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Apache starts an Apache whose mod_proxy passes every request to backend, host:port.
func Apache(t testing.TB, backend string) *Server {
	t.Helper()
	path := Program(t, "apache2", "apache2")
	user, err := unprivileged("www-data", "nobody")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{name: "apache", user: user, quit: quit, ready: connects}
	config := func() string { return filepath.Join(s.Dir, "apache.conf") }
	s.command = func(*Server) []string { return []string{path, "-DFOREGROUND", "-f", config()} }
	s.config = func() error {
		text := fmt.Sprintf(`ServerName site.test
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
`, s.Dir, s.Addr, backend)
		return errors.Join(os.WriteFile(config(), []byte(text), 0o600), s.user.own(config()))
	}
	launch(t, s)
	return s
}

// Varnish starts a Varnish in front of backend, host:port.
func Varnish(t testing.TB, backend string) *Server {
	t.Helper()
	path := Program(t, "varnish", "varnishd")
	user, err := unprivileged("vcache", "nobody")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{name: "varnish", user: user, quit: quit, ready: connects}
	s.command = func(s *Server) []string {
		return []string{path, "-F", "-j", "none", "-a", s.Addr, "-b", backend, "-n", filepath.Join(s.Dir, "work"), "-s", "malloc,16m"}
	}
	launch(t, s)
	return s
}

// connects waits until the server accepts connections.
func connects(ctx context.Context, addr string) error {
	conn, err := dial(ctx, addr)
	if err != nil {
		return err
	}
	return conn.Close()
}
