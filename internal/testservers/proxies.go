package testservers

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// Nginx starts an nginx. http returns what stands in the http block of its configuration, for the
// address and the directory of the server.
func Nginx(t testing.TB, http func(s *Server) string) *Server {
	t.Helper()
	path := Program(t, "nginx-light", "nginx")
	return launch(t, &Server{
		name: "nginx", users: []string{"www-data", "nobody"}, quit: quit,
		config: func(s *Server) error {
			return s.write("nginx.conf", fmt.Sprintf(`daemon off;
pid pid;
error_log stderr;
worker_processes 1;
events { worker_connections 2048; }
http {
access_log off;
client_body_temp_path body;
proxy_temp_path proxy;
fastcgi_temp_path fastcgi;
uwsgi_temp_path uwsgi;
scgi_temp_path scgi;
%s
}
`, http(s)))
		},
		command: func(s *Server) []string { return []string{path, "-p", s.Dir, "-e", "stderr", "-c", "nginx.conf"} },
	})
}

// HAProxy starts an HAProxy with one thread. sections returns its configuration after "global", for
// the address and the directory of the server. Its stats socket is the file "admin" in the directory.
func HAProxy(t testing.TB, sections func(s *Server) string) *Server {
	t.Helper()
	path := Program(t, "haproxy", "haproxy")
	return launch(t, &Server{
		name: "haproxy", users: []string{"haproxy", "nobody"}, quit: quit,
		config: func(s *Server) error {
			return s.write("haproxy.cfg", "global\n  nbthread 1\n  stats socket "+filepath.Join(s.Dir, "admin")+" level admin\n"+sections(s))
		},
		command: func(s *Server) []string { return []string{path, "-db", "-f", filepath.Join(s.Dir, "haproxy.cfg")} },
	})
}

// Caddy starts a Caddy. sites returns its sites, for the address and the directory of the server.
func Caddy(t testing.TB, sites func(s *Server) string) *Server {
	t.Helper()
	path := Program(t, "caddy", "caddy")
	return launch(t, &Server{
		name: "caddy", users: []string{"caddy", "nobody"}, quit: quit,
		config: func(s *Server) error {
			return s.write("Caddyfile", "{\n\tadmin off\n\tauto_https off\n}\n"+sites(s))
		},
		command: func(s *Server) []string {
			return []string{"/usr/bin/env", "HOME=" + s.Dir, "XDG_DATA_HOME=" + s.Dir, "XDG_CONFIG_HOME=" + s.Dir, path, "run", "--config", filepath.Join(s.Dir, "Caddyfile"), "--adapter", "caddyfile"}
		},
	})
}

// Apache starts an Apache whose mod_proxy passes every request to backend, host:port, with these
// further lines of configuration.
func Apache(t testing.TB, backend string, lines ...string) *Server {
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
%s
ProxyPass / http://%s/
`, s.Dir, s.Addr, strings.Join(lines, "\n"), backend))
		},
		command: func(s *Server) []string {
			return []string{path, "-DFOREGROUND", "-f", filepath.Join(s.Dir, "apache.conf")}
		},
	})
}

// Varnish starts a Varnish in front of backend, host:port.
func Varnish(t testing.TB, backend string) *Server {
	t.Helper()
	host, port, err := net.SplitHostPort(backend)
	if err != nil {
		t.Fatal(err)
	}
	return VarnishVCL(t, fmt.Sprintf("backend app { .host = %q; .port = %q; }\n", host, port))
}

// VarnishVCL starts a Varnish with this program, without its first line. sockets are further addresses
// on which it listens, each as NAME=HOST:PORT.
func VarnishVCL(t testing.TB, vcl string, sockets ...string) *Server {
	t.Helper()
	path := Program(t, "varnish", "varnishd")
	return launch(t, &Server{
		name: "varnish", users: []string{"vcache", "nobody"}, quit: quit,
		config: func(s *Server) error { return s.write("default.vcl", "vcl 4.1;\n"+vcl) },
		command: func(s *Server) []string {
			args := []string{path, "-F", "-j", "none", "-a", s.Addr, "-f", filepath.Join(s.Dir, "default.vcl"), "-n", filepath.Join(s.Dir, "work"), "-s", "malloc,16m"}
			for _, socket := range sockets {
				args = append(args, "-a", socket)
			}
			return args
		},
	})
}

// Squid starts a Squid that passes every request to backend, host:port, and caches in memory, with
// these further lines of configuration.
func Squid(t testing.TB, backend string, lines ...string) *Server {
	t.Helper()
	path := Program(t, "squid", "squid")
	host, port, err := net.SplitHostPort(backend)
	if err != nil {
		t.Fatal(err)
	}
	return launch(t, &Server{
		name: "squid", users: []string{"proxy", "nobody"}, quit: quit,
		config: func(s *Server) error {
			return s.write("squid.conf", fmt.Sprintf(`http_port %s accel defaultsite=site.test
cache_peer %s parent %s 0 no-query no-digest originserver
http_access allow all
never_direct allow all
visible_hostname site.test
pid_filename none
access_log none
cache_log %[4]s/cache.log
coredump_dir %[4]s
memory_cache_shared off
pinger_enable off
shutdown_lifetime 0 seconds
%[5]s
`, s.Addr, host, port, s.Dir, strings.Join(lines, "\n")))
		},
		command: func(s *Server) []string {
			return []string{path, "-N", "-f", filepath.Join(s.Dir, "squid.conf")}
		},
	})
}
