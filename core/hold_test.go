package core_test

import (
	"context"
	"errors"
	"io"
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
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// crowd sends requests and collects what became of them.
type crowd struct {
	site  http.Handler
	began time.Time

	mu      sync.Mutex
	answers []answered
	group   sync.WaitGroup
}

type answered struct {
	code  int
	after time.Duration // since the crowd began
}

func newCrowd(site http.Handler) *crowd { return &crowd{site: site, began: time.Now()} }

func (c *crowd) send(r *http.Request) {
	c.group.Go(func() {
		w := httptest.NewRecorder()
		c.site.ServeHTTP(w, r)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.answers = append(c.answers, answered{w.Code, time.Since(c.began)})
	})
}

func (c *crowd) get(n int) {
	for range n {
		c.send(httptest.NewRequest(http.MethodGet, "/", nil))
	}
	synctest.Wait()
}

// codes returns the answers until now, as code and number.
func (c *crowd) codes() map[int]int {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	codes := map[int]int{}
	for _, a := range c.answers {
		codes[a.code]++
	}
	return codes
}

const (
	served  = http.StatusOK
	refused = http.StatusServiceUnavailable
)

// begin starts a downtime and waits until the gate has closed.
func begin(t testing.TB, st store.Store, o operator.StartOptions) operator.Result {
	t.Helper()
	time.Sleep(100 * time.Millisecond) // a gate answers hints by at most one read in 50 ms
	began := start(t, st, o)
	synctest.Wait()
	return began
}

func holding(seconds int) operator.StartOptions {
	return operator.StartOptions{Holder: "kim", Hold: new(time.Duration(seconds) * time.Second)}
}

func TestHeldRequestsAreServedWhenTheGateOpens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New()
		gate, _ := newGate(t, core.Config{Store: st})
		var bodies []string
		c := newCrowd(gate.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			bodies = append(bodies, string(body))
		})))
		begun := begin(t, st, holding(20))
		c.send(httptest.NewRequest(http.MethodPost, "/", strings.NewReader("an order")))
		synctest.Wait()
		require.Empty(t, c.codes())
		status := gate.Status()
		require.EqualValues(t, 1, status.Held)
		require.EqualValues(t, 1, status.Judged, "the gate has seen it")
		require.Zero(t, status.InFlight+status.Bypassed+status.Exempt, "a held request is not admitted")
		require.Equal(t, []string{begun.Period.ID}, status.Drained, "no drain waits for it")
		require.Equal(t, time.Now().Add(20*time.Second), status.Closure.HoldUntil)

		time.Sleep(19 * time.Second)
		rows, err := st.ListRows(t.Context(), "")
		require.NoError(t, err)
		row, err := period.DecodeRow(rows.Rows[0].Key, rows.Rows[0].Bytes)
		require.NoError(t, err)
		require.EqualValues(t, 1, row.Held)
		require.Equal(t, period.Closed, row.State)

		end(t, st)
		time.Sleep(time.Second)
		require.Equal(t, map[int]int{served: 1}, c.codes())
		require.Equal(t, []string{"an order"}, bodies)
		require.Zero(t, gate.Status().Held)
		require.Zero(t, gate.Status().InFlight)
		require.EqualValues(t, 1, gate.Status().Judged)
	})
}

func TestTheLimitOfAHoldCountsFromTheClosing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New()
		gate, _ := newGate(t, core.Config{Store: st})
		c := newCrowd(gate.Handler(ok))
		begin(t, st, holding(20))
		c.get(1)
		time.Sleep(15 * time.Second)
		c.get(1)
		time.Sleep(5*time.Second - time.Nanosecond)
		require.Empty(t, c.codes())
		time.Sleep(time.Nanosecond)
		require.Equal(t, map[int]int{refused: 2}, c.codes())
		c.get(1)
		require.Equal(t, map[int]int{refused: 3}, c.codes(), "later ones are refused at once")
		require.Zero(t, gate.Status().Closure.HoldUntil)

		begin(t, st, holding(25))
		c.get(1)
		require.Equal(t, map[int]int{refused: 3}, c.codes(), "a longer hold counts from the closing too")
		time.Sleep(5 * time.Second)
		require.Equal(t, map[int]int{refused: 4}, c.codes())
	})
}

