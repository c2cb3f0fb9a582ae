package core

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestClientAddrWithoutProxies(t *testing.T) {
	t.Parallel()
	p := ClientAddr("office", []string{"192.0.2.0/24", "198.51.100.7", "2001:db8::/32", "2001:db9::7", "fe80::/10"}, nil)
	require.NoError(t, p.fault("Bypass[0]"))
	for name, tc := range map[string]struct {
		remote string
		want   bool
	}{
		"in a prefix":                           {"192.0.2.77:50000", true},
		"an address":                            {"198.51.100.7:1", true},
		"IPv6 in a prefix":                      {"[2001:db8:1::1]:50000", true},
		"an IPv6 address":                       {"[2001:db9::7]:50000", true},
		"an IPv6 address written out":           {"[2001:0db9:0:0:0:0:0:0007]:50000", true},
		"IPv4 mapped into IPv6":                 {"[::ffff:192.0.2.77]:50000", true},
		"IPv4 mapped into IPv6, in hex":         {"[::ffff:c000:24d]:50000", true},
		"link-local without a zone":             {"[fe80::1]:50000", true},
		"link-local with a zone":                {"[fe80::1%eth0]:50000", false},
		"beside the prefix":                     {"192.0.3.1:50000", false},
		"an address that goes on as text":       {"198.51.100.77:1", false},
		"beside the address":                    {"198.51.100.8:1", false},
		"loopback, which is not in the list":    {"127.0.0.1:1", false},
		"IPv4 embedded otherwise":               {"[64:ff9b::192.0.2.77]:1", false},
		"a mapped address with a zone":          {"[::ffff:192.0.2.77%eth0]:1", false},
		"an address without a port":             {"192.0.2.77", false},
		"an address with a colon":               {"192.0.2.77:", false},
		"a port that is none":                   {"192.0.2.77:http", false},
		"a port that is too large":              {"192.0.2.77:65536", false},
		"a Unix socket":                         {"@", false},
		"a named Unix socket":                   {"/run/app.sock", false},
		"nothing":                               {"", false},
		"a name":                                {"localhost:80", false},
		"leading zeros, which some read octal":  {"192.0.02.77:1", false},
		"a number":                              {"3221226061:1", false},
		"IPv6 without brackets":                 {"2001:db9::7", false},
		"white space":                           {" 192.0.2.77:1", false},
		"an address and something behind":       {"192.0.2.77:1, 10.0.0.1", false},
		"a prefix":                              {"192.0.2.0/24:1", false},
		"brackets around IPv4":                  {"[192.0.2.77]:1", false},
		"a line feed":                           {"192.0.2.77\n:1", false},
		"an address that begins with one named": {"198.51.100.7.example.test:1", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := getRequest(t, "/")
			r.RemoteAddr = tc.remote
			requireAllows(t, tc.want, p, r)
		})
	}
}

// Without trusted proxies the peer is the client. Headers of the client do not count.
func TestClientAddrIgnoresHeadersFromVisitors(t *testing.T) {
	t.Parallel()
	const allowed = "192.0.2.77"
	for _, proxies := range [][]string{nil, {}, {"10.0.0.1", "10.1.0.0/16"}} {
		p := ClientAddr("office", []string{allowed}, proxies)
		for _, header := range []string{
			"X-Forwarded-For", "X-Real-Ip", "X-Client-Ip", "True-Client-Ip", "Cf-Connecting-Ip", "X-Originating-Ip",
			"X-Remote-Ip", "X-Remote-Addr", "X-Cluster-Client-Ip", "Fastly-Client-Ip", "X-Appengine-User-Ip", "X-Host",
			"Forwarded", "X-Forwarded", "Forwarded-For", "Client-Ip", "Via", "X-Envoy-External-Address", "Remote-Addr",
		} {
			for _, value := range []string{allowed, allowed + ", 10.0.0.1", "for=" + allowed, allowed + ":1"} {
				r := getRequest(t, "http://"+allowed+"/")
				r.RemoteAddr = "203.0.113.9:1"
				r.Header.Set(header, value)
				requireAllows(t, false, p, r)
			}
		}
	}
}

// Of the headers of a trusted proxy only X-Forwarded-For counts.
func TestClientAddrReadsOneHeader(t *testing.T) {
	t.Parallel()
	p := ClientAddr("office", []string{"192.0.2.77"}, []string{"10.0.0.1"})
	for header, want := range map[string]bool{
		"X-Forwarded-For": true, "X-Real-Ip": false, "Forwarded": false, "True-Client-Ip": false, "Cf-Connecting-Ip": false,
	} {
		r := getRequest(t, "/")
		r.RemoteAddr = "10.0.0.1:1"
		r.Header.Set(header, "192.0.2.77")
		requireAllows(t, want, p, r)
	}
}

