package storetest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// kvServer is a key-value server, such as etcd or Consul, as far as a store needs one. Each
// value has a version that grows with each write of any key. Version 0 means: no such key.
type kvServer struct {
	url string

	mu      sync.Mutex
	values  map[string]kvValue
	version int
}

type kvValue struct {
	Bytes   []byte
	Version int
}

// kvAnswer has the values of one instant, and the server's clock.
type kvAnswer struct {
	Values map[string]kvValue
	Now    time.Time
}

func newKVServer(t *testing.T) *kvServer {
	t.Helper()
	s := &kvServer{values: map[string]kvValue{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// ServeHTTP answers GET with the values of all keys that begin with the path. It answers
// PUT /key?version=N with 409 if the key has another version.
func (s *kvServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method == http.MethodPut {
		version, err := strconv.Atoi(r.FormValue("version"))
		if key := r.URL.Path; err != nil || s.values[key].Version != version {
			w.WriteHeader(http.StatusConflict)
		} else {
			s.version++
			s.values[key] = kvValue{body, s.version}
		}
		return
	}
	answer := kvAnswer{map[string]kvValue{}, time.Now()}
	for key, value := range s.values {
		if strings.HasPrefix(key, r.URL.Path) {
			answer.Values[key] = value
		}
	}
	_ = json.NewEncoder(w).Encode(answer) // to a client that has left
}

// kvClient is the client that the vendor of the server provides.
type kvClient struct{ url string }

// read returns the values of all keys that begin with prefix.
func (c kvClient) read(ctx context.Context, prefix string) (kvAnswer, error) {
	var answer kvAnswer
	body, _, err := c.do(ctx, http.MethodGet, prefix, nil)
	if err == nil {
		err = json.Unmarshal(body, &answer)
	}
	return answer, err
}

// compareAndSwap writes the value if the key still has this version, and reports whether.
func (c kvClient) compareAndSwap(ctx context.Context, key string, version int, value []byte) (bool, error) {
	_, status, err := c.do(ctx, http.MethodPut, fmt.Sprintf("%s?version=%d", key, version), value)
	return status == http.StatusOK, err
}

func (c kvClient) do(ctx context.Context, method, path string, body []byte) ([]byte, int, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = w.Body.Close() }()
	body, err = io.ReadAll(w.Body)
	return body, w.StatusCode, err
}
