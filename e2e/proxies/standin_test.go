package proxies

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
)

// proxies are the proxies of "downtime page", each with a usual configuration that holds the files of
// the command.
var proxies = map[string]func(t *testing.T, s *site, dir string) *testservers.Server{
	"nginx": func(t *testing.T, s *site, dir string) *testservers.Server {
		t.Helper()
		return testservers.Nginx(t, func(proxy *testservers.Server) string {
			return fmt.Sprintf(`upstream app { server %s max_fails=0; server %s max_fails=0; keepalive 16; }
server {
    listen %s;
    include %s/nginx.conf;
    location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; }
}`, s.shops[0].addr, s.shops[1].addr, proxy.Addr, dir)
		})
	},
	"caddy": func(t *testing.T, s *site, dir string) *testservers.Server {
		t.Helper()
		return testservers.Caddy(t, func(proxy *testservers.Server) string {
			return fmt.Sprintf("http://%s {\n\timport %s/Caddyfile\n\treverse_proxy %s %s\n}\n", proxy.Addr, dir, s.shops[0].addr, s.shops[1].addr)
		})
	},
	"haproxy": func(t *testing.T, s *site, dir string) *testservers.Server {
		t.Helper()
		lines, err := os.ReadFile(filepath.Join(dir, "haproxy.cfg"))
		require.NoError(t, err)
		return testservers.HAProxy(t, func(proxy *testservers.Server) string {
			// The defaults are those of Debian, which have files for errors.
			return fmt.Sprintf(`
defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 50s
    errorfile 502 /etc/haproxy/errors/502.http
    errorfile 503 /etc/haproxy/errors/503.http
    errorfile 504 /etc/haproxy/errors/504.http
frontend site
    bind %s
    default_backend app
backend app
    option httpchk GET /healthz
%s
    server a %s check inter 200ms
    server b %s check inter 200ms
`, proxy.Addr, lines, s.shops[0].addr, s.shops[1].addr)
		})
	},
}

// forms are the forms of the answer: an Accept that asks for one, its type, and its file.
var forms = map[string]struct{ accept, contentType, file string }{
	"page":    {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8", "page%s.html"},
	"problem": {"application/json", "application/problem+json", "problem%s.json"},
	"text":    {"*/*", "text/plain; charset=utf-8", "text%s.txt"},
}

// expected are the bodies that "downtime page" wrote into dir, by form and "-sent".
func expected(t *testing.T, proxy, dir string) map[string]string {
	t.Helper()
	bodies := map[string]string{}
	if proxy == "haproxy" {
		file, err := os.Open(filepath.Join(dir, "answers.map"))
		require.NoError(t, err)
		defer func() { _ = file.Close() }()
		for lines := bufio.NewScanner(file); lines.Scan(); {
			key, value, _ := strings.Cut(lines.Text(), " ")
			if key, ok := strings.CutSuffix(key, "-en"); ok {
				bodies[key] = value
			}
		}
		return bodies
	}
	for form, f := range forms {
		for _, sent := range []string{"", "-sent"} {
			body, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf(f.file, sent)))
			require.NoError(t, err)
			bodies[form+sent] = string(body)
		}
	}
	return bodies
}

// wrong says why got is not the answer in place of the application; "" if it is.
func wrong(got answer, method, form string, bodies map[string]string, kind string) string {
	want := bodies[form]
	if method == http.MethodPost || method == http.MethodPut {
		want = bodies[form+"-sent"]
	}
	for name, value := range map[string]string{
		"Retry-After": "60", "Downtime": "down;kind=" + kind, "Cache-Control": "no-store", "Content-Type": forms[form].contentType,
		"X-Content-Type-Options": "nosniff", "Etag": "", "Last-Modified": "", "Accept-Ranges": "", "Content-Range": "", "X-Downtime-Form": "",
	} {
		if have := strings.Join(got.header[http.CanonicalHeaderKey(name)], "|"); have != value {
			return fmt.Sprintf("%s: %q instead of %q", name, have, value)
		}
	}
	switch {
	case got.status != http.StatusServiceUnavailable:
		return fmt.Sprintf("status %d", got.status)
	case got.length != int64(len(want)):
		return fmt.Sprintf("length %d instead of %d", got.length, len(want))
	case method == http.MethodHead && got.body != "", method != http.MethodHead && got.body != want:
		return "the body: " + got.body
	case !strings.Contains(got.header.Get("Vary"), "Accept"):
		return "no Vary"
	case !strings.Contains(got.header.Get("Content-Security-Policy"), "frame-ancestors 'none'"):
		return "no Content-Security-Policy"
	}
	return ""
}

