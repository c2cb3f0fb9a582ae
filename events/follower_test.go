package events_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/events"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// receiver keeps what it was told.
type receiver struct {
	mu     sync.Mutex
	got    []events.Event
	at     []time.Time
	answer func(e events.Event) error // nil: it accepts
}

func (r *receiver) deliver(_ context.Context, e events.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.answer != nil {
		if err := r.answer(e); err != nil {
			return err
		}
	}
	r.got, r.at = append(r.got, e), append(r.at, time.Now())
	return nil
}

func (r *receiver) told() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return namesOf(r.got)
}

func (r *receiver) keys() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var keys []string
	for _, e := range r.got {
		keys = append(keys, e.Key)
	}
	return keys
}

// reports are the kinds of the reports of a follower.
type reports struct {
	mu    sync.Mutex
	kinds []events.Kind
}

func (r *reports) add(p events.Report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = p.String()
	r.kinds = append(r.kinds, p.Kind)
}

func (r *reports) list() []events.Kind {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.kinds)
}

// following runs a follower until stop is called.
func following(t *testing.T, f *events.Follower) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	stopped := false
	stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-done
	}
	t.Cleanup(func() { _ = stop() })
	time.Sleep(2 * time.Second) // it follows
	return stop
}

func ann(st store.Store) operator.Operator { return operator.Operator{Store: st, Actor: "ann"} }

func begin(t *testing.T, op operator.Operator, opts operator.StartOptions) {
	t.Helper()
	opts.Holder = "ann"
	_, err := op.Start(t.Context(), opts)
	require.NoError(t, err)
}

func endAll(t *testing.T, op operator.Operator) {
	t.Helper()
	_, err := op.End(t.Context(), operator.EndOptions{All: true})
	require.NoError(t, err)
}

func initialized(t *testing.T) operator.Operator {
	t.Helper()
	op := ann(memstore.New())
	_, err := op.Init(t.Context(), operator.InitOptions{})
	require.NoError(t, err)
	return op
}

// TestOverdueReachesAReceiverWithinAMinute has a server of HTTP inside the bubble, and a receiver that
// was away before.
func TestOverdueReachesAReceiverWithinAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		at := map[events.Name]time.Time{}
		network, transport := newPipes(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			var e events.Event
			if json.Unmarshal(body, &e) == nil && verify(secret, r.Header, body) {
				mu.Lock()
				at[e.Event] = time.Now()
				mu.Unlock()
			}
		}))
		op := initialized(t)
		w, err := events.NewWebhook("http://localhost/", secret, transport)
		require.NoError(t, err)
		said := &reports{}
		stop := following(t, &events.Follower{Operator: op, Name: "ops", Deliver: w.Deliver, Report: said.add})
		network.set(true)
		expected := time.Now().Add(3 * time.Hour)
		begin(t, op, operator.StartOptions{ExpectedEnd: expected})
		time.Sleep(2 * time.Hour)
		back := time.Now()
		network.set(false)
		time.Sleep(90 * time.Minute)
		require.ErrorIs(t, stop(), context.Canceled)
		mu.Lock()
		defer mu.Unlock()
		require.Contains(t, at, events.Started)
		require.Less(t, at[events.Started].Sub(back), time.Minute, "after the receiver is back")
		require.Contains(t, at, events.Overdue)
		require.Less(t, at[events.Overdue].Sub(expected), time.Minute)
		require.Contains(t, said.list(), events.Retrying)
	})
}

func TestAFollowerGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		op, to := initialized(t), &receiver{}
		follower := func() *events.Follower {
			return &events.Follower{Operator: op, Name: "ops", Notice: notice, Deliver: to.deliver}
		}
		begin(t, op, operator.StartOptions{})
		endAll(t, op)
		stop := following(t, follower())
		require.Empty(t, to.told(), "a new follower begins now")
		begin(t, op, operator.StartOptions{ExpectedAfter: time.Hour})
		time.Sleep(10 * time.Second)
		require.Equal(t, "started", to.told())
		require.ErrorIs(t, stop(), context.Canceled)
		s, err := op.Read(t.Context())
		require.NoError(t, err)
		f, _ := s.Document.Follower("ops")
		require.Empty(t, f.Holder, "the lease was given back")
		time.Sleep(2 * time.Hour)
		endAll(t, op)
		begin(t, op, operator.StartOptions{})
		stop = following(t, follower())
		require.Equal(t, "started overdue ended started", to.told())
		require.ErrorIs(t, stop(), context.Canceled)
		stop = following(t, follower())
		time.Sleep(time.Hour)
		require.Equal(t, "started overdue ended started", to.told(), "nothing is told twice")
		require.ErrorIs(t, stop(), context.Canceled)
	})
}