func TestOnlySoManyRequestsAreHeld(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ max, held int }{
		"a limit":       {3, 3},
		"the default":   {0, 1000},
		"none are held": {-1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := memstore.New()
				gate, _ := newGate(t, core.Config{Store: st, MaxHeld: tc.max})
				c := newCrowd(gate.Handler(ok))
				begin(t, st, holding(20))
				c.get(tc.held + 2)
				require.Equal(t, map[int]int{refused: 2}, c.codes())
				require.EqualValues(t, tc.held, gate.Status().Held)
				end(t, st)
				time.Sleep(time.Second)
				want := map[int]int{refused: 2}
				if tc.held > 0 {
					want[served] = tc.held
				}
				require.Equal(t, want, c.codes())
			})
		})
	}
}

func TestAHeldRequestOfAClientThatLeftIsNotRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const many = 1000
		st := memstore.New()
		gate, _ := newGate(t, core.Config{Store: st})
		var ran, late atomic.Int64
		c := newCrowd(gate.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			ran.Add(1)
			if r.Context().Err() != nil {
				late.Add(1)
			}
		})))
		begin(t, st, holding(20))
		waiting, leave := context.WithCancel(t.Context())
		released, leaveLater := context.WithCancel(t.Context())
		for range many / 2 {
			c.send(httptest.NewRequestWithContext(waiting, http.MethodGet, "/", nil))
			c.send(httptest.NewRequestWithContext(released, http.MethodGet, "/", nil))
		}
		synctest.Wait()
		leave()
		require.Equal(t, map[int]int{refused: many / 2}, c.codes())
		require.EqualValues(t, many/2, gate.Status().Held, "their places are free")
		time.Sleep(time.Second)
		end(t, st)
		time.Sleep(20 * time.Millisecond)
		leaveLater()
		codes := c.codes()
		require.Positive(t, codes[served])
		require.Greater(t, codes[refused], many/2)
		require.EqualValues(t, codes[served], ran.Load())
		require.Zero(t, late.Load())
		require.Zero(t, gate.Status().Held)
	})
}

func TestWhatIsNeverHeld(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		path, key string
		start     operator.StartOptions
		down      bool
		want      int
	}{
		"an exempt path":           {path: "/healthz", start: holding(20), want: served},
		"a bypassed request":       {path: "/", key: "yes", start: holding(20), want: served},
		"a period without a hold":  {path: "/", start: operator.StartOptions{Holder: "kim"}, want: refused},
		"an override":              {path: "/", start: holding(20), down: true, want: refused},
		"an HTTP/2 without a host": {path: "*", start: holding(20), want: refused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := memstore.New()
				gate, _ := newGate(t, core.Config{
					Store: st, Down: tc.down, ExemptExact: []string{"/healthz"},
					Bypass: []core.Predicate{core.Func("key", func(_ context.Context, r *http.Request) bool { return r.Header.Get("X-Key") != "" })},
				})
				c := newCrowd(gate.Handler(ok))
				begin(t, st, tc.start)
				r := httptest.NewRequest(http.MethodGet, "/", nil)
				if r.URL.Path = tc.path; tc.path == "*" {
					r.Method, r.URL.Path = "PRI", "*"
				}
				if tc.key != "" {
					r.Header.Set("X-Key", tc.key)
				}
				c.send(r)
				codes := c.codes()
				if tc.path == "*" {
					tc.want = http.StatusHTTPVersionNotSupported
				}
				require.Equal(t, map[int]int{tc.want: 1}, codes)
			})
		})
	}
}

func TestAHoldEndsWithTheReasonForIt(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(t *testing.T, gate *core.Gate, st store.Store){
		"another period refuses at once": func(t *testing.T, _ *core.Gate, st store.Store) {
			t.Helper()
			begin(t, st, operator.StartOptions{Holder: "lee"})
		},
		"the hold is taken back": func(t *testing.T, _ *core.Gate, st store.Store) { t.Helper(); begin(t, st, holding(0)) },
		"streams are closed":     func(_ *testing.T, gate *core.Gate, _ store.Store) { gate.CloseStreams() },
		"the gate is shut down": func(t *testing.T, gate *core.Gate, _ store.Store) {
			t.Helper()
			began := time.Now()
			require.NoError(t, gate.Shutdown(t.Context()))
			require.Equal(t, began, time.Now(), "it does not wait for held requests")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := memstore.New()
				gate, _ := newGate(t, core.Config{Store: st})
				c := newCrowd(gate.Handler(ok))
				begin(t, st, holding(20))
				c.get(2)
				require.Empty(t, c.codes())
				change(t, gate, st)
				require.Equal(t, map[int]int{refused: 2}, c.codes())
				c.get(1)
				require.Equal(t, map[int]int{refused: 3}, c.codes())
			})
		})
	}
}