func TestClientAddrBehindProxies(t *testing.T) {
	t.Parallel()
	p := ClientAddr("office", []string{"192.0.2.0/24", "2001:db8::/32"}, []string{"10.0.0.0/8", "2001:db9::1", "192.0.2.200"})
	require.NoError(t, p.fault("Bypass[0]"))
	const proxy = "10.0.0.1:443"
	for name, tc := range map[string]struct {
		remote string
		lines  []string
		want   bool
	}{
		"named by the proxy":                      {proxy, []string{"192.0.2.77"}, true},
		"named by an IPv6 proxy":                  {"[2001:db9::1]:1", []string{"192.0.2.77"}, true},
		"named by a proxy mapped into IPv6":       {"[::ffff:10.0.0.1]:1", []string{"192.0.2.77"}, true},
		"an IPv6 client":                          {proxy, []string{"2001:db8::7"}, true},
		"a client mapped into IPv6":               {proxy, []string{"::ffff:192.0.2.77"}, true},
		"a client with its port":                  {proxy, []string{"192.0.2.77:4711"}, true},
		"an IPv6 client with its port":            {proxy, []string{"[2001:db8::7]:4711"}, true},
		"another IPv6 client in brackets":         {proxy, []string{"[2001:db9::7]"}, false},
		"an IPv4 client in brackets":              {proxy, []string{"[192.0.2.77]"}, false},
		"brackets with a zone":                    {proxy, []string{"[2001:db8::7%eth0]"}, false},
		"brackets without an address":             {proxy, []string{"[]"}, false},
		"a bracket":                               {proxy, []string{"["}, false},
		"through two proxies":                     {proxy, []string{"192.0.2.77, 10.9.9.9"}, true},
		"through two proxies, a line each":        {proxy, []string{"192.0.2.77", "10.9.9.9"}, true},
		"white space":                             {proxy, []string{"  192.0.2.77 \t,\t10.9.9.9 "}, true},
		"no white space":                          {proxy, []string{"192.0.2.77,10.9.9.9"}, true},
		"a client who wrote something before":     {proxy, []string{"1.2.3.4, 192.0.2.77"}, true},
		"a client who wrote rubbish before":       {proxy, []string{"'; DROP TABLE, ,unknown, 192.0.2.77"}, true},
		"rubbish in a line before":                {proxy, []string{"\x00", "", "192.0.2.77, 10.9.9.9"}, true},
		"another client":                          {proxy, []string{"203.0.113.9"}, false},
		"another client who wrote an address":     {proxy, []string{"192.0.2.77, 203.0.113.9"}, false},
		"the same, a line each":                   {proxy, []string{"192.0.2.77", "203.0.113.9"}, false},
		"trusted, evil, trusted":                  {proxy, []string{"192.0.2.77, 10.1.1.1, 203.0.113.9, 10.9.9.9"}, false},
		"evil, then a line of a proxy":            {proxy, []string{"192.0.2.77, 203.0.113.9", "10.9.9.9"}, false},
		"no header":                               {proxy, nil, false},
		"an empty header":                         {proxy, []string{""}, false},
		"proxies only":                            {proxy, []string{"10.1.1.1, 10.9.9.9"}, false},
		"a proxy that lies in an allowed prefix":  {proxy, []string{"192.0.2.200"}, false},
		"such a proxy as the peer":                {"192.0.2.200:1", nil, false},
		"a client before such a proxy":            {"192.0.2.200:1", []string{"192.0.2.77, 192.0.2.200"}, true},
		"rubbish where the client should stand":   {proxy, []string{"192.0.2.77, unknown"}, false},
		"rubbish before a proxy":                  {proxy, []string{"192.0.2.77, unknown, 10.9.9.9"}, false},
		"an obfuscated name":                      {proxy, []string{"192.0.2.77, _hidden"}, false},
		"nothing where the client should stand":   {proxy, []string{"192.0.2.77,"}, false},
		"nothing between":                         {proxy, []string{"192.0.2.77, , 10.9.9.9"}, false},
		"an empty line between":                   {proxy, []string{"192.0.2.77", "", "10.9.9.9"}, false},
		"an address with a zone":                  {proxy, []string{"2001:db8::7%eth0"}, false},
		"a mapped address with a zone":            {proxy, []string{"::ffff:192.0.2.77%1"}, false},
		"a prefix":                                {proxy, []string{"192.0.2.0/24"}, false},
		"leading zeros":                           {proxy, []string{"192.0.02.77"}, false},
		"brackets without a port":                 {proxy, []string{"[2001:db8::7]"}, true},
		"quotes":                                  {proxy, []string{`"192.0.2.77"`}, false},
		"the form of Forwarded":                   {proxy, []string{"for=192.0.2.77"}, false},
		"semicolons":                              {proxy, []string{"192.0.2.77; 10.9.9.9"}, false},
		"a line feed":                             {proxy, []string{"192.0.2.77\n"}, false},
		"no proxy of ours":                        {"203.0.113.9:1", []string{"192.0.2.77"}, false},
		"no proxy of ours, who names one":         {"203.0.113.9:1", []string{"192.0.2.77, 10.0.0.1"}, false},
		"straight to us":                          {"192.0.2.77:1", nil, true},
		"straight to us, with a header":           {"192.0.2.77:1", []string{"203.0.113.9"}, true},
		"a proxy with a zone":                     {"[2001:db9::1%eth0]:1", []string{"192.0.2.77"}, false},
		"a proxy's address without a port":        {"10.0.0.1", []string{"192.0.2.77"}, false},
		"a Unix socket":                           {"@", []string{"192.0.2.77"}, false},
		"32 proxies":                              {proxy, []string{"192.0.2.77" + strings.Repeat(",10.1.1.1", 32)}, true},
		"33 proxies":                              {proxy, []string{"192.0.2.77" + strings.Repeat(",10.1.1.1", 33)}, false},
		"32 proxies, a line each":                 {proxy, append([]string{"192.0.2.77"}, repeat("10.1.1.1", 32)...), true},
		"33 proxies, a line each":                 {proxy, append([]string{"192.0.2.77"}, repeat("10.1.1.1", 33)...), false},
		"4 KiB":                                   {proxy, []string{strings.Repeat("x", 4096-len("x, 192.0.2.77")) + ", 192.0.2.77"}, true},
		"more than 4 KiB":                         {proxy, []string{strings.Repeat("x", 4096) + ", 192.0.2.77"}, false},
		"more than 4 KiB in many lines":           {proxy, append(repeat("x", 4096), "192.0.2.77"), false},
		"more than 4 KiB in empty lines":          {proxy, append(repeat("", 4096), "192.0.2.77"), false},
		"a client of more than 4 KiB straight on": {"192.0.2.77:1", []string{strings.Repeat("x", 5000)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := getRequest(t, "/")
			r.RemoteAddr = tc.remote
			r.Header["X-Forwarded-For"] = tc.lines
			requireAllows(t, tc.want, p, r)
		})
	}
}

