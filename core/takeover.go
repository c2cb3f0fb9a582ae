package core

import (
	"net/http"
	"strings"
)

// A handler can take over the connection of a request and serve further requests on it. A gate in
// front of the handler does not see those requests. HTTP/2 without TLS works like this, with
// golang.org/x/net/http2/h2c or behind a reverse proxy. The functions below prevent it.

// preface is the method that opens a connection of HTTP/2 (RFC 9113, section 3.4). A server with
// unencrypted HTTP/2 in its Protocols handles this method itself, so its handler never sees it.
const preface = "PRI"

// upgrades removes an upgrade to a protocol that carries further requests. r then continues as
// HTTP/1.1 (RFC 9110, section 7.8). A backend may parse the header less strictly than the RFC, so
// upgrades searches for the protocol names anywhere in the header. It returns true if r asks for
// another protocol, such as a WebSocket.
func upgrades(r *http.Request) bool {
	lines := r.Header["Upgrade"]
	for _, line := range lines {
		line = strings.ToLower(line)
		if strings.Contains(line, "h2") || strings.Contains(line, "http/") || strings.Contains(line, "tls/") {
			delete(r.Header, "Upgrade")
			delete(r.Header, "Http2-Settings")
			return false
		}
	}
	return len(lines) > 0 || r.Method == http.MethodConnect && !tunnel(r)
}

// tunnel reports whether r asks for a connection to a host (RFC 9110, section 9.3.6). An
// extended CONNECT, a WebSocket over HTTP/2, has a path (RFC 8441).
func tunnel(r *http.Request) bool {
	return r.Method == http.MethodConnect && r.Header[":protocol"] == nil
}
