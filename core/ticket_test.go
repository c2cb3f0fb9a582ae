package core_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/memstore"
)

// slowSite is a handler that runs until release, behind a time-out of one second.
type slowSite struct {
	began   chan struct{}
	release chan struct{}
}

func newSlowSite() *slowSite { return &slowSite{make(chan struct{}, 9), make(chan struct{})} }

func (s *slowSite) ServeHTTP(http.ResponseWriter, *http.Request) {
	s.began <- struct{}{}
	<-s.release
}

func TestInsideCountsAHandlerThatOutlivesItsTimeout(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		carry   bool
		running int64 // while the time-out has not passed
	}{
		"its ticket is shared": {true, 1},
		"a request of its own": {false, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := memstore.New()
				gate, _ := newGate(t, core.Config{Store: st, CarryTickets: tc.carry})
				slow := newSlowSite()
				site := gate.Handler(http.TimeoutHandler(gate.Inside(slow), time.Second, "late"))
				done := make(chan int)
				go func() { done <- get(site, "/").Code }()
				<-slow.began
				require.Equal(t, tc.running, gate.Status().InFlight)
				require.Equal(t, http.StatusServiceUnavailable, <-done)
				require.EqualValues(t, 1, gate.Status().InFlight)

				start(t, st, operator.StartOptions{Holder: "kim"})
				require.NoError(t, gate.Refresh(t.Context()))
				time.Sleep(time.Minute)
				require.False(t, gate.Status().Quiet, "the handler still runs")
				close(slow.release)
				time.Sleep(time.Minute)
				require.True(t, gate.Status().Quiet)
				require.Zero(t, gate.Status().InFlight)
			})
		})
	}
}

// Some bridges to net/http run the handler after the middleware has returned.
func TestInsideDecidesAnewIfTheRequestWasCountedOut(t *testing.T) {
	t.Parallel()
	for name, down := range map[string]bool{"open": false, "closed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := memstore.New()
			gate, _ := newGate(t, core.Config{Store: st, CarryTickets: true})
			var split *http.Request
			gate.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { split = r })).
				ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
			require.Zero(t, gate.Status().InFlight)
			if down {
				start(t, st, operator.StartOptions{Holder: "kim"})
				require.NoError(t, gate.Refresh(t.Context()))
			}
			ran := int64(-1)
			w := httptest.NewRecorder()
			gate.Inside(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { ran = gate.Status().InFlight })).ServeHTTP(w, split)
			if down {
				require.Equal(t, http.StatusServiceUnavailable, w.Code)
				require.EqualValues(t, -1, ran, "the handler ran while the gate was drained")
			} else {
				require.EqualValues(t, 1, ran)
			}
			require.Error(t, core.Stream(split.Context(), "late"))
		})
	}
}

func TestAnotherGatesTicketIsNotShared(t *testing.T) {
	t.Parallel()
	one, _ := newGate(t, core.Config{CarryTickets: true})
	two, _ := newGate(t, core.Config{Down: true})
	require.Equal(t, http.StatusServiceUnavailable, get(one.Handler(two.Inside(newSlowSite())), "/").Code)
}

func TestATimeoutHandlerInsideTheGateIsNamed(t *testing.T) {
	t.Parallel()
	gate, book := newGate(t, core.Config{})
	slow := newSlowSite()
	_ = http.TimeoutHandler(gate.Handler(slow), time.Second, "")
	require.NotContains(t, strings.Join(book.messages(), "\n"), "TimeoutHandler")
	gate.Handler(http.TimeoutHandler(slow, time.Second, ""))
	require.Contains(t, strings.Join(book.messages(), "\n"), "TimeoutHandler")
}

func TestGo(t *testing.T) {
	t.Parallel()
	t.Run("work of a request counts until it has ended, also while closed", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			st := memstore.New()
			gate, _ := newGate(t, core.Config{Store: st, CarryTickets: true})
			release, ended := make(chan struct{}), make(chan error, 1)
			w := get(gate.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				start(t, st, operator.StartOptions{Holder: "kim"})
				require.NoError(t, gate.Refresh(t.Context()))
				ctx, cancel := context.WithCancel(r.Context())
				defer cancel()
				require.True(t, gate.Go(ctx, func(ctx context.Context) {
					<-release
					ended <- ctx.Err()
				}))
			})), "/")
			require.Equal(t, http.StatusOK, w.Code)
			time.Sleep(time.Minute)
			require.EqualValues(t, 1, gate.Status().InFlight)
			require.False(t, gate.Status().Quiet)
			close(release)
			require.NoError(t, <-ended, "the work outlives the context of the request")
			time.Sleep(time.Minute)
			require.True(t, gate.Status().Quiet)
		})
	})
	t.Run("work without a request is refused while closed", func(t *testing.T) {
		t.Parallel()
		gate, _ := newGate(t, core.Config{Down: true})
		require.False(t, gate.Go(t.Context(), func(context.Context) { t.Error("it ran") }))
	})
	t.Run("work without a request may begin more of it", func(t *testing.T) {
		t.Parallel()
		gate, _ := newGate(t, core.Config{})
		done := make(chan int64)
		require.True(t, gate.Go(t.Context(), func(ctx context.Context) {
			gate.Go(ctx, func(context.Context) { done <- gate.Status().InFlight })
		}))
		require.EqualValues(t, 1, <-done)
	})
}

