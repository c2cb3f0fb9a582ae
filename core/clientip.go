package core

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Limits on X-Forwarded-For. A longer chain identifies no client.
const (
	maxForwardedLen  = 4096 // bytes, over all lines
	maxForwardedHops = 32
)

// ClientAddr returns a predicate that says yes to clients whose address is in allowed. An entry
// is an address ("192.0.2.7", "2001:db8::7") or a prefix ("10.0.0.0/8", "2001:db8::/32"). allowed
// must have at least one entry, and a prefix must have a length above zero. name must not be
// blank.
//
// trustedProxies has entries of the same form. If the peer of the connection
// ([http.Request].RemoteAddr) is not a trusted proxy, the peer is the client, and headers do not
// count. If the peer is a trusted proxy, the predicate joins all lines of X-Forwarded-For. The
// client is then the last address that is not a trusted proxy. A forged address of the client
// stands before it and is never read. List exactly your proxies: a host in trustedProxies can
// claim any client address. The entry "unix" trusts the peer of every connection on a Unix socket.
// Use it if only your proxy can open the socket: check the permissions of the socket and of its
// directory.
//
// If the predicate cannot determine the client's address, it says no. The reasons are:
//   - A trusted proxy did not add the client to X-Forwarded-For.
//   - The chain holds text that is not an address, at or behind the client's position.
//   - The chain has more than 4 KiB, or more than 32 proxies.
//   - The peer is on a Unix socket, and "unix" is not among the trusted proxies.
//   - A middleware has replaced RemoteAddr by an address without a port.
//   - The address is an IPv6 address with a zone, which is valid on one machine only.
//
// An IPv4 address that is mapped into IPv6 counts as the IPv4 address.
//
// An address identifies a network location and not a person. Clients behind a NAT, a VPN or a
// shared host have the same address. For people prefer [ContextValue], and for jobs
// [APIKeyHeader].
func ClientAddr(name string, allowed, trustedProxies []string) Predicate {
	var bad faults
	bad.name(name)
	bad.unless(len(allowed) > 0, ".Allowed", nil, "is empty; want at least one address or prefix")
	allow := bad.prefixes(".Allowed", allowed)
	unix := slices.Contains(trustedProxies, unixPeer)
	proxies := bad.prefixes(".TrustedProxies", trustedProxies)
	for i, entry := range allowed {
		if proxies.include(allow[i]) {
			bad.add(fmt.Sprintf(".Allowed[%d]", i), entry, "is among TrustedProxies, so it is never the client; list only proxies in TrustedProxies")
		}
	}
	return Predicate{name: name, faults: bad, check: func(_ context.Context, r *http.Request, _ *asker) bool {
		client, ok := clientAddr(r, proxies, unix)
		return ok && allow.contain(client)
	}}
}

// unixPeer in the list of proxies stands for every peer on a Unix socket.
const unixPeer = "unix"

// onUnixSocket reports whether r came over a Unix socket. The server says so, and no middleware
// has replaced RemoteAddr by an address of a client.
func onUnixSocket(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return ok && local.Network() == "unix" && (r.RemoteAddr == "" || r.RemoteAddr[0] == '@' || r.RemoteAddr[0] == '/')
}

// clientAddr returns the address of the client; false if it cannot be determined.
func clientAddr(r *http.Request, proxies prefixes, unix bool) (netip.Addr, bool) {
	if r == nil {
		return netip.Addr{}, false
	}
	if unix && onUnixSocket(r) {
		return forwardedAddr(r.Header["X-Forwarded-For"], proxies)
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

// forwardedAddr reads the chain from its end, where the nearest proxy writes. It returns the
// first address that is not a trusted proxy.
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
			i := strings.LastIndexByte(line, ',') // -1 if there is one address
			addr, ok := parseHop(strings.Trim(line[i+1:], " \t"))
			if !ok || !proxies.contain(addr) {
				return addr, ok
			}
			if hops == maxForwardedHops {
				return netip.Addr{}, false
			}
			more, line = i >= 0, line[:max(i, 0)]
		}
	}
	return netip.Addr{}, false
}

// parseHop reads one address of X-Forwarded-For. Some proxies add the client's port, and some
// write an IPv6 address in brackets without one.
func parseHop(s string) (netip.Addr, bool) {
	if inner, ok := strings.CutPrefix(s, "["); ok && strings.HasSuffix(inner, "]") {
		addr, err := netip.ParseAddr(inner[:len(inner)-1])
		return addr.Unmap(), err == nil && addr.Is6() && addr.Zone() == ""
	}
	addr, err := netip.ParseAddr(s)
	if err != nil {
		var withPort netip.AddrPort
		withPort, err = netip.ParseAddrPort(s)
		addr = withPort.Addr()
	}
	return addr.Unmap(), err == nil && addr.Zone() == ""
}

// prefixes is a set of addresses.
type prefixes []netip.Prefix

func (ps prefixes) contain(addr netip.Addr) bool {
	return slices.ContainsFunc(ps, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// include reports whether one of ps holds all of q. An invalid q is in no prefix.
func (ps prefixes) include(q netip.Prefix) bool {
	return slices.ContainsFunc(ps, func(p netip.Prefix) bool { return p.Contains(q.Addr()) && p.Bits() <= q.Bits() })
}

// prefixes parses list and adds the faults to f. The result has the indices of list. An invalid
// entry is the zero Prefix, which contains no address.
func (f *faults) prefixes(field string, list []string) prefixes {
	ps := make(prefixes, len(list))
	for i, entry := range list {
		if entry == unixPeer && field == ".TrustedProxies" {
			continue
		}
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
	addr, err := netip.ParseAddr(entry)
	prefix := netip.PrefixFrom(addr, addr.BitLen())
	if strings.Contains(entry, "/") {
		prefix, err = netip.ParsePrefix(entry)
	}
	switch {
	case err != nil:
		return netip.Prefix{}, want
	case addr.Zone() != "":
		return netip.Prefix{}, "has a zone, which means something on one machine only; " + want
	case addr.Unmap().IsUnspecified():
		return netip.Prefix{}, "is the unspecified address; " + want
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
