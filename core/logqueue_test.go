package core

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/store"
)

// handlerFunc is a slog handler made of a function.
type handlerFunc func(slog.Record)

func (f handlerFunc) Enabled(context.Context, slog.Level) bool { return true }
func (f handlerFunc) WithAttrs([]slog.Attr) slog.Handler       { return f }
func (f handlerFunc) WithGroup(string) slog.Handler            { return f }
func (f handlerFunc) Handle(_ context.Context, r slog.Record) error {
	f(r)
	return nil
}

func TestLogLinesKeepTheOrderOfTheirTransitions(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var wrote []string
	q := &logQueue{}
	q.log = slog.New(handlerFunc(func(r slog.Record) { wrote = append(wrote, r.Message) }))
	var want []string
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				mu.Lock()
				msg := strconv.Itoa(len(want))
				want = append(want, msg)
				q.add(logLine{level: slog.LevelInfo, msg: msg})
				mu.Unlock()
				q.flush(&mu)
			}
		})
	}
	wg.Wait()
	require.Equal(t, want, wrote)
}

func TestALogHandlerMayAskTheGateAndMayPanic(t *testing.T) {
	t.Parallel()
	var g *Gate
	asked := 0
	g, err := New(Config{Store: &nowhere{}, FirstStart: FirstStartOpen, Logger: slog.New(handlerFunc(func(slog.Record) {
		if g != nil {
			asked++
			require.True(t, g.Status().Open)
			require.ErrorIs(t, g.Refresh(t.Context()), store.ErrLost) // queues and flushes within a handler
		}
		panic("handler")
	}))})
	require.NoError(t, err)
	g.follower.mu.Lock()
	g.follower.logs.add(logLine{level: slog.LevelInfo, msg: "anything"})
	g.follower.mu.Unlock()
	g.follower.handle(tick{})
	require.Equal(t, 1, asked)
	require.True(t, g.Status().Open, "a panicking handler holds no lock")
}

// nowhere is a store that has lost its document.
type nowhere struct{}

func (*nowhere) Get(context.Context, store.Token) (store.Blob, error) {
	return store.Blob{}, store.ErrLost
}
func (*nowhere) Swap(context.Context, store.Token, []byte) error { return store.ErrLost }
func (*nowhere) Info() store.Info                                { return store.Info{Name: "nowhere"} }