func TestTheProxyAnswersWhileNoProcessRuns(t *testing.T) {
	t.Parallel()
	for name, launch := range proxies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			dir := s.page(t, name, "--site-name", "Small & Shop", "--contact", "mailto:help@example.com")
			proxy := launch(t, s, dir)
			bodies := expected(t, name, dir)
			require.Len(t, bodies, map[bool]int{true: 7, false: 6}[name == "haproxy"]) // and the name of the language
			types := aRefusalPasses(t, s, proxy.Addr)

			whileItDies(t, s, proxy.Addr, bodies)
			tenThousand(t, proxy.Addr, bodies)
			for accept, contentType := range types {
				got := get(t, proxy.Addr, http.Header{"Accept": {accept}})
				require.Equal(t, http.StatusServiceUnavailable, got.status)
				require.Equal(t, contentType, got.header.Get("Content-Type"), accept)
			}
			whileItStarts(t, s, proxy.Addr, bodies)
			anOperatorForcesIt(t, name, dir, proxy, bodies)
		})
	}
}

// accepts are headers of browsers and of HTTP libraries.
var accepts = []string{
	"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7", // Chromium
	"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",                                                                         // Firefox, Safari
	"*/*",                               // curl, fetch
	"application/json, text/plain, */*", // axios
	"application/json, text/javascript, */*; q=0.01",  // jQuery
	"application/json, */*;q=0.5",                     // HTTPie
	"application/problem+json",                        // an open page
	"application/vnd.api+json", "application/ld+json", //
	"application/json;q=0.9, text/plain;q=0.1", //
	"text/plain", "text/plain, */*;q=0.1", //
	"text/html, application/json;q=0.5",                   //
	"image/avif,image/webp,image/png,image/svg+xml,*/*",   // an image
	"text/css,*/*;q=0.1",                                  // a stylesheet
	"text/event-stream", "application/grpc", "text/vcard", //
}

// aRefusalPasses holds the answer of a gate through the proxy against the one without the proxy. It
// returns the type that a gate chooses for each of accepts.
func aRefusalPasses(t *testing.T, s *site, proxy string) map[string]string {
	t.Helper()
	types := map[string]string{}
	require.Equal(t, http.StatusOK, get(t, proxy, nil).status)
	s.start(t)
	for form, f := range forms {
		header := http.Header{"Accept": {f.accept}}
		direct, through := get(t, s.shops[0].addr, header), get(t, proxy, header)
		require.Equal(t, http.StatusServiceUnavailable, through.status, form)
		require.Contains(t, through.body, "New shelves", form)
		for _, name := range []string{"Downtime", "Cache-Control", "Content-Type", "Content-Language", "Content-Security-Policy", "Vary"} {
			require.Equal(t, direct.header[name], through.header[name], form)
		}
		require.Regexp(t, `^3[0-6]\d$`, through.header.Get("Retry-After"), form)
	}
	for _, accept := range accepts {
		types[accept] = get(t, s.shops[0].addr, http.Header{"Accept": {accept}}).header.Get("Content-Type")
	}
	s.end(t)
	require.Equal(t, http.StatusOK, get(t, proxy, nil).status)
	return types
}

// anOperatorForcesIt makes the proxy answer although the application runs.
func anOperatorForcesIt(t *testing.T, name, dir string, proxy *testservers.Server, bodies map[string]string) {
	t.Helper()
	force := func(on bool) error {
		if on {
			return os.WriteFile(filepath.Join(dir, "down"), nil, 0o600)
		}
		return os.Remove(filepath.Join(dir, "down"))
	}
	if name == "haproxy" {
		force = func(on bool) error {
			state := map[bool]string{true: "maint", false: "ready"}[on]
			conn, err := new(net.Dialer).DialContext(t.Context(), "unix", filepath.Join(proxy.Dir, "admin"))
			if err != nil {
				return err
			}
			defer func() { _ = conn.Close() }()
			_, err = fmt.Fprintf(conn, "set server app/a state %[1]s; set server app/b state %[1]s\n", state)
			if err == nil {
				_, err = io.Copy(io.Discard, conn)
			}
			return err
		}
	}
	require.NoError(t, force(true))
	client := newClient(t)
	for form, f := range forms {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
			got, err := send(t, client, method, "http://"+proxy.Addr+"/healthz", http.Header{"Accept": {f.accept}})
			require.NoError(t, err)
			require.Empty(t, wrong(got, method, form, bodies, "unreachable"), "%s for %s", method, form)
		}
	}
	require.NoError(t, force(false))
	require.Eventually(t, func() bool { return get(t, proxy.Addr, nil).status == http.StatusOK }, time.Minute, 10*time.Millisecond)
}

