package proxies

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
)

// What a client gets through a proxy while the gate refuses.
const (
	passes = "passes" // the refusal of the gate, with its headers, again and again
	lost   = "lost"   // an error of the proxy, without the headers of the gate
	stale  = "stale"  // the page that the proxy has cached, although its time is over
)

// trap is a configuration of a proxy. $LISTEN, $A and $B in it are the addresses of the proxy and of two
// processes of the application. The cure of a trap is another one, which passes.
type trap struct{ gets, config string }

// traps are by proxy and name. docs/proxies.md has the same names.
var traps = map[string]map[string]trap{
	"nginx": {
		"plain": {passes, `upstream $NAME { server $A; server $B; }
			server { listen $LISTEN; location / { proxy_pass http://$NAME; } }`},
		"its own page": {lost, `upstream $NAME { server $A; server $B; }
			server { listen $LISTEN; error_page 503 /sorry; location / { proxy_pass http://$NAME; proxy_intercept_errors on; } location = /sorry { return 503 sorry; } }`},
		"next upstream": {lost, `upstream $NAME { server $A; server $B; }
			server { listen $LISTEN; location / { proxy_pass http://$NAME; proxy_next_upstream error timeout http_503; } }`},
		"next upstream, cured": {passes, `upstream $NAME { server $A max_fails=0; server $B max_fails=0; }
			server { listen $LISTEN; location / { proxy_pass http://$NAME; proxy_next_upstream error timeout http_503; } }`},
		"cache of any status": {passes, `proxy_cache_path $NAME keys_zone=$NAME:1m;
			server { listen $LISTEN; location / { proxy_pass http://$A; proxy_cache $NAME; proxy_cache_valid 200 1s; proxy_cache_valid any 1m; } }`},
		"stale cache": {stale, `proxy_cache_path $NAME keys_zone=$NAME:1m;
			server { listen $LISTEN; location / { proxy_pass http://$A; proxy_cache $NAME; proxy_cache_valid 200 1s; proxy_cache_use_stale error timeout http_503; } }`},
		"stale cache, cured": {passes, `proxy_cache_path $NAME keys_zone=$NAME:1m;
			server { listen $LISTEN; location / { proxy_pass http://$A; proxy_cache $NAME; proxy_cache_valid 200 1s; proxy_cache_use_stale error timeout; } }`},
	},
	"haproxy": {
		"health check, cured": {passes, `  option httpchk GET /healthz
			server a $A check inter 100ms
			server b $B check inter 100ms`},
		"health check": {lost, `  option httpchk GET /
			server a $A check inter 100ms
			server b $B check inter 100ms`},
		"passive check": {lost, `  option httpchk GET /healthz
			server a $A check inter 1s observe layer7 error-limit 3 on-error mark-down
			server b $B check inter 1s observe layer7 error-limit 3 on-error mark-down`},
		"cache": {passes, `  http-request cache-use $NAMEcache
			http-response cache-store $NAMEcache
			server a $A
			cache $NAMEcache
			total-max-size 4
			max-age 1`},
		"retry of a 503": {passes, `  retry-on 503
			server a $A
			server b $B`},
	},
	"caddy": {
		"health check, cured": {passes, "reverse_proxy $A $B {\nhealth_uri /healthz\nhealth_interval 100ms\n}"},
		"health check":        {lost, "reverse_proxy $A $B {\nhealth_uri /\nhealth_interval 100ms\n}"},
		"passive check":       {lost, "reverse_proxy $A $B {\nfail_duration 10s\nunhealthy_status 5xx\n}"},
		"its own page":        {lost, "reverse_proxy $A $B {\n@down status 503\nhandle_response @down {\nrespond sorry 503\n}\n}"},
		"plain":               {passes, "reverse_proxy $A $B"},
	},
	"varnish": { // the probe, and after a bar the subroutine vcl_backend_response
		"health check, cured": {passes, ".probe = { .url = \"/healthz\"; .interval = 100ms; } | set beresp.ttl = 0s;"},
		"health check":        {lost, ".probe = { .url = \"/\"; .interval = 100ms; } | set beresp.ttl = 0s;"},
		"stale cache":         {stale, "| set beresp.ttl = 1s; set beresp.grace = 1h; if (beresp.status >= 500 && bereq.is_bgfetch) { return (abandon); }"},
		"stale cache, cured":  {passes, "| set beresp.ttl = 1s; set beresp.grace = 1h; if (beresp.status >= 500 && beresp.status != 503 && bereq.is_bgfetch) { return (abandon); }"},
		"plain":               {stale, "|"},
		"plain, cured":        {passes, "| if (!beresp.http.Cache-Control) { set beresp.ttl = 0s; }"},
	},
	"apache": {
		"plain": {passes, ""},
		"failonstatus": {passes, `LoadModule proxy_balancer_module /usr/lib/apache2/modules/mod_proxy_balancer.so
			LoadModule lbmethod_byrequests_module /usr/lib/apache2/modules/mod_lbmethod_byrequests.so
			LoadModule slotmem_shm_module /usr/lib/apache2/modules/mod_slotmem_shm.so
			<Proxy balancer://app>
			BalancerMember http://$A retry=10
			BalancerMember http://$B retry=10
			ProxySet failonstatus=503
			</Proxy>
			ProxyPass / balancer://app/`},
		"stale cache": {stale, `LoadModule cache_module /usr/lib/apache2/modules/mod_cache.so
			LoadModule cache_disk_module /usr/lib/apache2/modules/mod_cache_disk.so
			CacheRoot .
			CacheEnable disk /
			CacheDefaultExpire 1
			CacheIgnoreNoLastMod On`},
		"stale cache, cured": {passes, `LoadModule cache_module /usr/lib/apache2/modules/mod_cache.so
			LoadModule cache_disk_module /usr/lib/apache2/modules/mod_cache_disk.so
			CacheRoot .
			CacheEnable disk /
			CacheDefaultExpire 1
			CacheIgnoreNoLastMod On
			CacheStaleOnError Off`},
	},
	"squid": {
		"plain":           {passes, ""},
		"cache of errors": {passes, "negative_ttl 10 minutes"},
	},
}

