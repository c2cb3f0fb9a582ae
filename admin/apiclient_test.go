package admin_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/admin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/filestore"
	"github.com/go-downtime/downtime/store/memstore"
)

// apiMount is where the tests of the API mount the page.
const apiMount = "/ops/downtime"

// apiStores are the stores that the tests run on.
var apiStores = map[string]func(t *testing.T) store.Store{
	"memstore": func(*testing.T) store.Store { return memstore.New() },
	"filestore": func(t *testing.T) store.Store {
		t.Helper()
		st, err := filestore.New(filepath.Join(t.TempDir(), "downtime.json"))
		require.NoError(t, err)
		return st
	},
}

// apiClient speaks to the API of a page over one store.
type apiClient struct {
	t     testing.TB
	page  http.Handler
	gate  *core.Gate
	store store.Store
	log   *lines
}

// newAPI makes a page over st. A request with the header X-User is authorized.
func newAPI(t testing.TB, st store.Store) apiClient {
	t.Helper()
	log := &lines{}
	logger := slog.New(slog.NewTextHandler(log, nil))
	cfg := core.Config{Store: st, Logger: logger}
	admin.Exempt(&cfg, apiMount)
	gate, err := core.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = gate.Shutdown(context.WithoutCancel(t.Context())) })
	user := func(_ context.Context, r *http.Request) string { return r.Header.Get("X-User") }
	page, err := admin.New(gate, admin.Config{
		Path: apiMount, Logger: logger, Actor: user,
		Authorize: core.Func("named", func(ctx context.Context, r *http.Request) bool { return user(ctx, r) != "" }),
	})
	require.NoError(t, err)
	return apiClient{t: t, page: page, gate: gate, store: st, log: log}
}

// apiReply is an answer, with its JSON.
type apiReply struct {
	*httptest.ResponseRecorder

	json map[string]any
}

// header sets a header of a request; "" removes it.
type header struct{ name, value string }

// do sends a request of alice to a path below api/v1, and checks the properties that all answers
// share.
func (c apiClient) do(method, path, body string, headers ...header) apiReply {
	c.t.Helper()
	r := httptest.NewRequestWithContext(c.t.Context(), method, apiMount+"/api/v1/"+path, strings.NewReader(body))
	r.Header.Set("X-User", "alice")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		if r.Header.Del(h.name); h.value != "" {
			r.Header.Set(h.name, h.value)
		}
	}
	return c.send(r)
}

func (c apiClient) send(r *http.Request) apiReply {
	c.t.Helper()
	reply := apiReply{ResponseRecorder: httptest.NewRecorder()}
	c.page.ServeHTTP(reply, r)
	h := reply.Header()
	require.Equal(c.t, "no-store", h.Get("Cache-Control"))
	require.Equal(c.t, "nosniff", h.Get("X-Content-Type-Options"))
	require.Contains(c.t, h.Get("Content-Security-Policy"), "frame-ancestors 'none'")
	switch {
	case reply.Code == http.StatusNoContent, reply.Code == http.StatusNotModified, r.Method == http.MethodHead:
		require.Empty(c.t, reply.Body.String())
		return reply
	case reply.Code < 300:
		require.Equal(c.t, "application/json", h.Get("Content-Type"))
	default:
		require.Equal(c.t, "application/problem+json", h.Get("Content-Type"))
	}
	require.NoError(c.t, json.Unmarshal(reply.Body.Bytes(), &reply.json), reply.Body.String())
	if reply.Code >= 300 {
		require.InEpsilon(c.t, reply.Code, reply.json["status"], 0)
		require.Equal(c.t, http.StatusText(reply.Code), reply.json["title"])
		require.NotEmpty(c.t, reply.json["detail"])
		require.NotEmpty(c.t, reply.json["code"])
	}
	return reply
}

// at is the value at a path of members.
func (r apiReply) at(names ...string) any {
	var v any = r.json
	for _, name := range names {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

func (r apiReply) text(names ...string) string {
	s, _ := r.at(names...).(string)
	return s
}

// mark identifies the write that the store holds.
func (c apiClient) mark() period.Mark {
	c.t.Helper()
	return documentOf(c.t, c.store).Mark()
}

// documentOf is the document in st; nil if nothing was written.
func documentOf(t testing.TB, st store.Store) *period.Document {
	t.Helper()
	state, err := operator.Operator{Store: st}.Read(t.Context())
	require.NoError(t, err)
	return state.Document
}

func jsonOf(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

// lines is a log.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// brokenStore is a store without rows whose functions may fail, or do something in between.
type brokenStore struct {
	store.Store

	get   func() error
	bytes string // the document instead of the stored one; "" for the stored one
	swap  func(do func() error) error
}

func (s *brokenStore) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	if s.get != nil {
		if err := s.get(); err != nil {
			return store.Blob{}, err
		}
	}
	if s.bytes != "" {
		b := []byte(s.bytes)
		return store.Blob{Token: store.TokenOf(b), Bytes: b, Now: time.Now()}, nil
	}
	return s.Store.Get(ctx, have)
}

func (s *brokenStore) Swap(ctx context.Context, old store.Token, next []byte) error {
	do := func() error { return s.Store.Swap(ctx, old, next) }
	if s.swap != nil {
		return s.swap(do)
	}
	return do()
}

// about is the condition that a write about one period needs and other writes refuse.
func about(method, body string) []header {
	if method == http.MethodPost && !strings.Contains(body, `"id"`) {
		return nil
	}
	return []header{{"If-Match", `"1"`}}
}