func repeat(s string, n int) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = s
	}
	return lines
}

func TestClientAddrWithoutRequest(t *testing.T) {
	t.Parallel()
	p := ClientAddr("office", []string{"192.0.2.0/24"}, []string{"10.0.0.1"})
	for _, r := range []*http.Request{nil, {}, {RemoteAddr: "10.0.0.1:1"}} {
		yes, panicked := p.allows(t.Context(), r, nil)
		require.False(t, yes)
		require.Nil(t, panicked)
	}
}

func TestClientAddrFaults(t *testing.T) {
	t.Parallel()
	fine := []string{"192.0.2.0/24"}
	for name, tc := range map[string]struct {
		p    Predicate
		want []string
	}{
		"fine":                              {ClientAddr("x", []string{"192.0.2.1", "::ffff:10.0.0.0/104", "::ffff:10.0.0.1", "2001:db8::/32", "127.0.0.1", "::1"}, []string{"172.16.0.0/12"}), nil},
		"allowed holds proxies":             {ClientAddr("x", []string{"10.0.0.0/8"}, []string{"10.0.0.0/16"}), nil},
		"no name":                           {ClientAddr("", fine, nil), []string{"Bypass[1].Name: is blank"}},
		"nil allowed":                       {ClientAddr("x", nil, nil), []string{"Bypass[1].Allowed: is empty"}},
		"empty allowed":                     {ClientAddr("x", []string{}, fine), []string{"Bypass[1].Allowed: is empty"}},
		"every address":                     {ClientAddr("x", []string{"0.0.0.0/0"}, nil), []string{`Bypass[1].Allowed[0]: "0.0.0.0/0": holds every address`}},
		"every address, IPv6":               {ClientAddr("x", []string{"192.0.2.1", "::/0"}, nil), []string{`Bypass[1].Allowed[1]: "::/0": holds every address`}},
		"every address, mapped":             {ClientAddr("x", []string{"::ffff:0:0/96"}, nil), []string{`Bypass[1].Allowed[0]: "::ffff:0:0/96": holds every address`}},
		"every address, from an address":    {ClientAddr("x", []string{"192.0.2.1/0"}, nil), []string{`Bypass[1].Allowed[0]: "192.0.2.1/0": holds every address`}},
		"more than every address":           {ClientAddr("x", []string{"::ffff:0:0/90"}, nil), []string{`Bypass[1].Allowed[0]: "::ffff:0:0/90": has bits set`}},
		"every proxy":                       {ClientAddr("x", fine, []string{"0.0.0.0/0", "::/0"}), []string{"Bypass[1].TrustedProxies[0]:", "Bypass[1].TrustedProxies[1]:"}},
		"an empty entry":                    {ClientAddr("x", []string{""}, []string{""}), []string{"Bypass[1].Allowed[0]: want an address", "Bypass[1].TrustedProxies[0]: want an address"}},
		"a name":                            {ClientAddr("x", []string{"localhost"}, nil), []string{`Bypass[1].Allowed[0]: "localhost": want an address`}},
		"a port":                            {ClientAddr("x", []string{"192.0.2.1:80"}, nil), []string{`Bypass[1].Allowed[0]: "192.0.2.1:80": want an address`}},
		"an asterisk":                       {ClientAddr("x", []string{"192.0.2.*"}, nil), []string{`Bypass[1].Allowed[0]: "192.0.2.*": want an address`}},
		"a part of an address":              {ClientAddr("x", []string{"10.0.0."}, nil), []string{`Bypass[1].Allowed[0]: "10.0.0.": want an address`}},
		"a netmask":                         {ClientAddr("x", []string{"10.0.0.0/255.0.0.0"}, nil), []string{`Bypass[1].Allowed[0]: "10.0.0.0/255.0.0.0": want an address`}},
		"a list in one":                     {ClientAddr("x", []string{"192.0.2.1,192.0.2.2"}, nil), []string{`Bypass[1].Allowed[0]: "192.0.2.1,192.0.2.2": want an address`}},
		"white space":                       {ClientAddr("x", []string{" 192.0.2.1"}, nil), []string{`Bypass[1].Allowed[0]: " 192.0.2.1": want an address`}},
		"a length that is too large":        {ClientAddr("x", []string{"192.0.2.0/33"}, nil), []string{`Bypass[1].Allowed[0]: "192.0.2.0/33": want an address`}},
		"a zone":                            {ClientAddr("x", []string{"fe80::1%eth0"}, nil), []string{`Bypass[1].Allowed[0]: "fe80::1%eth0": has a zone`}},
		"a prefix with a zone":              {ClientAddr("x", []string{"fe80::%eth0/10"}, nil), []string{`Bypass[1].Allowed[0]: "fe80::%eth0/10": want an address`}},
		"the unspecified address":           {ClientAddr("x", []string{"0.0.0.0"}, nil), []string{`Bypass[1].Allowed[0]: "0.0.0.0": is the unspecified address`}},
		"the unspecified address, IPv6":     {ClientAddr("x", []string{"::"}, nil), []string{`Bypass[1].Allowed[0]: "::": is the unspecified address`}},
		"the unspecified address, mapped":   {ClientAddr("x", []string{"::ffff:0.0.0.0"}, nil), []string{`Bypass[1].Allowed[0]: "::ffff:0.0.0.0": is the unspecified address`}},
		"an address where a network stands": {ClientAddr("x", []string{"10.1.2.3/8"}, nil), []string{`Bypass[1].Allowed[0]: "10.1.2.3/8": has bits set beyond its length; want 10.0.0.0/8 for the network, or 10.1.2.3 for the one address`}},
		"a proxy is allowed":                {ClientAddr("x", []string{"10.0.0.1"}, []string{"10.0.0.0/8"}), []string{`Bypass[1].Allowed[0]: "10.0.0.1": is among TrustedProxies`}},
		"all who are allowed are proxies":   {ClientAddr("x", []string{"10.0.0.0/8"}, []string{"10.0.0.0/8"}), []string{`Bypass[1].Allowed[0]: "10.0.0.0/8": is among TrustedProxies`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lines := faultLines(tc.p)
			require.Len(t, lines, len(tc.want), "%q", lines)
			for i, want := range tc.want {
				require.True(t, strings.HasPrefix(lines[i], want), "%q", lines[i])
			}
			if len(tc.want) == 0 {
				return
			}
			for _, remote := range []string{"192.0.2.1:1", "10.0.0.1:1", "127.0.0.1:1", "0.0.0.0:1", "[::1]:1", "", "@"} {
				r := getRequest(t, "/")
				r.RemoteAddr = remote
				r.Header.Set("X-Forwarded-For", "192.0.2.1")
				requireAllows(t, false, tc.p, r)
			}
		})
	}
}

