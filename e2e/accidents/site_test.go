package accidents

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
)

// patience is how long a test waits for an event.
const patience = 60 * time.Second

// site is an application with one gate, and its operator. Each has a handle of its own on the
// store. No accident between gate and server affects the operator.
type site struct {
	gate     *core.Gate
	operator func(t *testing.T) operator.Operator // with a new handle, as in a new process of the command
	log      *lines
	down     bool // the operator's last write
}

// newSite writes the first document of an application, and makes its gate.
func newSite(t *testing.T, s *shared, app string, down bool, options ...func(cfg *core.Config)) *site {
	t.Helper()
	x := &site{log: &lines{}, operator: func(t *testing.T) operator.Operator {
		t.Helper()
		return operator.Operator{Store: s.operator(t, app), Actor: "ann"}
	}}
	_, err := x.operator(t).Init(t.Context(), operator.InitOptions{})
	require.NoError(t, err)
	x.say(t, down)
	x.join(t, s, app, options...)
	return x
}

// join makes the gate, and waits until it has begun.
func (x *site) join(t *testing.T, s *shared, app string, options ...func(cfg *core.Config)) {
	t.Helper()
	x.begin(t, s, app, options...)
	x.await(t, "the gate has not begun", func(st core.Status) bool {
		return st.Health == core.StoreFresh && st.Registered && (!x.down || x.log.count("closed") > 0)
	})
	x.requireUnmoved(t)
	x.log.forget()
}

// begin makes the gate.
func (x *site) begin(t *testing.T, s *shared, app string, options ...func(cfg *core.Config)) {
	t.Helper()
	cfg := core.Config{
		Store:        s.application(t, app),
		PollInterval: 50 * time.Millisecond, // the tests wait for polls
		Logger:       slog.New(slog.NewTextHandler(x.log, nil)),
	}
	for _, option := range options {
		option(&cfg)
	}
	var err error
	x.gate, err = core.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = x.gate.Shutdown(ctx) // the store may be lost
	})
}

// say lets the operator take the site down or open it.
func (x *site) say(t *testing.T, down bool) {
	t.Helper()
	if x.down == down {
		return
	}
	var err error
	if down {
		_, err = x.operator(t).Start(t.Context(), operator.StartOptions{})
	} else {
		_, err = x.operator(t).End(t.Context(), operator.EndOptions{Holder: "ann"})
	}
	require.NoError(t, err)
	x.down = down
}

// follows lets the operator change the state, and requires that the gate follows.
func (x *site) follows(t *testing.T) {
	t.Helper()
	word := map[bool]string{true: "closed", false: "opened"}[!x.down]
	before := x.log.count(word)
	x.say(t, !x.down)
	x.await(t, "the gate does not follow the store", func(st core.Status) bool {
		return st.Open == !x.down && x.log.count(word) == before+1
	})
	x.requireUnmoved(t)
}

// refresh has the gate read the store now.
func (x *site) refresh(t *testing.T) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	return x.gate.Refresh(ctx)
}

func (x *site) await(t *testing.T, what string, ok func(st core.Status) bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for !ok(x.gate.Status()) {
		select {
		case <-look.C:
		case <-deadline.C:
			require.FailNow(t, what, "%+v\n%s", x.gate.Status(), x.log)
		}
	}
}

// requireUnmoved requires that the gate still follows the operator's last write.
func (x *site) requireUnmoved(t *testing.T) {
	t.Helper()
	w := httptest.NewRecorder()
	x.gate.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	})).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if x.down {
		require.Equal(t, http.StatusServiceUnavailable, w.Code, "it has opened\n%s", x.log)
		require.NotEmpty(t, w.Header().Get("Downtime"))
		return
	}
	require.Equal(t, http.StatusNoContent, w.Code, "it has closed\n%s", x.log)
}

// requireLogged requires that the log has each of these messages so many times since join. The
// gate logs every transition, so that none is missed between two looks. Lines come in order,
// shortly after the transition.
func (x *site) requireLogged(t *testing.T, times map[string]int) {
	t.Helper()
	for message, n := range times {
		x.await(t, "not logged: "+message, func(core.Status) bool { return x.log.count(message) >= n })
	}
	for message, n := range times {
		require.Equal(t, n, x.log.count(message), "%q in:\n%s", message, x.log)
	}
}

// lines is a log.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
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

func (l *lines) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Reset()
}

// count is the number of lines with this message.
func (l *lines) count(message string) int {
	return strings.Count(l.String(), ` msg="downtime: `+message+`" `)
}