func TestAFollowerTellsOfTheFirstWrite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		op, to, said := ann(memstore.New()), &receiver{}, &reports{}
		for _, name := range []string{"ops", ""} {
			following(t, &events.Follower{Operator: op, Name: name, Deliver: to.deliver, Report: said.add})
		}
		time.Sleep(time.Hour)
		begin(t, op, operator.StartOptions{})
		time.Sleep(10 * time.Second)
		require.Equal(t, "started started", to.told()) //nolint:dupword // told twice
		require.Contains(t, said.list(), events.Waiting)
	})
}

func TestOneOfTwoFollowersTells(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		op, to, said := initialized(t), &receiver{}, &reports{}
		stop := following(t, &events.Follower{Operator: op, Name: "ops", Deliver: to.deliver})
		following(t, &events.Follower{Operator: op, Name: "ops", Deliver: to.deliver, Report: said.add})
		begin(t, op, operator.StartOptions{})
		time.Sleep(time.Minute)
		require.Equal(t, "started", to.told())
		require.Equal(t, []events.Kind{events.StandBy}, said.list())
		require.ErrorIs(t, stop(), context.Canceled)
		endAll(t, op)
		time.Sleep(10 * time.Second)
		require.Equal(t, "started ended", to.told())
		require.Equal(t, []events.Kind{events.StandBy, events.Following}, said.list())
	})
}

// crashing is a store whose process dies: after a number of writes nothing is written any more.
type crashing struct {
	store.Store
	store.Rows

	mu   sync.Mutex
	dead bool
}

var errDead = errors.New("the process is dead")

func (c *crashing) die() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dead = true
}

func (c *crashing) isDead() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dead
}

func (c *crashing) Swap(ctx context.Context, old store.Token, next []byte) error {
	if c.isDead() {
		return errDead
	}
	return c.Store.Swap(ctx, old, next)
}

func (c *crashing) PutRow(ctx context.Context, key string, b []byte, lease time.Duration) (store.Token, time.Time, error) {
	if c.isDead() {
		return "", time.Time{}, errDead
	}
	return c.Rows.PutRow(ctx, key, b, lease)
}

func (c *crashing) DeleteRow(ctx context.Context, key string, note []byte) error {
	if c.isDead() {
		return errDead
	}
	return c.Rows.DeleteRow(ctx, key, note)
}

// TestACrashBetweenDeliveryAndPosition: the next follower tells the event again, with the same key,
// within a minute.
func TestACrashBetweenDeliveryAndPosition(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		op, to := initialized(t), &receiver{}
		process := &crashing{Store: op.Store, Rows: op.Store.(store.Rows)}
		dying := op
		dying.Store = process
		stop := following(t, &events.Follower{Operator: dying, Name: "ops", Deliver: func(ctx context.Context, e events.Event) error {
			defer process.die()
			return to.deliver(ctx, e)
		}})
		following(t, &events.Follower{Operator: op, Name: "ops", Deliver: to.deliver})
		begin(t, op, operator.StartOptions{})
		time.Sleep(10 * time.Second)
		require.Equal(t, "started", to.told(), "its lease has not ended yet")
		time.Sleep(50 * time.Second)
		require.Equal(t, "started started", to.told()) //nolint:dupword // told twice
		keys := to.keys()
		require.Equal(t, keys[0], keys[1])
		require.ErrorIs(t, stop(), context.Canceled)
	})
}

func TestAFollowerThatWasSuspendedStandsBy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		op, to, said := initialized(t), &receiver{}, &reports{}
		following(t, &events.Follower{Operator: op, Name: "ops", Deliver: to.deliver, Report: said.add})
		// Another process has taken over, because the first one could not write its row.
		s, err := op.Read(t.Context())
		require.NoError(t, err)
		f, _ := s.Document.Follower("ops")
		mine, err := op.Lease(t.Context())
		require.NoError(t, err)
		defer mine.Release()
		f, was := period.Follower{Name: "ops", Holder: mine.Key, Revision: f.Revision, At: f.At}, f.Holder
		require.NoError(t, op.Advance(t.Context(), was, f))
		begin(t, op, operator.StartOptions{})
		time.Sleep(time.Hour)
		require.Empty(t, to.told())
		require.Equal(t, []events.Kind{events.Following, events.StandBy}, said.list())
	})
}

