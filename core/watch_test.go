package core_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
)

const (
	aKey     = "0123456789abcdef"
	maxLate  = 16
	hangLine = "predicate hangs, so it is not asked and does not bypass"
)

// hanging is a function that ignores its context, waits for release, and says yes then.
type hanging struct {
	release chan struct{}
	asked   atomic.Int64
}

func (h *hanging) wait() bool {
	h.asked.Add(1)
	<-h.release
	return true
}

func TestAPredicateThatHangsIsSkipped(t *testing.T) {
	t.Parallel()
	for name, bypass := range map[string]func(h *hanging) []core.Predicate{
		"a function": func(h *hanging) []core.Predicate {
			return []core.Predicate{
				core.Func("session", func(context.Context, *http.Request) bool { return h.wait() }),
				core.APIKeyHeader("X-Key", core.KeyLiteral(aKey)),
			}
		},
		"a context value": func(h *hanging) []core.Predicate {
			return []core.Predicate{
				core.ContextValue("session", http.ServerContextKey, func(any) bool { return h.wait() }),
				core.APIKeyHeader("X-Key", core.KeyLiteral(aKey)),
			}
		},
		"in a group, before a key": func(h *hanging) []core.Predicate {
			return []core.Predicate{core.Any("operators",
				core.All("signed in", core.Func("session", func(context.Context, *http.Request) bool { return h.wait() })),
				core.APIKeyHeader("X-Key", core.KeyLiteral(aKey)))}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := &hanging{release: make(chan struct{})}
				gate, book := newGate(t, core.Config{Down: true, Bypass: bypass(h)})
				site := gate.Handler(ok)
				status := func(header ...string) int {
					r := httptest.NewRequestWithContext(context.WithValue(t.Context(), http.ServerContextKey, "server"), http.MethodGet, "/", nil)
					for i := 0; i+1 < len(header); i += 2 {
						r.Header.Set(header[i], header[i+1])
					}
					w := httptest.NewRecorder()
					site.ServeHTTP(w, r)
					return w.Code
				}
				var statuses sync.Map
				var wg sync.WaitGroup
				hang := func() { wg.Go(func() { statuses.Store(new(int), status()) }) }
				hung := func() int {
					return len(slices.DeleteFunc(book.messages(), func(m string) bool { return m != hangLine }))
				}

				for range maxLate {
					hang()
				}
				time.Sleep(999 * time.Millisecond)
				require.Zero(t, gate.Status().LateCalls)
				time.Sleep(time.Millisecond)
				require.Equal(t, maxLate, gate.Status().LateCalls)
				for range 100 {
					require.Equal(t, http.StatusServiceUnavailable, status(), "the answer comes at once: a wait would stop the bubble")
				}
				require.EqualValues(t, maxLate, h.asked.Load())
				require.Equal(t, http.StatusOK, status("X-Key", aKey), "the others are asked")
				require.Equal(t, 1, hung(), "one line")
				require.Equal(t, "session", book.attr(hangLine, "predicate"))

				h.release <- struct{}{}
				synctest.Wait()
				require.Equal(t, maxLate-1, gate.Status().LateCalls)
				hang()
				time.Sleep(time.Second)
				require.EqualValues(t, maxLate+1, h.asked.Load(), "it is asked again")
				require.Equal(t, http.StatusServiceUnavailable, status())
				require.Equal(t, 1, hung(), "the same outage, the same line")

				close(h.release)
				wg.Wait()
				statuses.Range(func(_, s any) bool {
					require.Equal(t, http.StatusServiceUnavailable, s, "a late yes does not bypass")
					return true
				})
				require.Zero(t, gate.Status().LateCalls)
				require.Equal(t, http.StatusOK, status(), "a quick yes does")
			})
		})
	}
}