// A change of the closure wakes the held requests. They keep their places in the queue.
func TestHeldRequestsKeepWaitingWhenTheReasonChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New()
		gate, _ := newGate(t, core.Config{Store: st, MaxHeld: 10})
		c := newCrowd(gate.Handler(ok))
		begin(t, st, holding(20))
		c.get(10)
		begin(t, st, operator.StartOptions{Holder: "kim", Reason: new("a little more")})
		c.get(1)
		require.Equal(t, map[int]int{refused: 1}, c.codes())
		require.EqualValues(t, 10, gate.Status().Held)
		end(t, st)
		time.Sleep(time.Second)
		require.Equal(t, map[int]int{refused: 1, served: 10}, c.codes())
	})
}

func TestTheReleaseOfManyRequestsLosesNoneAndTakesATenthOfASecond(t *testing.T) {
	t.Parallel()
	for name, many := range map[string]int{"one": 1, "a hundred": 100, "ten thousand": 10_000} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := memstore.New()
				gate, _ := newGate(t, core.Config{Store: st, MaxHeld: many})
				c := newCrowd(gate.Handler(ok))
				begin(t, st, holding(20))
				c.get(many)
				time.Sleep(5 * time.Second)
				require.Empty(t, c.codes())
				require.EqualValues(t, many, gate.Status().Held)
				end(t, st)
				opened := time.Since(c.began)
				time.Sleep(time.Second)
				require.Equal(t, map[int]int{served: many}, c.codes())
				var ms []int
				for _, a := range c.answers {
					ms = append(ms, int((a.after - opened).Milliseconds()))
				}
				took := min(many/10, 100) // at 0.1 ms for each
				require.LessOrEqual(t, slices.Max(ms), took)
				if many > 1000 {
					require.Less(t, slices.Min(ms), 5)
					require.Greater(t, slices.Max(ms), 95)
				}
			})
		})
	}
}

func TestAGateThatClosesDuringTheReleaseHoldsTheRestAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const many = 1000
		st := memstore.New()
		gate, _ := newGate(t, core.Config{Store: st})
		c := newCrowd(gate.Handler(ok))
		begin(t, st, holding(20))
		c.get(many)
		end(t, st)
		for !gate.Status().Open {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(10 * time.Millisecond)
		start(t, st, holding(20))
		for gate.Status().Open {
			time.Sleep(time.Millisecond)
		}
		first := c.codes()[served]
		require.Positive(t, first)
		require.Less(t, first, many)
		time.Sleep(10 * time.Second)
		require.Equal(t, map[int]int{served: first}, c.codes())
		require.EqualValues(t, many-first, gate.Status().Held)
		end(t, st)
		time.Sleep(time.Second)
		require.Equal(t, map[int]int{served: many}, c.codes())
	})
}

func TestOnDecisionHearsOfAHoldAndOfItsEnd(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		opens bool
		want  []string
	}{
		"the gate opens":       {true, []string{"held"}},
		"the limit has passed": {false, []string{"held", "blocked"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := memstore.New()
				var heard []string
				gate, _ := newGate(t, core.Config{Store: st, OnDecision: func(_ context.Context, _ *http.Request, d core.Decision) {
					heard = append(heard, d.Outcome.String())
				}})
				c := newCrowd(gate.Handler(ok))
				begin(t, st, holding(20))
				c.get(1)
				if tc.opens {
					end(t, st)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				require.Equal(t, tc.want, heard)
				require.EqualValues(t, 1, gate.Status().Judged)
			})
		})
	}
}

// deadlines is a ResponseWriter whose deadlines a test can read.
type deadlines struct {
	http.ResponseWriter

	read, write time.Time
	err         error
}

func (d *deadlines) SetReadDeadline(t time.Time) error  { d.read = t; return d.err }
func (d *deadlines) SetWriteDeadline(t time.Time) error { d.write = t; return d.err }