func TestAnEventThatIsGivenUpDoesNotStopTheNext(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		retry    events.Retry
		err      error
		attempts int
	}{
		"a final answer":         {events.Retry{}, &events.FinalError{Err: errors.New("404")}, 1},
		"too many attempts":      {events.Retry{Attempts: 10}, errors.New("exit status 1"), 10},
		"too long":               {events.Retry{For: time.Minute}, errors.New("refused"), 6},
		"told to come later":     {events.Retry{For: time.Hour}, &events.LaterError{Err: errors.New("503"), After: 25 * time.Minute}, 3},
		"told to come next year": {events.Retry{For: 90 * time.Minute}, &events.LaterError{Err: errors.New("503"), After: 365 * 24 * time.Hour}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				attempts := 0
				to, said := &receiver{}, &reports{}
				to.answer = func(e events.Event) error {
					if e.Event != events.Started {
						return nil
					}
					attempts++
					return tc.err
				}
				op := initialized(t)
				following(t, &events.Follower{Operator: op, Name: "ops", Deliver: to.deliver, Retry: tc.retry, Report: said.add})
				begin(t, op, operator.StartOptions{})
				endAll(t, op)
				time.Sleep(3 * time.Hour)
				require.Equal(t, "ended", to.told())
				require.InDelta(t, tc.attempts, attempts, 2)
				if name != "too long" {
					require.Equal(t, tc.attempts, attempts)
				}
				require.Contains(t, said.list(), events.GivenUp)
			})
		})
	}
}

// TestADeliveryInHandIsFinished: the follower is told to stop while the receiver works.
func TestADeliveryInHandIsFinished(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		op, to := initialized(t), &receiver{}
		stop := following(t, &events.Follower{Operator: op, Name: "ops", Deliver: func(ctx context.Context, e events.Event) error {
			time.Sleep(10 * time.Second)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return to.deliver(ctx, e)
		}})
		begin(t, op, operator.StartOptions{})
		endAll(t, op)
		time.Sleep(5 * time.Second)
		require.ErrorIs(t, stop(), context.Canceled)
		require.Equal(t, "started", to.told())
		s, err := op.Read(t.Context())
		require.NoError(t, err)
		f, _ := s.Document.Follower("ops")
		require.Equal(t, int64(2), f.Revision, "the position is behind the delivered event")
		following(t, &events.Follower{Operator: op, Name: "ops", Deliver: to.deliver})
		require.Equal(t, "started ended", to.told())
	})
}

// TestWritesWithoutEventsDoNotCutTheLog: the position also follows revisions without events.
func TestWritesWithoutEventsDoNotCutTheLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		op, to := initialized(t), &receiver{}
		stop := following(t, &events.Follower{Operator: op, Name: "ops", Deliver: to.deliver})
		begin(t, op, operator.StartOptions{})
		time.Sleep(10 * time.Second)
		for n := range period.MaxEntries + 20 {
			begin(t, op, operator.StartOptions{Reason: new(time.Duration(n).String())})
			time.Sleep(5 * time.Second)
		}
		require.ErrorIs(t, stop(), context.Canceled)
		following(t, &events.Follower{Operator: op, Name: "ops", Deliver: to.deliver})
		require.Equal(t, "started", to.told())
	})
}

func TestFromBeginsThere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		op, to := initialized(t), &receiver{}
		for range 2 {
			begin(t, op, operator.StartOptions{})
			endAll(t, op)
		}
		seen, err := events.Observe(t.Context(), op)
		require.NoError(t, err)
		from, err := events.Since(seen, 3)
		require.NoError(t, err)
		for _, name := range []string{"ops", ""} {
			f := from
			stop := following(t, &events.Follower{Operator: op, Name: name, From: &f, Deliver: to.deliver})
			require.ErrorIs(t, stop(), context.Canceled)
		}
		require.Equal(t, "started ended started ended", to.told())
		stop := following(t, &events.Follower{Operator: op, Name: "ops", From: &from, Deliver: to.deliver})
		require.ErrorIs(t, stop(), context.Canceled)
		require.Equal(t, "started ended started ended", to.told(), "the position in the document wins: a service has the flag at each start")
	})
}

func TestRunRefusesABadName(t *testing.T) {
	t.Parallel()
	f := &events.Follower{Operator: initialized(t), Name: "a b"}
	require.ErrorAs(t, f.Run(t.Context()), new(*period.FieldError))
}
