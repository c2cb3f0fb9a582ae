package core_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
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
	"github.com/go-downtime/downtime/store/memstore"
)

func TestTheZeroConfigIsValidAndOpen(t *testing.T) {
	t.Parallel()
	gate, book := newGate(t, core.Config{})
	require.Equal(t, http.StatusOK, get(gate.Handler(ok), "/").Code)
	require.Equal(t, core.Open, gate.Decide(t.Context(), httptest.NewRequest(http.MethodGet, "/", nil)).Outcome)
	require.Empty(t, book.messages())
	status := gate.Status()
	require.True(t, status.Open)
	require.Equal(t, core.StoreNone, status.Health)
}

func TestEveryFaultOfAConfigIsNamedWithItsValue(t *testing.T) {
	t.Parallel()
	_, err := core.New(core.Config{
		ExemptExact:      []string{"/ok", "healthz"},
		ExemptPaths:      []string{"/"},
		Bypass:           []core.Predicate{core.Func("fine", func(context.Context, *http.Request) bool { return false }), {}},
		StatusCode:       200,
		RedirectURL:      "javascript:alert(1)",
		PollInterval:     time.Millisecond,
		OnStoreLost:      7,
		MaxStale:         -time.Second,
		PredicateTimeout: time.Hour,
		FirstStart:       9,
		OverrideFile:     "a\x00b",
	})
	require.Error(t, err)
	for _, part := range []string{
		`ExemptExact[1]: "healthz"`, `ExemptPaths[0]: "/"`, "Bypass[1]", "StatusCode: 200", `RedirectURL: "javascript:alert(1)"`,
		"PollInterval: 1ms", "OnStoreLost: StoreLostPolicy(7)", "MaxStale: -1s", "PredicateTimeout: 1h0m0s", "FirstStart: FirstStartPolicy(9)", `OverrideFile: "a\x00b"`,
	} {
		require.ErrorContains(t, err, part)
	}
	fault, found := errors.AsType[*core.FieldError](err)
	require.True(t, found)
	require.NotEmpty(t, fault.Field)
}

func TestAStartClosesAndAnEndOpens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New()
		gate, book := newGate(t, core.Config{Store: st})
		h := gate.Handler(ok)
		require.Equal(t, http.StatusOK, get(h, "/").Code)

		began := start(t, st, operator.StartOptions{Reason: new("moving house"), Holder: "kim"})
		synctest.Wait()
		answer := get(h, "/")
		require.Equal(t, http.StatusServiceUnavailable, answer.Code)
		require.Contains(t, answer.Body.String(), "moving house")
		require.Equal(t, "down;kind=planned", answer.Header().Get("Downtime"))
		status := gate.Status()
		require.False(t, status.Open)
		require.Equal(t, began.Period.ID, status.Closure.Period)
		require.Equal(t, began.After.Revision, status.Revision)
		require.True(t, status.Quiet)
		require.Equal(t, []string{began.Period.ID}, status.Drained)

		end(t, st)
		heard()
		require.Equal(t, http.StatusOK, get(h, "/").Code)
		require.Equal(t, []string{"closed", "drained", "opened"}, book.messages())
		require.Equal(t, "moving house", book.attr("closed", "reason"))
	})
}

func TestDecisionOrder(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	start(t, st, operator.StartOptions{Holder: "kim"})
	type seen struct {
		outcome core.Outcome
		rule    string
	}
	var hooked []seen
	gate, _ := newGate(t, core.Config{
		Store:       st,
		ExemptExact: []string{"/healthz"},
		ExemptPaths: []string{"/static"},
		Bypass: []core.Predicate{
			core.Func("never", func(context.Context, *http.Request) bool { return false }),
			core.Func("staff", func(_ context.Context, r *http.Request) bool { return r.Header.Get("Staff") == "yes" }),
		},
		OnDecision: func(_ context.Context, _ *http.Request, d core.Decision) {
			hooked = append(hooked, seen{d.Outcome, d.Rule})
		},
	})
	for _, c := range []struct {
		target, staff string
		code          int
		want          seen
	}{
		{"/healthz", "", 200, seen{core.Exempt, "/healthz"}},
		{"/healthz", "yes", 200, seen{core.Exempt, "/healthz"}},
		{"/healthz/deep", "", 503, seen{core.Blocked, ""}},
		{"/static/logo.svg", "", 200, seen{core.Exempt, "/static"}},
		{"/statics", "", 503, seen{core.Blocked, ""}},
		{"/", "yes", 200, seen{core.Bypassed, "staff"}},
		{"/", "no", 503, seen{core.Blocked, ""}},
	} {
		hooked = nil
		w := get(gate.Handler(ok), c.target, "Staff", c.staff)
		require.Equal(t, c.code, w.Code, c.target)
		require.Equal(t, []seen{c.want}, hooked, c.target)
		if c.want.outcome == core.Bypassed {
			require.Equal(t, "private, no-store", w.Header().Get("Cache-Control"))
			require.Equal(t, "no-store", w.Header().Get("CDN-Cache-Control"))
		} else if c.code == 200 {
			require.Empty(t, w.Header().Get("Cache-Control"), "an exempt answer is cached as ever")
		}
	}
}