func TestTheTimeoutsOfTheServerBeginAnewAfterAHold(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		server *http.Server
		err    error
		code   int
		read   bool // a deadline is set
		write  bool
	}{
		"both":                           {server: &http.Server{ReadTimeout: 2 * time.Second, WriteTimeout: 3 * time.Second}, code: served, read: true, write: true},
		"one":                            {server: &http.Server{WriteTimeout: 3 * time.Second}, code: served, write: true},
		"none":                           {server: &http.Server{}, code: served},
		"no server":                      {code: served},
		"a writer without deadlines":     {server: &http.Server{ReadTimeout: 2 * time.Second}, err: http.ErrNotSupported, code: refused},
		"a connection that is closed":    {server: &http.Server{WriteTimeout: 2 * time.Second}, err: errors.New("closed"), code: refused},
		"neither deadlines nor timeouts": {server: &http.Server{}, err: http.ErrNotSupported, code: served},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := memstore.New()
				gate, book := newGate(t, core.Config{Store: st})
				begin(t, st, holding(20))
				closedAt := time.Now()
				time.Sleep(time.Second)
				ctx := t.Context()
				if tc.server != nil {
					ctx = context.WithValue(ctx, http.ServerContextKey, tc.server)
				}
				w := &deadlines{ResponseWriter: httptest.NewRecorder(), err: tc.err}
				var atRun [2]time.Time
				done := make(chan struct{})
				go func() {
					defer close(done)
					gate.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
						atRun = [2]time.Time{w.read, w.write}
					})).ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil))
				}()
				synctest.Wait()
				limit := closedAt.Add(20 * time.Second)
				if tc.read && tc.err == nil {
					require.False(t, w.read.Before(limit.Add(tc.server.ReadTimeout)))
				}
				if tc.write && tc.err == nil {
					require.False(t, w.write.Before(limit.Add(tc.server.WriteTimeout)))
				}
				time.Sleep(time.Second)
				end(t, st)
				<-done
				require.Equal(t, tc.code, w.ResponseWriter.(*httptest.ResponseRecorder).Code)
				if tc.code == served {
					require.Equal(t, tc.read, !atRun[0].IsZero())
					require.Equal(t, tc.write, !atRun[1].IsZero())
				}
				if tc.read {
					require.Equal(t, time.Now().Add(tc.server.ReadTimeout), atRun[0])
				}
				if tc.write {
					require.Equal(t, time.Now().Add(tc.server.WriteTimeout), atRun[1])
				}
				warned := slices.Contains(book.messages(), "cannot hold requests: the ResponseWriter has no deadlines, and the server has time-outs")
				require.Equal(t, tc.code == refused && errors.Is(tc.err, http.ErrNotSupported), warned, "%v", book.messages())
			})
		})
	}
}

// A request that passes the same gate twice is counted by the first pass, and held by the second.
// The drain waits for it until the limit.
func TestARequestThatIsHeldByItsSecondPassDelaysTheDrainToTheLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New()
		gate, _ := newGate(t, core.Config{Store: st})
		inside := make(chan struct{})
		inner := gate.Handler(ok)
		c := newCrowd(gate.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			<-inside
			inner.ServeHTTP(w, r)
		})))
		c.get(1)
		begun := begin(t, st, holding(20))
		close(inside)
		time.Sleep(19 * time.Second)
		require.EqualValues(t, 1, gate.Status().Held)
		require.Empty(t, gate.Status().Drained)
		time.Sleep(2 * time.Second)
		require.Equal(t, map[int]int{refused: 1}, c.codes())
		require.Equal(t, []string{begun.Period.ID}, gate.Status().Drained)
	})
}

func TestDecideAndExplainSayThatARequestWouldBeHeld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New()
		gate, _ := newGate(t, core.Config{Store: st})
		begun := begin(t, st, holding(20))
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		d := gate.Decide(t.Context(), r)
		require.Equal(t, core.Held, d.Outcome)
		require.Equal(t, "held", d.Outcome.String())
		require.False(t, d.Passes())
		w := httptest.NewRecorder()
		gate.Respond(w, r, d)
		require.Equal(t, refused, w.Code)
		for after, want := range map[time.Duration]core.Outcome{0: core.Held, 19 * time.Second: core.Held, 20 * time.Second: core.Blocked} {
			d, err := core.Explain(core.Config{}, begun.After, begun.Time.Add(after), r)
			require.NoError(t, err)
			require.Equal(t, want, d.Outcome, after)
		}
		d, err := core.Explain(core.Config{MaxHeld: -1}, begun.After, begun.Time, r)
		require.NoError(t, err)
		require.Equal(t, core.Blocked, d.Outcome)
	})
}
