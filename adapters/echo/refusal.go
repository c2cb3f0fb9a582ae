package echodowntime

import (
	"bufio"
	"net"
	"net/http"

	"github.com/labstack/echo/v4"
)

// refusal is under echo's response while a responder runs. Echo sends the refusal's status
// with what is written, but not with what is flushed, or written beside it: net/http would
// make a 200 of that.
type refusal struct {
	http.ResponseWriter
	res   *echo.Response
	begun bool
}

func (a *refusal) begin() {
	if !a.begun && !a.res.Committed {
		a.res.WriteHeader(a.res.Status)
	}
}

// release gives echo its own writer back, and tells it whether there is an answer.
func (a *refusal) release() {
	a.res.Committed = a.res.Committed || a.begun
	if a.res.Writer == http.ResponseWriter(a) {
		a.res.Writer = a.ResponseWriter
	}
}

// WriteHeader notes that there is an answer. 1xx answers go before the final one, but for
// 101, which is one.
func (a *refusal) WriteHeader(status int) {
	a.begun = a.begun || status >= http.StatusOK || status == http.StatusSwitchingProtocols
	a.ResponseWriter.WriteHeader(status)
}

// Write sends the refusal's status first, unless the responder chose one.
func (a *refusal) Write(b []byte) (int, error) {
	a.begin()
	return a.ResponseWriter.Write(b)
}

// FlushError sends the refusal's status first, as Write does. It is for
// http.ResponseController, which echo asks too.
func (a *refusal) FlushError() error {
	a.begin()
	return http.NewResponseController(a.ResponseWriter).Flush()
}

// Hijack is for http.ResponseController: nothing is sent over a connection that the
// responder has taken over.
func (a *refusal) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(a.ResponseWriter).Hijack()
	a.begun = a.begun || err == nil
	return conn, rw, err
}

// Unwrap is for what else http.ResponseController can do.
func (a *refusal) Unwrap() http.ResponseWriter { return a.ResponseWriter }