// A proxy on a Unix socket is trusted by explicit choice only.
func TestClientAddrBehindAUnixSocket(t *testing.T) {
	t.Parallel()
	trusting := ClientAddr("office", []string{"192.0.2.0/24"}, []string{"10.0.0.1", "unix"})
	require.NoError(t, trusting.fault(""))
	require.Error(t, ClientAddr("x", []string{"unix"}, nil).fault(""), "every client of the socket")
	careful := ClientAddr("office", []string{"192.0.2.0/24"}, []string{"10.0.0.1"})
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if peer := r.Header.Get("X-Replaced"); peer != "" {
			r.RemoteAddr = peer // as a RealIP middleware does
		}
		yes, _ := trusting.allows(r.Context(), r, nil)
		wrong, _ := careful.allows(r.Context(), r, nil)
		_, _ = fmt.Fprint(w, yes)
		if wrong {
			_, _ = fmt.Fprint(w, ", and also without the entry")
		}
	}))
	require.NoError(t, server.Listener.Close())
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	t.Cleanup(client.CloseIdleConnections)
	for name, tc := range map[string]struct{ forwarded, replaced, want string }{
		"a client":                {"192.0.2.77", "", "true"},
		"another client":          {"203.0.113.9", "", "false"},
		"through a second proxy":  {"192.0.2.77, 10.0.0.1", "", "true"},
		"a forged address before": {"192.0.2.77, 203.0.113.9", "", "false"},
		"no header":               {"", "", "false"},
		"a replaced peer":         {"192.0.2.77", "203.0.113.9", "false"},
		"a replaced peer, port":   {"192.0.2.77", "203.0.113.9:1", "false"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://site.test/", http.NoBody)
		require.NoError(t, err)
		if tc.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tc.forwarded)
		}
		r.Header.Set("X-Replaced", tc.replaced)
		res, err := client.Do(r)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, tc.want, string(body), name)
	}

	tcp := getRequest(t, "/") // a request that only looks like one of a socket
	tcp.RemoteAddr = "@"
	tcp.Header.Set("X-Forwarded-For", "192.0.2.77")
	requireAllows(t, false, trusting, tcp)
}

