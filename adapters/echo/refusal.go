package echodowntime

import (
	"bufio"
	"net"
	"net/http"

	"github.com/labstack/echo/v4"
)

// refusal is the writer below echo's response while a responder runs. Echo sends the
// refusal's status with a Write on its response. It does not with a flush or with a Write on
// the writer below, for which net/http would send 200.
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

// release gives echo its own writer back, and tells it whether an answer was sent.
func (a *refusal) release() {
	a.res.Committed = a.res.Committed || a.begun
	if a.res.Writer == http.ResponseWriter(a) {
		a.res.Writer = a.ResponseWriter
	}
}

// WriteHeader notes that an answer was sent. Statuses below 200 are not final, except 101.
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
// http.ResponseController, which echo also uses.
func (a *refusal) FlushError() error {
	a.begin()
	return http.NewResponseController(a.ResponseWriter).Flush()
}

// Hijack is for http.ResponseController. After a hijack the adapter sends nothing.
func (a *refusal) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(a.ResponseWriter).Hijack()
	a.begun = a.begun || err == nil
	return conn, rw, err
}

// Unwrap is for the other methods of http.ResponseController.
func (a *refusal) Unwrap() http.ResponseWriter { return a.ResponseWriter }