func TestUntilClosing(t *testing.T) {
	t.Parallel()
	t.Run("the gate closes", func(t *testing.T) {
		t.Parallel()
		st := memstore.New()
		gate, _ := newGate(t, core.Config{Store: st})
		ctx, cancel := gate.UntilClosing(t.Context())
		defer cancel()
		require.NoError(t, ctx.Err())
		start(t, st, operator.StartOptions{Holder: "kim"})
		require.NoError(t, gate.Refresh(t.Context()))
		<-ctx.Done()
		require.Equal(t, core.ErrClosing, context.Cause(ctx))
	})
	t.Run("the server stops", func(t *testing.T) {
		t.Parallel()
		gate, _ := newGate(t, core.Config{})
		ctx, cancel := gate.UntilClosing(t.Context())
		defer cancel()
		gate.CloseStreams()
		gate.CloseStreams()
		<-ctx.Done()
		require.Equal(t, core.ErrClosing, context.Cause(ctx))
		require.True(t, gate.Status().Open, "requests are still served")
	})
	t.Run("the work has ended", func(t *testing.T) {
		t.Parallel()
		gate, _ := newGate(t, core.Config{})
		ctx, cancel := gate.UntilClosing(t.Context())
		cancel()
		<-ctx.Done()
		require.Equal(t, context.Canceled, context.Cause(ctx))
	})
}

func TestStream(t *testing.T) {
	t.Parallel()
	t.Run("no drain and no Shutdown waits for it, and it is told", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			st := memstore.New()
			gate, _ := newGate(t, core.Config{Store: st, CarryTickets: true})
			told, release, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
			go func() {
				defer close(done)
				get(gate.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					for range 2 { // a second call has no effect
						if err := core.Stream(r.Context(), "events"); err != nil {
							t.Error(err)
						}
					}
					<-gate.Closing()
					close(told)
					<-release
				})), "/")
			}()
			synctest.Wait()
			require.Zero(t, gate.Status().InFlight)
			require.Equal(t, map[string]int64{"events": 1}, gate.Status().Streams)
			start(t, st, operator.StartOptions{Holder: "kim"})
			require.NoError(t, gate.Refresh(t.Context()))
			<-told
			time.Sleep(time.Minute)
			require.True(t, gate.Status().Quiet)
			f, err := operator.Operator{Store: st}.Fleet(t.Context())
			require.NoError(t, err)
			require.Equal(t, map[string]int64{"events": 1}, f.Instances[0].Streams)
			require.NoError(t, gate.Shutdown(t.Context()))
			close(release)
			<-done
			require.Empty(t, gate.Status().Streams)
		})
	})
	t.Run("names are few and short", func(t *testing.T) {
		t.Parallel()
		gate, _ := newGate(t, core.Config{CarryTickets: true})
		var got map[string]int64
		var nest func(n int) http.Handler
		nest = func(n int) http.Handler {
			return gate.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				name := strings.Repeat("x", 60) + strconv.Itoa(n)
				if n > 1 {
					name = strconv.Itoa(n)
				}
				if n == 2 {
					name = ""
				}
				require.NoError(t, core.Stream(r.Context(), name))
				if n == 20 {
					got = gate.Status().Streams
					return
				}
				nest(n+1).ServeHTTP(w, r)
			}))
		}
		get(nest(1), "/")
		require.Len(t, got, 17)
		require.EqualValues(t, 1, got[strings.Repeat("x", 40)])
		require.EqualValues(t, 1, got["unnamed"])
		require.EqualValues(t, 4, got["other"])
		require.Empty(t, gate.Status().Streams)
	})
	t.Run("a request that carries no ticket stays a request", func(t *testing.T) {
		t.Parallel()
		gate, _ := newGate(t, core.Config{})
		get(gate.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			require.ErrorContains(t, core.Stream(r.Context(), "x"), "CarryTickets")
			require.EqualValues(t, 1, gate.Status().InFlight)
		})), "/")
	})
}

// A hijacked connection outlives its handler. The server's Shutdown does not wait for it.
func TestAHijackedConnectionIsAStream(t *testing.T) {
	t.Parallel()
	gate, _ := newGate(t, core.Config{})
	ended := make(chan error, 1)
	server := httptest.NewServer(gate.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			ended <- err
			return
		}
		if err := core.Stream(r.Context(), "chat"); err != nil {
			ended <- err
			return
		}
		gate.Go(r.Context(), func(context.Context) { // the pump of the connection
			_, _ = conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n"))
			<-gate.Closing()
			ended <- conn.Close()
		})
	})))
	defer server.Close()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = conn.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: chat\r\nUser-Agent: test\r\n\r\n"))
	require.NoError(t, err)
	status, err := bufio.NewReader(conn).ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, status, "101")
	require.Equal(t, map[string]int64{"chat": 1}, gate.Status().Streams)
	require.Zero(t, gate.Status().InFlight)
	require.NoError(t, server.Config.Shutdown(t.Context()))
	require.NoError(t, gate.Shutdown(t.Context()))
	require.NoError(t, <-ended)
}
