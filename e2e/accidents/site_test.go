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
)

// patience is how long an event may take that must come.
const patience = 60 * time.Second

const holder = "ann"

// site is an application with one gate, on a handle of its own, and whoever operates it,
// on another that no accident between gate and server touches.
type site struct {
	gate     *core.Gate
	operator func(t *testing.T) core.Store // as new as the command's, which is a new process
	log      *lines
	down     bool // what was said last
}

// newSite makes the document of a new application, and its gate.
func newSite(t *testing.T, s *shared, app string, down bool) *site {
	t.Helper()
	x := &site{log: &lines{}, operator: func(t *testing.T) core.Store {
		t.Helper()
		return s.operator(t, app)
	}}
	_, err := core.Init(t.Context(), x.operator(t), core.InitOptions{})
	require.NoError(t, err)
	x.say(t, down)
	x.join(t, s, app)
	return x
}

// join begins the gate.
func (x *site) join(t *testing.T, s *shared, app string) {
	t.Helper()
	var err error
	x.gate, err = core.New(core.Config{
		Store:        s.application(t, app),
		PollInterval: 50 * time.Millisecond, // the tests wait for polls
		Logger:       slog.New(slog.NewTextHandler(x.log, nil)),
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = x.gate.Shutdown(ctx) // the store may be away
	})
	x.await(t, "the gate has not begun", func(st core.Status) bool { return st.Health == core.StoreFresh && st.Registered })
	x.requireUnmoved(t)
	x.log.forget()
}

// say takes the site down or brings it back, by the operator's hand.
func (x *site) say(t *testing.T, down bool) {
	t.Helper()
	if x.down == down {
		return
	}
	var err error
	if down {
		_, err = core.Start(t.Context(), x.operator(t), core.StartOptions{Holder: holder})
	} else {
		_, err = core.End(t.Context(), x.operator(t), core.EndOptions{Holder: holder})
	}
	require.NoError(t, err)
	x.down = down
}

// follows says the opposite of what was said last: the gate must do it.
func (x *site) follows(t *testing.T) {
	t.Helper()
	word := map[bool]string{true: "downtime closed", false: "downtime opened"}[!x.down]
	before := x.log.count(word)
	x.say(t, !x.down)
	x.await(t, "the gate does not follow any more", func(st core.Status) bool {
		return st.Open == !x.down && x.log.count(word) == before+1
	})
	x.requireUnmoved(t)
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

// requireUnmoved fails unless a request is answered as was said last.
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

// requireLogged fails unless the log has each of these messages so often since join. The
// gate logs every transition: none is missed between two looks. The lines come in order, a
// moment after what they tell.
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

// count is how many lines have this message.
func (l *lines) count(message string) int {
	if strings.Contains(message, " ") {
		message = `"` + message + `"`
	}
	return strings.Count(l.String(), " msg="+message+" ")
}