func TestAPanicInAPredicateOrHookAdmitsNoRequestAndIsLoggedOnce(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]core.Config{
		"a predicate": {Bypass: []core.Predicate{core.Func("fragile", func(context.Context, *http.Request) bool { panic("nil user") })}},
		"the hook":    {OnDecision: func(context.Context, *http.Request, core.Decision) { panic("hook") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg.Down = true
			gate, book := newGate(t, cfg)
			for range 3 {
				require.Equal(t, http.StatusServiceUnavailable, get(gate.Handler(ok), "/").Code)
			}
			require.Len(t, slices.DeleteFunc(book.messages(), func(m string) bool { return !strings.Contains(m, "panicked") }), 1)
		})
	}
}

func TestARequestThatWasLetInHoldsTheDrain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New()
		gate, book := newGate(t, core.Config{Store: st, ExemptPaths: []string{"/live"}})
		release := make(chan struct{})
		slow := gate.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
		var wg sync.WaitGroup
		wg.Go(func() { get(slow, "/") })
		synctest.Wait()
		require.EqualValues(t, 1, gate.Status().InFlight)

		start(t, st, operator.StartOptions{Holder: "kim"})
		time.Sleep(time.Minute) // the bubble's clock
		require.False(t, gate.Status().Quiet)
		require.Equal(t, []string{"closed"}, book.messages())
		wg.Go(func() { get(slow, "/live") }) // exempt: it is counted separately, and the drain does not wait for it
		synctest.Wait()
		require.EqualValues(t, 1, gate.Status().Exempt)
		close(release)
		wg.Wait()
		time.Sleep(50 * time.Millisecond)
		require.True(t, gate.Status().Quiet)
		require.Equal(t, []string{"closed", "drained"}, book.messages())
		require.Zero(t, gate.Status().InFlight)
	})
}

func TestADrainWaitsForEverySnapshotThatLetRequestsIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New()
		gate, _ := newGate(t, core.Config{Store: st})
		var tickets []core.Ticket
		for range 3 {
			ticket, open := gate.Enter(nil)
			require.True(t, open)
			tickets = append(tickets, ticket)
			start(t, st, operator.StartOptions{Holder: "kim"})
			heard()
			_, open = gate.Enter(nil)
			require.False(t, open)
			end(t, st)
			heard()
		}
		start(t, st, operator.StartOptions{Holder: "kim"})
		for i := range tickets {
			time.Sleep(time.Second)
			require.False(t, gate.Status().Quiet)
			require.EqualValues(t, len(tickets)-i, gate.Status().InFlight)
			tickets[len(tickets)-1-i].Leave()
		}
		time.Sleep(time.Second)
		require.True(t, gate.Status().Quiet)
	})
}

// While a gate is drained, no admitted request runs. Many goroutines send requests while the gate
// closes and opens.
func TestWhileDrainedNothingRuns(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	gate, _ := newGate(t, core.Config{Store: st})
	var running atomic.Int64
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 4 * runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			for !stop.Load() {
				if ticket, open := gate.Enter(r); open {
					running.Add(1)
					runtime.Gosched()
					running.Add(-1)
					ticket.Leave()
				} else {
					runtime.Gosched()
				}
			}
		})
	}
	rounds := 200
	if testing.Short() {
		rounds = 30
	}
	for range rounds {
		start(t, st, operator.StartOptions{Holder: "kim"})
		require.NoError(t, gate.Refresh(t.Context()))
		for !gate.Status().Quiet {
			runtime.Gosched()
		}
		for range 50 {
			require.Zero(t, running.Load(), "a request runs in a drained gate")
			runtime.Gosched()
		}
		end(t, st)
		require.NoError(t, gate.Refresh(t.Context()))
		require.True(t, gate.Status().Open)
	}
	stop.Store(true)
	wg.Wait()
}

func TestAPanickingHandlerLeavesTheCount(t *testing.T) {
	t.Parallel()
	gate, _ := newGate(t, core.Config{})
	h := gate.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	require.Panics(t, func() { get(h, "/") })
	require.Zero(t, gate.Status().InFlight)
}

func TestClosingFiresWhenTheGateCloses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New()
		gate, _ := newGate(t, core.Config{Store: st})
		closing := gate.Closing()
		schedule(t, st, operator.WindowOptions{Start: time.Now().Add(time.Hour), End: time.Now().Add(2 * time.Hour)})
		synctest.Wait()
		select {
		case <-closing:
			t.Fatal("fired for a write that closes nothing yet")
		default:
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		select {
		case <-closing:
		default:
			t.Fatal("did not fire")
		}
		select {
		case <-gate.Closing():
		default:
			t.Fatal("a closed gate's channel is closed already")
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		select {
		case <-gate.Closing():
			t.Fatal("an open gate's channel is open again")
		default:
		}
	})
}