func TestClientAddrMappedEntries(t *testing.T) {
	t.Parallel()
	p := ClientAddr("x", []string{"::ffff:10.0.0.0/104", "::ffff:192.0.2.1"}, nil)
	require.NoError(t, p.fault(""))
	for remote, want := range map[string]bool{
		"10.200.0.1:1": true, "[::ffff:10.200.0.1]:1": true, "192.0.2.1:1": true, "192.0.2.2:1": false, "11.0.0.1:1": false,
	} {
		r := getRequest(t, "/")
		r.RemoteAddr = remote
		requireAllows(t, want, p, r)
	}
}

// FuzzClientAddr checks that the address that the proxy has added counts, with any text before
// it.
func FuzzClientAddr(f *testing.F) {
	f.Add("192.0.2.77", "203.0.113.9")
	f.Add("192.0.2.77, 10.0.0.1", "unknown")
	f.Add("\x00,,", "192.0.2.77:1")
	f.Add("", "::ffff:192.0.2.77%1")
	p := ClientAddr("office", []string{"192.0.2.0/24"}, []string{"10.0.0.1"})
	office := netip.MustParsePrefix("192.0.2.0/24")
	f.Fuzz(func(t *testing.T, before, last string) {
		r := getRequest(t, "/")
		for _, lines := range [][]string{{before + ",203.0.113.9"}, {before, "203.0.113.9"}, {before, "203.0.113.9", "10.0.0.1"}} {
			r.RemoteAddr = "10.0.0.1:1"
			r.Header["X-Forwarded-For"] = lines
			requireAllows(t, false, p, r)
		}
		r.Header["X-Forwarded-For"] = []string{before, last}
		if yes, panicked := p.allows(r.Context(), r, nil); yes || panicked != nil {
			require.Nil(t, panicked)
			// The address is of the office, or it is a proxy and the text before it counts.
			found := false
			for part := range strings.SplitSeq(before+","+last, ",") {
				addr, ok := parseHop(strings.Trim(part, " \t"))
				found = found || (ok && office.Contains(addr))
			}
			require.True(t, found)
		}
		r.RemoteAddr = last
		if yes, _ := p.allows(r.Context(), r, nil); yes {
			peer, err := netip.ParseAddrPort(last)
			require.NoError(t, err)
			require.True(t, office.Contains(peer.Addr().Unmap()))
		}
	})
}
