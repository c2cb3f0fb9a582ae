package core

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Bounds on X-Forwarded-For. A chain that is longer names nobody.
const (
	maxForwardedLen  = 4096 // bytes, over all lines
	maxForwardedHops = 32
)

// ClientAddr is the predicate that says yes to clients whose address is in allowed:
// addresses ("192.0.2.7", "2001:db8::7") and prefixes ("10.0.0.0/8", "2001:db8::/32").
// allowed must not be empty, nor hold a prefix of length zero; name must not be blank.
//
// With no trustedProxies, which has the same form, the client is the peer of the
// connection, [http.Request].RemoteAddr, and no header takes part. If the peer is a
// trusted proxy, the client is the last address in X-Forwarded-For that is not a
// trusted proxy, all lines of the header together; what a visitor wrote stands before
// it and is never reached. Name exactly the proxies: whoever is in trustedProxies can
// pass as anybody.
//
// Nobody, so the answer is no, is: a client that comes to a trusted proxy and is not
// named by it; a chain that holds anything but addresses up to there, or more than 4 KiB
// or 32 proxies; a peer on a Unix socket; a RemoteAddr that a middleware has replaced
// by an address without a port; an IPv6 address with a zone, which means something on
// one machine only. IPv4 mapped into IPv6 is the IPv4 address.
//
// An address says where a request came from, not who sent it: behind a NAT, a VPN or a
// shared host others have the same. For people prefer [ContextValue], for jobs
// [APIKeyHeader].
func ClientAddr(name string, allowed, trustedProxies []string) Predicate {
	var bad faults
	bad.name(name)
	if len(allowed) == 0 {
		bad.add(".Allowed", nil, "is empty; want at least one address or prefix")
	}
	allow := bad.prefixes(".Allowed", allowed)
	proxies := bad.prefixes(".TrustedProxies", trustedProxies)
	for i, entry := range allowed {
		if proxies.include(allow[i]) {
			bad.add(fmt.Sprintf(".Allowed[%d]", i), entry, "is among TrustedProxies, so it is never the client; name there the proxies alone")
		}
	}
	return Predicate{name: name, faults: bad, check: func(_ context.Context, r *http.Request, _ *asker) bool {
		client, ok := clientAddr(r, proxies)
		return ok && allow.contain(client)
	}}
}

// clientAddr finds who sent r; false if nobody can be named.
func clientAddr(r *http.Request, proxies prefixes) (netip.Addr, bool) {
	if r == nil {
		return netip.Addr{}, false
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || peer.Addr().Zone() != "" {
		return netip.Addr{}, false
	}
	addr := peer.Addr().Unmap()
	if !proxies.contain(addr) {
		return addr, true
	}
	return forwardedAddr(r.Header["X-Forwarded-For"], proxies)
}

// forwardedAddr walks the chain from the proxy that is nearest to us outwards, to the
// first address that is not a proxy of ours.
func forwardedAddr(lines []string, proxies prefixes) (netip.Addr, bool) {
	size := 0
	for _, line := range lines {
		if size += len(line) + 1; size > maxForwardedLen {
			return netip.Addr{}, false
		}
	}
	hops := 0
	for _, line := range slices.Backward(lines) {
		for more := true; more; hops++ {
			var hop string
			if i := strings.LastIndexByte(line, ','); i >= 0 {
				line, hop = line[:i], line[i+1:]
			} else {
				hop, more = line, false
			}
			addr, ok := parseHop(strings.Trim(hop, " \t"))
			if !ok {
				return netip.Addr{}, false
			}
			if !proxies.contain(addr) {
				return addr, true
			}
			if hops == maxForwardedHops {
				return netip.Addr{}, false
			}
		}
	}
	return netip.Addr{}, false
}

// parseHop reads one address of X-Forwarded-For; some proxies add the client's port.
func parseHop(s string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(s)
	if err != nil {
		withPort, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.Addr{}, false
		}
		addr = withPort.Addr()
	}
	return addr.Unmap(), addr.Zone() == ""
}

// prefixes is a set of addresses.
type prefixes []netip.Prefix

func (ps prefixes) contain(addr netip.Addr) bool {
	for _, p := range ps {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// include reports whether one of ps holds all of q. An invalid q is in none.
func (ps prefixes) include(q netip.Prefix) bool {
	for _, p := range ps {
		if p.Contains(q.Addr()) && p.Bits() <= q.Bits() {
			return true
		}
	}
	return false
}

// prefixes reads a list and checks it. The result has the indices of list; what was
// refused is the zero Prefix, which contains nothing.
func (f *faults) prefixes(field string, list []string) prefixes {
	ps := make(prefixes, len(list))
	for i, entry := range list {
		prefix, problem := parsePrefix(entry)
		if problem != "" {
			f.add(fmt.Sprintf("%s[%d]", field, i), entry, problem)
			continue
		}
		ps[i] = prefix
	}
	return ps
}

func parsePrefix(entry string) (netip.Prefix, string) {
	const want = `want an address ("192.0.2.7") or a prefix ("10.0.0.0/8")`
	var prefix netip.Prefix
	if strings.Contains(entry, "/") {
		var err error
		if prefix, err = netip.ParsePrefix(entry); err != nil {
			return netip.Prefix{}, want
		}
	} else {
		addr, err := netip.ParseAddr(entry)
		if err != nil {
			return netip.Prefix{}, want
		}
		if addr.Zone() != "" {
			return netip.Prefix{}, "has a zone, which means something on one machine only; " + want
		}
		if addr.Unmap().IsUnspecified() {
			return netip.Prefix{}, "is nobody's address; " + want
		}
		prefix = netip.PrefixFrom(addr, addr.BitLen())
	}
	if prefix.Addr().Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
	}
	switch {
	case prefix.Bits() == 0:
		return netip.Prefix{}, "holds every address; name the networks"
	case prefix != prefix.Masked():
		return netip.Prefix{}, fmt.Sprintf("has bits set beyond its length; want %s for the network, or %s for the one address",
			prefix.Masked(), prefix.Addr())
	}
	return prefix, ""
}