func TestShutdown(t *testing.T) {
	t.Parallel()
	t.Run("waits until no counted request runs, and still admits requests", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			gate, err := core.New(core.Config{Store: memstore.New()})
			require.NoError(t, err)
			ticket, open := gate.Enter(nil)
			require.True(t, open)
			done := make(chan error, 1)
			go func() { done <- gate.Shutdown(t.Context()) }()
			time.Sleep(time.Minute)
			require.Empty(t, done)
			late, open := gate.Enter(nil)
			require.True(t, open)
			ticket.Leave()
			late.Leave()
			require.NoError(t, <-done)
			require.NoError(t, gate.Shutdown(t.Context()), "idempotent")
		})
	})
	t.Run("says how many run when its context ends", func(t *testing.T) {
		t.Parallel()
		gate, err := core.New(core.Config{})
		require.NoError(t, err)
		_, _ = gate.Enter(nil)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err = gate.Shutdown(ctx)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, "1 counted requests")
	})
	t.Run("the gate refuses and reads no more", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			st := newFaulty()
			start(t, st, operator.StartOptions{Holder: "kim"})
			gate, err := core.New(core.Config{Store: st})
			require.NoError(t, err)
			require.NoError(t, gate.Shutdown(t.Context()))
			end(t, st)
			reads := st.n
			time.Sleep(time.Hour)
			require.ErrorIs(t, gate.Refresh(t.Context()), core.ErrShutdown)
			require.Equal(t, reads, st.n)
			require.False(t, gate.Status().Open)
		})
	})
}

// A gate that is never shut down is garbage-collected, with its timer and its subscription.
func TestAForgottenGateIsCollected(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	start(t, st, operator.StartOptions{Holder: "kim", ExpectedAfter: time.Hour})
	collected := make(chan struct{})
	func() {
		gate, err := core.New(core.Config{Store: st, OverrideFile: t.TempDir() + "/override"})
		require.NoError(t, err)
		require.False(t, gate.Status().Open)
		runtime.AddCleanup(gate, func(c chan struct{}) { close(c) }, collected)
	}()
	for {
		runtime.GC()
		select {
		case <-collected:
			return
		case <-t.Context().Done():
			t.Fatal("still there")
		case <-time.After(time.Millisecond):
		}
	}
}

func TestResponseWriterReachesTheHandlerUntouched(t *testing.T) {
	t.Parallel()
	gate, _ := newGate(t, core.Config{Down: true, ExemptPaths: []string{"/live"}})
	open, _ := newGate(t, core.Config{})
	for name, h := range map[string]func(http.Handler) http.Handler{"open": open.Handler, "exempt": gate.Handler} {
		w := httptest.NewRecorder()
		var got http.ResponseWriter
		h(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { got = w })).
			ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/live", nil))
		require.Same(t, w, got, name)
	}
}

func TestAllocations(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts what the whole process allocates
	gate, _ := newGate(t, core.Config{ExemptPaths: []string{"/static"}})
	closed, _ := newGate(t, core.Config{Down: true, ExemptPaths: []string{"/static"}})
	next := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	w := &discard{h: http.Header{}}
	for name, c := range map[string]struct {
		h      http.Handler
		target string
		accept string
	}{
		"open":         {gate.Handler(next), "/", ""},
		"exempt":       {closed.Handler(next), "/static/a.css", ""},
		"blocked text": {closed.Handler(next), "/", ""},
		"blocked html": {closed.Handler(next), "/", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
		"blocked json": {closed.Handler(next), "/", "application/json"},
	} {
		r := httptest.NewRequest(http.MethodGet, c.target, nil)
		if c.accept != "" {
			r.Header.Set("Accept", c.accept)
		}
		require.Zero(t, testing.AllocsPerRun(200, func() {
			clear(w.h)
			c.h.ServeHTTP(w, r)
		}), name)
	}
}

// discard is a ResponseWriter that costs nothing.
type discard struct{ h http.Header }

func (d *discard) Header() http.Header         { return d.h }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

func TestDecisionTravelsInAContext(t *testing.T) {
	t.Parallel()
	_, found := core.DecisionFrom(t.Context())
	require.False(t, found)
	d, found := core.DecisionFrom(core.WithDecision(t.Context(), core.Decision{Outcome: core.Blocked, Rule: "r"}))
	require.True(t, found)
	require.Equal(t, "r", d.Rule)
}

func TestRespondAnswersADecisionThatTheCallerMade(t *testing.T) {
	t.Parallel()
	gate, _ := newGate(t, core.Config{})
	w := httptest.NewRecorder()
	gate.Respond(w, httptest.NewRequest(http.MethodGet, "/", nil), core.Decision{
		Outcome: core.Blocked, Closure: &core.Closure{Cause: core.CausePeriod, Reason: "by hand"},
	})
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Contains(t, w.Body.String(), "by hand")
}