// whileItDies kills the processes under load. Each answer is that of the application or the one in its
// place.
func whileItDies(t *testing.T, s *site, proxy string, bodies map[string]string) {
	t.Helper()
	client := newClient(t)
	var group sync.WaitGroup
	var served, instead atomic.Int64
	faults := make(chan string, 8)
	for range cap(faults) {
		group.Go(func() {
			for run := 0; run < 100; {
				got, err := send(t, client, http.MethodGet, "http://"+proxy+"/api/orders", http.Header{"Accept": {"application/json"}})
				switch {
				case err != nil:
					faults <- err.Error()
					return
				case got.status == http.StatusOK && got.body == `["tea"]`:
					served.Add(1)
					run = 0
				default:
					if fault := wrong(got, http.MethodGet, "problem", bodies, "unreachable"); fault != "" {
						faults <- fault
						return
					}
					instead.Add(1)
					run++
				}
			}
		})
	}
	require.Eventually(t, func() bool { return served.Load() > 500 || len(faults) > 0 }, time.Minute, time.Millisecond)
	s.kill()
	group.Wait()
	t.Logf("while it died: %d answers of the application, %d in its place", served.Load(), instead.Load())
	if len(faults) > 0 {
		require.Fail(t, <-faults, "and %d more", len(faults))
	}
}

// tenThousand sends 10,000 requests over connections that are kept.
func tenThousand(t *testing.T, proxy string, bodies map[string]string) {
	t.Helper()
	const requests, connections = 10_000, 16
	client := newClient(t)
	methods := []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodGet, http.MethodPut}
	names := []string{"page", "problem", "text"}
	var next, right atomic.Int64
	faults := make(chan string, requests)
	var group sync.WaitGroup
	begun := time.Now()
	for range connections {
		group.Go(func() {
			for n := int(next.Add(1)); n <= requests; n = int(next.Add(1)) {
				method, form := methods[n%len(methods)], names[n/len(methods)%len(names)]
				header := http.Header{"Accept": {forms[form].accept}, "Range": {"bytes=0-9"}, "If-Modified-Since": {"Fri, 01 Jan 2100 00:00:00 GMT"}}
				got, err := send(t, client, method, fmt.Sprintf("http://%s/orders/%d?page=1", proxy, n), header)
				if err != nil {
					faults <- fmt.Sprintf("%d: %s for %s: %v", n, method, form, err)
				} else if fault := wrong(got, method, form, bodies, "unreachable"); fault != "" {
					faults <- fmt.Sprintf("%d: %s for %s: %s", n, method, form, fault)
				} else {
					right.Add(1)
				}
			}
		})
	}
	group.Wait()
	t.Logf("%d of %d answers were right, in %v", right.Load(), requests, time.Since(begun).Round(time.Millisecond))
	if len(faults) > 0 {
		require.Fail(t, <-faults, "and %d more", len(faults))
	}
	require.EqualValues(t, requests, right.Load())
}

// whileItStarts sends requests until both processes have started. Each answer is that of the application
// or the one in its place.
func whileItStarts(t *testing.T, s *site, proxy string, bodies map[string]string) {
	t.Helper()
	client := newClient(t)
	for _, shop := range s.shops {
		shop.begin(t)
	}
	instead, enough := 0, 200
	require.Eventually(t, func() bool {
		for range enough {
			got, err := send(t, client, http.MethodGet, "http://"+proxy+"/api/orders", http.Header{"Accept": {"application/json"}})
			require.NoError(t, err)
			if got.status != http.StatusOK {
				require.Empty(t, wrong(got, http.MethodGet, "problem", bodies, "unreachable"))
				instead++
				return false
			}
			require.Equal(t, `["tea"]`, got.body)
		}
		return true
	}, time.Minute, 5*time.Millisecond)
	t.Logf("%d answers in place of the application while it started", instead)
}
