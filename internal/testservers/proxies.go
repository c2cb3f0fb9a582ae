package testservers

import (
	"fmt"
	"net"
	"strings"
	"testing"
)

// Nginx starts an nginx. http returns what stands in the http block of its configuration, for the
// address and the directory of the server.
func Nginx(t testing.TB, http func(s *Server) string) *Server {
	t.Helper()
	return launch(t, &Server{
		debian: "nginx-light", program: []string{"nginx"}, account: "www-data", quit: quit, file: "nginx.conf",
		config: func(s *Server) string {
			return fmt.Sprintf(`daemon off;
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
`, http(s))
		},
		args: []string{"-p", "{dir}", "-e", "stderr", "-c", "nginx.conf"},
	})
}

// HAProxy starts an HAProxy with one thread. sections returns its configuration after "global", for
// the address and the directory of the server. Its stats socket is the file "admin" in the directory.
func HAProxy(t testing.TB, sections func(s *Server) string) *Server {
	t.Helper()
	return launch(t, &Server{
		debian: "haproxy", program: []string{"haproxy"}, account: "haproxy", quit: quit, file: "haproxy.cfg",
		config: func(s *Server) string {
			return "global\n  nbthread 1\n  stats socket " + s.Dir + "/admin level admin\n" + sections(s)
		},
		args: []string{"-db", "-f", "{dir}/haproxy.cfg"},
	})
}

// Caddy starts a Caddy. sites returns its sites, for the address and the directory of the server.
func Caddy(t testing.TB, sites func(s *Server) string) *Server {
	t.Helper()
	return launch(t, &Server{
		debian: "caddy", program: []string{"caddy"}, account: "caddy", quit: quit, file: "Caddyfile",
		config: func(s *Server) string { return "{\n\tadmin off\n\tauto_https off\n}\n" + sites(s) },
		args:   []string{"run", "--config", "{dir}/Caddyfile", "--adapter", "caddyfile"},
		env:    []string{"HOME={dir}", "XDG_DATA_HOME={dir}", "XDG_CONFIG_HOME={dir}"},
	})
}

// Apache starts an Apache whose mod_proxy passes every request to backend, host:port, with these
// further lines of configuration.
func Apache(t testing.TB, backend string, lines ...string) *Server {
	t.Helper()
	return launch(t, &Server{
		debian: "apache2", program: []string{"apache2"}, account: "www-data", quit: quit, file: "apache.conf",
		config: func(s *Server) string {
			return fmt.Sprintf(`ServerName site.test
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
`, s.Dir, s.Addr, strings.Join(lines, "\n"), backend)
		},
		args: []string{"-DFOREGROUND", "-f", "{dir}/apache.conf"},
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
	args := []string{"-F", "-j", "none", "-n", "{dir}/work", "-f", "{dir}/default.vcl", "-s", "malloc,16m"}
	for _, address := range append([]string{"{addr}"}, sockets...) {
		args = append(args, "-a", address)
	}
	return launch(t, &Server{
		debian: "varnish", program: []string{"varnishd"}, account: "vcache", quit: quit, file: "default.vcl",
		config: func(*Server) string { return "vcl 4.1;\n" + vcl },
		args:   args,
	})
}

// Squid starts a Squid that passes every request to backend, host:port, and caches in memory, with
// these further lines of configuration.
func Squid(t testing.TB, backend string, lines ...string) *Server {
	t.Helper()
	host, port, err := net.SplitHostPort(backend)
	if err != nil {
		t.Fatal(err)
	}
	return launch(t, &Server{
		debian: "squid", program: []string{"squid"}, account: "proxy", quit: quit, file: "squid.conf",
		config: func(s *Server) string {
			return fmt.Sprintf(`http_port %s accel defaultsite=site.test
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
`, s.Addr, host, port, s.Dir, strings.Join(lines, "\n"))
		},
		args: []string{"-N", "-f", "{dir}/squid.conf"},
	})
}
