package gatetest

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-downtime/downtime/internal/rawhttp"
)

const ownStatus = 599

// TakeOver hijacks the connection and answers with a status of its own. It is the responder
// for [TakenOver].
func TakeOver(w http.ResponseWriter, _ *http.Request) {
	Hijack(w, "HTTP/1.1 599 Mine\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
}

// Hijack hijacks the connection, writes this answer to it, and closes it. If the writer cannot do
// that, the answer has status 500.
func Hijack(w http.ResponseWriter, answer string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = io.WriteString(conn, answer)
	_ = conn.Close()
}

// TakenOver requires that h answers by [TakeOver], and returns the errors that net/http logs
// if an adapter writes to a hijacked connection.
func TakenOver(t *testing.T, h http.Handler) string {
	t.Helper()
	var logged strings.Builder
	done := make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		h.ServeHTTP(w, r)
	}))
	server.Config.ErrorLog = log.New(&logged, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	if a := rawhttp.Ask(t, server.Listener.Addr().String(), rawhttp.Get("/", nil)); a.Status != ownStatus {
		t.Fatalf("status %d, want %d", a.Status, ownStatus)
	}
	<-done
	return logged.String()
}
