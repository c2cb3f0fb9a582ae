package core

import (
	"net/http"
	"strings"
)

// A handler can take the connection of a request over, and serve further requests on it that no
// gate in front of it sees. HTTP/2 without TLS does so, by golang.org/x/net/http2/h2c or behind a
// reverse proxy, and is kept from it here.

// preface is the method that opens a connection of HTTP/2 (RFC 9113, section 3.4). A server with
// unencrypted HTTP/2 in its Protocols keeps it from its handler.
const preface = "PRI"

// dropUpgrade removes an upgrade to a protocol that carries further requests, and r then goes on
// as HTTP/1.1 (RFC 9110, section 7.8). A backend may read the header less strictly than a client
// has to write it, so this looks for the names anywhere in it.
func dropUpgrade(r *http.Request) {
	for _, line := range r.Header["Upgrade"] {
		line = strings.ToLower(line)
		if strings.Contains(line, "h2") || strings.Contains(line, "http/") || strings.Contains(line, "tls/") {
			delete(r.Header, "Upgrade")
			delete(r.Header, "Http2-Settings")
			return
		}
	}
}

// tunnel reports whether r asks for a connection to a host (RFC 9110, section 9.3.6). An
// extended CONNECT, a WebSocket over HTTP/2, has a path (RFC 8441).
func tunnel(r *http.Request) bool {
	return r.Method == http.MethodConnect && r.Header[":protocol"] == nil
}
