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

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/admin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/filestore"
	"github.com/go-downtime/downtime/stores/memstore"
)

// apiMount is where the tests of the API mount the page.
const apiMount = "/ops/downtime"

// apiStores are the stores that the tests run on.
var apiStores = map[string]func(t *testing.T) core.Store{
	"memstore": func(*testing.T) core.Store { return memstore.New() },
	"filestore": func(t *testing.T) core.Store {
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
	store core.Store
	log   *lines
}

// newAPI makes a page over st. Whoever names itself in the header X-User is let in.
func newAPI(t testing.TB, st core.Store) apiClient {
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
		Authorise: core.Func("named", func(ctx context.Context, r *http.Request) bool { return user(ctx, r) != "" }),
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

// do sends a request of alice's to a path below api/v1, and sees to it that the answer is
// what every answer of the API is.
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

// mark is which write the store holds.
func (c apiClient) mark() core.Mark {
	c.t.Helper()
	state, err := c.store.Load(c.t.Context(), core.Mark{})
	require.NoError(c.t, err)
	return state.Mark
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

// brokenStore is a store of which one of its functions fails, or does something between.
type brokenStore struct {
	core.Store

	load   func() error
	commit func(do func() error) error
}

func (s *brokenStore) Load(ctx context.Context, have core.Mark) (core.State, error) {
	if s.load != nil {
		if err := s.load(); err != nil {
			return core.State{}, err
		}
	}
	return s.Store.Load(ctx, have)
}

func (s *brokenStore) Commit(ctx context.Context, base core.Mark, next *core.Document, entry core.Entry) error {
	do := func() error { return s.Store.Commit(ctx, base, next, entry) }
	if s.commit != nil {
		return s.commit(do)
	}
	return do()
}

// about is the condition that a write about one period needs, and that others refuse.
func about(method, body string) []header {
	if method == http.MethodPost && !strings.Contains(body, `"id"`) {
		return nil
	}
	return []header{{"If-Match", `"1"`}}
}