// set is a trap that listens on an address.
type set struct {
	trap

	proxy, name, addr string
}

// launchTraps starts the proxies: an Apache or a Squid for each of its traps, and one of each other
// proxy for all.
func launchTraps(t *testing.T, s *site) (all []set) {
	t.Helper()
	processes := strings.NewReplacer("$A", s.shops[0].addr, "$B", s.shops[1].addr)
	fill := func(proxy string, each func(name, addr, config string) string) string {
		var config strings.Builder
		n := 0
		for name, trap := range traps[proxy] {
			n++
			port, err := testservers.FreePort(t.Context())
			require.NoError(t, err)
			addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
			all = append(all, set{trap, proxy, name, addr})
			word := "trap" + strconv.Itoa(n)
			text := processes.Replace(strings.NewReplacer("$NAME", word, "$LISTEN", addr).Replace(trap.config))
			config.WriteString(each(word, addr, text) + "\n")
		}
		return config.String()
	}
	ready := func(format string, config string) func(*testservers.Server) string {
		return func(p *testservers.Server) string { return fmt.Sprintf(format, p.Addr) + config }
	}
	testservers.Nginx(t, ready("server { listen %s; return 204; }\n", fill("nginx", func(_, _, config string) string { return config })))
	testservers.HAProxy(t, ready("defaults\n mode http\n timeout connect 5s\n timeout client 50s\n timeout server 50s\nfrontend ready\n bind %s\n", fill("haproxy", func(name, addr, config string) string {
		return fmt.Sprintf("listen %s\n bind %s\n%s\n", name, addr, config)
	})))
	testservers.Caddy(t, ready("http://%s {\nrespond ready\n}\n", fill("caddy", func(_, addr, config string) string {
		return fmt.Sprintf("http://%s {\n%s\n}\n", addr, config)
	})))
	var sockets []string
	vcl := fill("varnish", func(name, addr, config string) string {
		sockets = append(sockets, name+"="+addr)
		host, port, err := net.SplitHostPort(s.shops[0].addr)
		require.NoError(t, err)
		probe, response, _ := strings.Cut(config, "|")
		return fmt.Sprintf(`backend %[1]s { .host = %[2]q; .port = %[3]q; %[4]s }
sub vcl_recv { if (local.socket == "%[1]s") { set req.backend_hint = %[1]s; } }
sub vcl_backend_response { if (bereq.backend == %[1]s) { %[5]s } }`, name, host, port, probe, response)
	})
	testservers.VarnishVCL(t, vcl+"sub vcl_hash { hash_data(local.socket); }\n", sockets...)
	for name, trap := range traps["apache"] {
		all = append(all, set{trap, "apache", name, testservers.Apache(t, s.shops[0].addr, processes.Replace(trap.config)).Addr})
	}
	for name, trap := range traps["squid"] {
		all = append(all, set{trap, "squid", name, testservers.Squid(t, s.shops[0].addr, trap.config).Addr})
	}
	return all
}

// TestARefusalThroughProxies holds the list of docs/proxies.md against the real proxies: each trap
// spoils the refusals of a gate, and each cure lets them pass.
func TestARefusalThroughProxies(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	all := launchTraps(t, s)
	for _, p := range all {
		require.Eventually(t, func() bool { return visit(t, p).status == http.StatusOK }, time.Minute, 10*time.Millisecond, "%s, %s", p.proxy, p.name)
	}
	s.start(t)
	// When the time of a page is over in a cache that refuses afterwards, it is over in all.
	for _, gets := range []string{passes, lost, stale} {
		for _, p := range all {
			if p.gets == gets {
				p.requireDown(t)
			}
		}
	}
	s.end(t)
	for _, p := range all {
		begun := time.Now()
		require.Eventually(t, func() bool { return visit(t, p).status == http.StatusOK }, time.Minute, 10*time.Millisecond, "%s, %s", p.proxy, p.name)
		t.Logf("%s, %s: back after %v", p.proxy, p.name, time.Since(begun).Round(10*time.Millisecond))
	}
}

// visit is a GET of a page through the proxy.
func visit(t *testing.T, p set) answer {
	t.Helper()
	return get(t, p.addr, http.Header{"Accept": {"text/html"}})
}

// requireDown holds what clients get against what the trap says.
func (p set) requireDown(t *testing.T) {
	t.Helper()
	is := func(a answer) string {
		switch {
		case a.status == http.StatusOK:
			return stale
		case a.status == http.StatusServiceUnavailable && a.header.Get("Downtime") == "down;kind=planned" && a.header.Get("Retry-After") != "" &&
			a.header.Get("Cache-Control") == "no-store" && strings.Contains(a.body, "New shelves"):
			return passes
		case a.status >= 500 && a.header.Get("Downtime") == "":
			return lost
		}
		return fmt.Sprintf("%d %v", a.status, a.header)
	}
	begun := time.Now()
	got := func() string { return is(visit(t, p)) }
	require.Eventually(t, func() bool { return got() == p.gets }, time.Minute, 20*time.Millisecond, "%s, %s", p.proxy, p.name)
	t.Logf("%s, %s: %s after %v", p.proxy, p.name, p.gets, time.Since(begun).Round(10*time.Millisecond))
	if p.gets == passes || p.gets == stale {
		for range 20 {
			require.Equal(t, p.gets, got(), "%s, %s", p.proxy, p.name)
		}
	}
}
