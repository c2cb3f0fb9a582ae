package answer

import (
	"io"
	"net/http"
	"time"
)

// Bounds on the body of a refused request. A client or proxy that sends its whole request before
// it reads sees a reset connection, and no refusal, if the server closes while data arrive.
const (
	lingerBytes = 8 << 20
	lingerTime  = 3 * time.Second
	maxLinger   = 256 // connections of one Settings at the same time
)

var connectionClose = []string{"close"}

// unread reports whether r announces a body that is read after the answer. It is never read on
// HTTP/2, which can end one stream without harm. It is never read from a client that asks before
// it sends (Expect: 100-continue).
func unread(r *http.Request) bool {
	return r.ContentLength != 0 && r.Body != nil && r.Body != http.NoBody &&
		r.ProtoMajor == 1 && len(r.Header["Expect"]) == 0
}

// announceClose sets "Connection: close" if the body of r is unread. net/http then answers
// without reading the body first.
func announceClose(h http.Header, r *http.Request) {
	if unread(r) {
		h["Connection"] = connectionClose
	}
}

// Linger sends the answer to the client, and then reads and drops the body of r within the
// bounds. Beyond maxLinger connections, the server closes the connection at once. Linger does
// nothing if there is no unread body, or if w cannot limit the time of a read.
func (s *Settings) Linger(w http.ResponseWriter, r *http.Request) {
	if !unread(r) {
		return
	}
	control := http.NewResponseController(w)
	wait := lingerTime
	if s.lingering.Add(1) > maxLinger {
		wait = 0 // net/http reads a short body when the handler returns: not even that
	}
	defer s.lingering.Add(-1)
	if control.SetReadDeadline(time.Now().Add(wait)) != nil || control.Flush() != nil || wait == 0 {
		return
	}
	_, _ = io.CopyN(io.Discard, r.Body, lingerBytes) // the connection ends, with or without an error
}
