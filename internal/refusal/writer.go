// Package refusal has the writer that adapters give to an application's responder.
package refusal

import (
	"bufio"
	"net"
	"net/http"
)

// Writer is the writer of a responder. A Write or a flush without WriteHeader sends the refusal's
// status. net/http would send 200.
type Writer struct {
	http.ResponseWriter
	// Send sends the refusal's status.
	Send func()
	// Begun is true once a final status was sent, or the connection was hijacked.
	Begun bool
	// Hijacked is true if the responder took over the connection.
	Hijacked bool
}

// Begin sends the refusal's status, unless the responder sent one.
func (w *Writer) Begin() {
	if !w.Begun {
		w.Send()
	}
}

// WriteHeader sends the responder's own status. Statuses below 200 are not final, except 101.
func (w *Writer) WriteHeader(status int) {
	w.Begun = w.Begun || status >= http.StatusOK || status == http.StatusSwitchingProtocols
	w.ResponseWriter.WriteHeader(status)
}

// Write calls Begin first.
func (w *Writer) Write(b []byte) (int, error) {
	w.Begin()
	return w.ResponseWriter.Write(b)
}

// FlushError calls Begin first. It is for http.ResponseController.
func (w *Writer) FlushError() error {
	w.Begin()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Hijack is for http.ResponseController.
func (w *Writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	w.Hijacked = w.Hijacked || err == nil
	w.Begun = w.Begun || w.Hijacked
	return conn, rw, err
}

// Unwrap is for the other methods of http.ResponseController.
func (w *Writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
