package core_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// reader is a read of a store.
type reader = func(ctx context.Context, have store.Token) (store.Blob, error)

// faulty wraps a real store. Its reads can fail, hang, give a wrong time or return an older
// document, as with a faulty network between gate and store.
type faulty struct {
	*memstore.Store

	mu   sync.Mutex
	read reader
	n    int
}

func newFaulty() *faulty { return &faulty{Store: memstore.New()} }

// reads replaces Get; nil restores the real one.
func (f *faulty) reads(read reader) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.read = read
}

func (f *faulty) fails(err error) {
	f.reads(func(context.Context, store.Token) (store.Blob, error) { return store.Blob{}, err })
}

func (f *faulty) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	f.mu.Lock()
	read := f.read
	f.n++
	f.mu.Unlock()
	if read != nil {
		return read(ctx, have)
	}
	return f.Store.Get(ctx, have)
}

// PutRow has the same faults as Get.
func (f *faulty) PutRow(ctx context.Context, key string, b []byte, lease time.Duration) (store.Token, time.Time, error) {
	f.mu.Lock()
	read := f.read
	f.mu.Unlock()
	token, now, err := f.Store.PutRow(ctx, key, b, lease)
	if read == nil || err != nil {
		return token, now, err
	}
	blob, err := read(ctx, "")
	return "", blob.Now, err
}

// ListRows has the same faults as Get.
func (f *faulty) ListRows(ctx context.Context, have store.Token) (store.Rowset, error) {
	set, err := f.Store.ListRows(ctx, have)
	f.mu.Lock()
	read := f.read
	f.n++
	f.mu.Unlock()
	if read != nil {
		set.Blob, err = read(ctx, have)
	}
	return set, err
}

// Subscribe hides the real store's: a faulty network delivers no hints.
func (f *faulty) Subscribe(func()) func() { return func() {} }

// probeNote is the line about probes. Most gates of tests have no exempt path.
const probeNote = "no exempt path looks like a health check"

// logbook keeps log lines by message, without the prefix of every message, and without probeNote.
type logbook struct {
	mu    sync.Mutex
	lines []slog.Record
}

func (l *logbook) Enabled(context.Context, slog.Level) bool { return true }
func (l *logbook) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *logbook) WithGroup(string) slog.Handler            { return l }
func (l *logbook) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var prefixed bool
	if r.Message, prefixed = strings.CutPrefix(r.Message, "downtime: "); !prefixed {
		r.Message = "without prefix: " + r.Message
	}
	if r.Message != probeNote {
		l.lines = append(l.lines, r)
	}
	return nil
}

func (l *logbook) messages() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	messages := []string{}
	for _, r := range l.lines {
		messages = append(messages, r.Message)
	}
	return messages
}

// attr returns the value of an attribute of the last line with this message; "" if there is none.
func (l *logbook) attr(message, key string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	value := ""
	for _, r := range l.lines {
		if r.Message == message {
			r.Attrs(func(a slog.Attr) bool {
				if a.Key == key {
					value = a.Value.String()
				}
				return true
			})
		}
	}
	return value
}

// newGate makes a gate that is shut down with the test, and its logbook.
func newGate(t testing.TB, cfg core.Config) (*core.Gate, *logbook) {
	t.Helper()
	book := &logbook{}
	cfg.Logger = slog.New(book)
	gate, err := core.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = gate.Shutdown(ctx)
	})
	return gate, book
}

func start(t testing.TB, st store.Store, o operator.StartOptions) operator.Result {
	t.Helper()
	r, err := operator.Operator{Store: st}.Start(context.Background(), o)
	require.NoError(t, err)
	return r
}

func end(t testing.TB, st store.Store) {
	t.Helper()
	_, err := operator.Operator{Store: st}.End(context.Background(), operator.EndOptions{All: true})
	require.NoError(t, err)
}

func schedule(t testing.TB, st store.Store, o operator.WindowOptions) operator.Result {
	t.Helper()
	r, err := operator.Operator{Store: st}.Schedule(context.Background(), o)
	require.NoError(t, err)
	return r
}

// ok is a handler that answers 200.
var ok = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("served")) })

func get(h http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func atoi(t testing.TB, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	require.NoError(t, err)
	return n
}

func count(list []string, want string) int {
	n := 0
	for _, s := range list {
		if s == want {
			n++
		}
	}
	return n
}
