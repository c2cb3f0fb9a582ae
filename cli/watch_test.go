package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// failingStore fails while err is set.
type failingStore struct {
	store.Store

	mu  sync.Mutex
	err error
}

func (f *failingStore) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return store.Blob{}, f.err
	}
	return f.Store.Get(ctx, have)
}

func (f *failingStore) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

// sharedBuffer is a bytes.Buffer for two goroutines.
type sharedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *sharedBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

// take returns the text that was written since the last take.
func (s *sharedBuffer) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.b.Reset()
	return s.b.String()
}

// watching is watchingOn of status --watch.
func watching(t *testing.T, st store.Store, args []string, steps ...func()) (shown []string, code int) {
	t.Helper()
	return watchingOn(t, st, append([]string{"status", "--watch", "--tz", "UTC"}, args...), steps...)
}

// watchingOn runs a command that watches st in a bubble, and between the steps lets its time
// pass. It returns the text that each step has added to stdout, and the exit code after the
// interrupt.
func watchingOn(t *testing.T, st store.Store, args []string, steps ...func()) (shown []string, code int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, interrupt := context.WithCancel(t.Context())
		var out sharedBuffer
		done := make(chan int)
		go func() {
			done <- Main(ctx, args, nil, &out, nil, WithStore(st))
		}()
		synctest.Wait()
		for _, step := range append(steps, func() {}) {
			shown = append(shown, out.take())
			step()
			wait(2 * time.Second)
		}
		require.Empty(t, out.take(), "nothing has changed, so nothing is shown")
		interrupt()
		code = <-done
	})
	return shown, code
}

// wait lets a bubble's time pass, until all its goroutines wait again.
func wait(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestWatchShowsEachChangeOnce(t *testing.T) {
	t.Parallel()
	st := &failingStore{Store: memstore.New()}
	var id string
	shown, code := watching(
		t, st, nil,
		func() {
			res, err := operator.Operator{Store: st}.Start(t.Context(), operator.StartOptions{Holder: "x", ExpectedAfter: 30 * time.Second})
			require.NoError(t, err)
			id = res.Period.ID
		},
		func() { wait(time.Minute) },
		func() { st.fail(errors.New("connection \x1b refused")) },
		func() { st.fail(nil) },
		func() {
			_, err := operator.Operator{Store: st}.End(t.Context(), operator.EndOptions{All: true})
			require.NoError(t, err)
		},
	)
	require.Equal(t, ExitInterrupted, code)
	require.Len(t, shown, 6)
	for i, want := range []string{
		"state      UP\n",
		"state      DOWN since 2000-01-01 00:00 UTC (1 s ago), expected until 2000-01-01 00:00:30 UTC (in 29 s); by the store: it keeps no list of instances\nbecause    " + id,
		"OVERDUE: was expected until 2000-01-01 00:00:30 UTC (now)",
		`state      UNKNOWN: connection \x1b refused` + "\n",
		"state      DOWN since",
		"state      UP\n",
	} {
		require.Contains(t, shown[i], want)
		require.Equal(t, 1, strings.Count(shown[i], "state "), shown[i])
		require.NotContains(t, shown[i], "\x1b", "nothing is redrawn but on a terminal")
	}
}

func TestWatchAsJSONIsOneObjectPerLine(t *testing.T) {
	t.Parallel()
	st := &failingStore{Store: memstore.New()}
	shown, code := watching(
		t, st, []string{"--json"},
		func() {
			_, err := operator.Operator{Store: st}.Start(t.Context(), operator.StartOptions{Holder: "x", Reason: new("a\nb")})
			require.NoError(t, err)
		},
		func() { st.fail(errors.New("gone")) },
	)
	require.Equal(t, ExitInterrupted, code)
	for i, want := range []string{"up", "down", "unknown"} {
		require.Equal(t, 1, strings.Count(shown[i], "\n"))
		var got wire.State
		require.NoError(t, json.Unmarshal([]byte(shown[i]), &got))
		require.Equal(t, want, got.State)
	}
}

func TestWatchRedrawsOnATerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	v := view{zones: zones{loc: time.UTC}, command: func(...string) string { return "downtime end" }}
	on := session{view: v, app: newApp(nil), cmd: &cobra.Command{}, op: operator.Operator{Store: memstore.New()}, out: &out}
	w := watcher{session: on, read: session.lookAtState, redraw: true}
	require.NoError(t, w.once(t.Context()))
	require.Equal(t, "\x1b[H\x1b[2Jstate      UP\nstore      memory, where nothing was ever written\n"+
		"fleet      no instance has reported to this store: downtime end\n", out.String())
	out.Reset()
	require.NoError(t, w.once(t.Context()))
	require.Empty(t, out.String())
}
