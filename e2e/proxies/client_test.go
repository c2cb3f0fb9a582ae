package proxies

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// answer is an answer to a request of a test.
type answer struct {
	status int
	header http.Header
	length int64 // as the header says; -1 if it does not
	body   string
}

// newClient is a client that keeps its connections. As a browser does, it sends a GET again if the
// proxy closes a kept connection without an answer.
func newClient(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 100, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// send sends a request. A POST or PUT has a body, and no header lets the client send it twice.
func send(t *testing.T, client *http.Client, method, url string, header http.Header) (answer, error) {
	t.Helper()
	var body io.Reader
	if method == http.MethodPost || method == http.MethodPut {
		body = bytes.NewReader(make([]byte, 1000))
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		return answer{}, err
	}
	if header != nil {
		r.Header = header.Clone()
	}
	got, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = got.Body.Close() }()
	text, err := io.ReadAll(got.Body)
	return answer{got.StatusCode, got.Header, got.ContentLength, string(text)}, err
}

var shared = sync.OnceValue(func() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}}
})

// get is a GET of / on a new connection.
func get(t *testing.T, addr string, header http.Header) answer {
	t.Helper()
	a, err := send(t, shared(), http.MethodGet, "http://"+addr+"/", header)
	require.NoError(t, err)
	return a
}