func TestThePredicateTimeoutIsInTheContext(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]func(ctx context.Context) error{
		"Done": func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		"Err": func(ctx context.Context) error {
			for ctx.Err() == nil {
				time.Sleep(time.Millisecond)
			}
			<-ctx.Done()
			return ctx.Err()
		},
		"a context of it": func(ctx context.Context) error {
			ctx, cancel := context.WithCancel(context.WithValue(ctx, http.LocalAddrContextKey, "x"))
			defer cancel()
			<-ctx.Done()
			return context.Cause(ctx)
		},
		"its cause": func(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for end, want := range map[string]error{"the timeout": context.DeadlineExceeded, "the client leaves": context.Canceled} {
				synctest.Test(t, func(t *testing.T) {
					ctx, leave := context.WithCancel(context.WithValue(t.Context(), http.ServerContextKey, "value"))
					defer leave()
					began, took := time.Now(), 3*time.Second
					if errors.Is(want, context.Canceled) {
						took = time.Second
						time.AfterFunc(took, leave)
					}
					kept := ctx
					slow := core.Func("slow", func(ctx context.Context, _ *http.Request) bool {
						deadline, found := ctx.Deadline()
						require.True(t, found)
						require.Equal(t, began.Add(3*time.Second), deadline)
						require.NoError(t, ctx.Err())
						require.ErrorIs(t, wait(ctx), want, end)
						require.Equal(t, "value", ctx.Value(http.ServerContextKey))
						kept = ctx
						return true
					})
					gate, _ := newGate(t, core.Config{Down: true, PredicateTimeout: 3 * time.Second, Bypass: []core.Predicate{slow}})
					d := gate.Decide(ctx, httptest.NewRequest(http.MethodGet, "/", nil))
					require.Equal(t, core.Blocked, d.Outcome)
					require.InDelta(t, took, time.Since(began), float64(time.Millisecond))
					<-kept.Done()
				})
			}
		})
	}
}

func TestTheEarlierDeadlineCounts(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	want, _ := ctx.Deadline()
	gate, _ := newGate(t, core.Config{Down: true, Bypass: []core.Predicate{core.Func("x", func(ctx context.Context, _ *http.Request) bool {
		got, _ := ctx.Deadline()
		require.Equal(t, want, got)
		return false
	})}})
	require.Equal(t, core.Blocked, gate.Decide(ctx, httptest.NewRequest(http.MethodGet, "/", nil)).Outcome)
}

// Calls are counted out in any order and also after a panic.
func TestLateCallsAreCountedOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mixed := core.Func("mixed", func(_ context.Context, r *http.Request) bool {
			pause, _ := time.ParseDuration(r.Header.Get("Pause"))
			time.Sleep(pause)
			if pause%2 == 0 {
				panic("boom")
			}
			return true
		})
		gate, book := newGate(t, core.Config{Down: true, Bypass: []core.Predicate{mixed}})
		site := gate.Handler(ok)
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				time.Sleep(time.Duration(i*7) * time.Millisecond)
				get(site, "/", "Pause", (time.Duration((i*37)%2500)*time.Millisecond + time.Duration(i%2)).String())
			})
		}
		most := 0
		for range 500 {
			time.Sleep(10 * time.Millisecond)
			most = max(most, gate.Status().LateCalls)
		}
		wg.Wait()
		require.Greater(t, most, maxLate)
		require.Zero(t, gate.Status().LateCalls)
		require.Equal(t, http.StatusOK, get(site, "/", "Pause", "1ns").Code)
		require.True(t, slices.ContainsFunc(book.messages(), func(m string) bool { return strings.Contains(m, "panicked") }))
	})
}

// The caller of Allows sets the deadline.
func TestAllowsHasNoDeadlineOfItsOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := core.Func("slow", func(ctx context.Context, _ *http.Request) bool {
			_, found := ctx.Deadline()
			time.Sleep(time.Minute)
			return !found
		})
		require.True(t, slow.Allows(context.Background(), httptest.NewRequest(http.MethodGet, "/", nil)))
	})
}
