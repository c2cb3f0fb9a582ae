package operator_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

var errMigration = errors.New("migration failed")

// during runs do and returns the run.
func (f *fleet) during(t *testing.T, opts operator.RunOptions, do func(ctx context.Context) error) (operator.Run, error) {
	t.Helper()
	return f.op.During(t.Context(), opts, do)
}

func (f *fleet) inForce(t *testing.T) []period.Period {
	t.Helper()
	s, err := f.op.Read(t.Context())
	require.NoError(t, err)
	return s.InForce()
}

func (f *fleet) requireNoLease(t *testing.T) {
	t.Helper()
	set, err := f.st.ListRows(t.Context(), "")
	require.NoError(t, err)
	for _, r := range set.Rows {
		row, err := period.DecodeRow(r.Key, r.Bytes)
		require.False(t, err == nil && row.Run, "the row of a run remains")
	}
}

func TestDuringRunsOnlyWhenItIsSafe(t *testing.T) {
	t.Parallel()
	inFleet(t, 2, func(t *testing.T, f *fleet) {
		for _, g := range f.gates {
			ticket, ok := g.Enter(nil)
			require.True(t, ok)
			time.AfterFunc(3*time.Second, ticket.Leave)
		}
		begun := time.Now()
		run, err := f.during(t, operator.RunOptions{Reason: new("Moving")}, func(context.Context) error {
			require.GreaterOrEqual(t, time.Since(begun), 3*time.Second)
			require.Len(t, f.inForce(t), 1)
			for _, g := range f.gates {
				require.False(t, g.Status().Open)
			}
			<-time.After(5 * time.Minute) // its lease is renewed
			j, err := f.op.Fleet(t.Context())
			require.NoError(t, err)
			require.Len(t, j.Instances, 2, "a run is no instance")
			require.Len(t, j.Runs, 1)
			require.Equal(t, store.Live, j.Runs[0].Life)
			require.Equal(t, operator.Safe, j.Result)
			return nil
		})
		require.NoError(t, err)
		require.True(t, run.Ran)
		require.True(t, run.Ended)
		require.Equal(t, operator.Safe, run.Barrier.Result)
		require.Empty(t, f.inForce(t))
		f.requireNoLease(t)
	})
}

func TestDuringThatIsNotSafeReopensAndRunsNothing(t *testing.T) {
	t.Parallel()
	inFleet(t, 1, func(t *testing.T, f *fleet) {
		ticket, ok := f.gates[0].Enter(nil)
		require.True(t, ok)
		defer ticket.Leave()
		never := func(context.Context) error { panic("it must not run") }
		run, err := f.during(t, operator.RunOptions{Wait: 5 * time.Second}, never)
		require.ErrorIs(t, err, operator.ErrNotReached)
		require.Equal(t, operator.NotDrained, run.Barrier.Result)
		require.True(t, run.Ended)
		require.Empty(t, f.inForce(t))
		f.requireNoLease(t)

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = f.op.During(ctx, operator.RunOptions{}, never)
		require.ErrorIs(t, err, operator.ErrNotReached)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Empty(t, f.inForce(t), "an interrupted run reopens")
	})
	inFleet(t, 0, func(t *testing.T, f *fleet) {
		ran := false
		do := func(context.Context) error { ran = true; return nil }
		run, err := f.during(t, operator.RunOptions{}, do)
		require.ErrorIs(t, err, operator.ErrNotReached)
		require.Equal(t, operator.NoInstance, run.Barrier.Result)
		require.False(t, ran)
		_, err = f.during(t, operator.RunOptions{Expect: new(0)}, do)
		require.NoError(t, err)
		require.True(t, ran)
	})
}

func TestWhatRunsBeforeTheFunctionCanPreventIt(t *testing.T) {
	t.Parallel()
	never := func(context.Context) error { panic("it must not run") }
	for name, tc := range map[string]struct {
		opts  operator.RunOptions
		drain time.Duration // until a request ends
		left  time.Duration // for Before
	}{
		"what is left of the wait": {operator.RunOptions{Wait: 30 * time.Second}, 10 * time.Second, 20 * time.Second},
		"a minute without a wait":  {operator.RunOptions{}, 20 * time.Second, 40 * time.Second},
		"half of the hold":         {operator.RunOptions{Hold: 20 * time.Second}, 6 * time.Second, 4 * time.Second},
		"a second at least":        {operator.RunOptions{Wait: 5500 * time.Millisecond}, 5 * time.Second, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inFleet(t, 1, func(t *testing.T, f *fleet) {
				ticket, ok := f.gates[0].Enter(nil)
				require.True(t, ok)
				time.AfterFunc(tc.drain, ticket.Leave)
				calls := 0
				tc.opts.Before = func(ctx context.Context) error {
					calls++
					deadline, ok := ctx.Deadline()
					require.True(t, ok)
					require.InDelta(t, tc.left.Seconds(), time.Until(deadline).Seconds(), 2)
					require.GreaterOrEqual(t, time.Until(deadline), time.Second)
					require.Len(t, f.inForce(t), 1)
					return errMigration
				}
				run, err := f.during(t, tc.opts, never)
				require.ErrorIs(t, err, operator.ErrNotReached)
				require.ErrorIs(t, err, errMigration)
				require.Equal(t, operator.Safe, run.Barrier.Result)
				require.True(t, run.Ended)
				require.False(t, run.Ran)
				require.Equal(t, 1, calls)
				require.Empty(t, f.inForce(t))
			})
		})
	}
	inFleet(t, 1, func(t *testing.T, f *fleet) {
		before, ran := false, false
		_, err := f.during(t, operator.RunOptions{Before: func(context.Context) error { before = true; return nil }}, func(ctx context.Context) error {
			require.True(t, before)
			ran = true
			return ctx.Err()
		})
		require.NoError(t, err)
		require.True(t, ran)
	})
	inFleet(t, 0, func(t *testing.T, f *fleet) {
		_, err := f.during(t, operator.RunOptions{Before: func(context.Context) error { panic("the barrier was not reached") }}, never)
		require.ErrorIs(t, err, operator.ErrNotReached)
	})
}

func TestDuringThatIsPresumedNeedsAcceptance(t *testing.T) {
	t.Parallel()
	inFleet(t, 1, func(t *testing.T, f *fleet) {
		text, err := period.Row{ID: "k", Host: "web9", State: period.Open, Reads: period.Reads()}.Encode()
		require.NoError(t, err)
		_, _, err = f.st.PutRow(t.Context(), "k", text, time.Second)
		require.NoError(t, err)
		<-time.After(10 * time.Minute)
		run, err := f.during(t, operator.RunOptions{AcceptSilent: 5 * time.Minute}, func(context.Context) error { return nil })
		require.NoError(t, err)
		require.Equal(t, operator.Presumed, run.Barrier.Result)
		require.NoError(t, f.st.DeleteRow(t.Context(), "k", []byte("forgotten")))
		run, err = f.during(t, operator.RunOptions{}, func(context.Context) error { return nil })
		require.ErrorIs(t, err, operator.ErrNotReached)
		require.Equal(t, operator.Presumed, run.Barrier.Result)
	})
}

func TestAFailedRunStaysDownAndIsTakenOver(t *testing.T) {
	t.Parallel()
	inFleet(t, 1, func(t *testing.T, f *fleet) {
		first, err := f.during(t, operator.RunOptions{}, func(context.Context) error { return errMigration })
		require.Equal(t, errMigration, err)
		require.False(t, first.Ended)
		require.Equal(t, "ann", f.inForce(t)[0].Holder)
		f.requireNoLease(t)

		// A start of the same holder begins another one, and a run of another holder too.
		started, err := f.op.Start(t.Context(), operator.StartOptions{})
		require.NoError(t, err)
		require.NotEqual(t, first.Period.ID, started.Period.ID)
		_, err = f.op.End(t.Context(), operator.EndOptions{ID: started.Period.ID})
		require.NoError(t, err)
		other, err := f.during(t, operator.RunOptions{Holder: "bob"}, func(context.Context) error { return nil })
		require.ErrorIs(t, err, operator.ErrStillDown)
		require.Empty(t, other.TakenOver)
		require.True(t, other.Ended)

		second, err := f.during(t, operator.RunOptions{}, func(context.Context) error { return nil })
		require.NoError(t, err)
		require.Equal(t, first.ID, second.TakenOver)
		require.Equal(t, first.Period.ID, second.Period.ID)
		require.Empty(t, f.inForce(t))

		third, err := f.during(t, operator.RunOptions{EndOnFailure: true}, func(context.Context) error { return errMigration })
		require.ErrorIs(t, err, errMigration)
		require.True(t, third.Ended)
		require.Empty(t, f.inForce(t))
	})
}

func TestALiveRunIsNotTakenOver(t *testing.T) {
	t.Parallel()
	inFleet(t, 1, func(t *testing.T, f *fleet) {
		run, err := f.during(t, operator.RunOptions{}, func(context.Context) error {
			<-time.After(5 * time.Minute)
			before, err := f.op.Read(t.Context())
			require.NoError(t, err)
			_, err = f.during(t, operator.RunOptions{}, func(context.Context) error { panic("it must not run") })
			require.ErrorIs(t, err, operator.ErrRunning)
			require.ErrorContains(t, err, f.inForce(t)[0].RunID)
			_, err = f.during(t, operator.RunOptions{Holder: "bob", Period: f.inForce(t)[0].ID}, func(context.Context) error { panic("it must not run") })
			require.ErrorIs(t, err, operator.ErrRunning)
			after, err := f.op.Read(t.Context())
			require.NoError(t, err)
			require.Equal(t, before.Token, after.Token, "nothing was changed")
			return nil
		})
		require.NoError(t, err)
		require.True(t, run.Ended)
	})
}

// TestOfTwoRunsAtOnceOneRuns checks that two runs of one holder never run at the same time.
func TestOfTwoRunsAtOnceOneRuns(t *testing.T) {
	t.Parallel()
	inFleet(t, 1, func(t *testing.T, f *fleet) {
		var running, ran, refused atomic.Int32
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				_, err := f.op.During(t.Context(), operator.RunOptions{}, func(context.Context) error {
					if running.Add(1) > 1 {
						t.Error("two runs at once")
					}
					<-time.After(time.Minute)
					running.Add(-1)
					ran.Add(1)
					return nil
				})
				if errors.Is(err, operator.ErrRunning) {
					refused.Add(1)
				} else if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 1, ran.Load())
		require.EqualValues(t, 4, refused.Load())
	})
}

func TestARunLeavesAPeriodAloneThatIsNotItsOwnAnyMore(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		meanwhile func(t *testing.T, f *fleet)
		inForce   int
	}{
		"ended by another": {func(t *testing.T, f *fleet) {
			t.Helper()
			_, err := operator.Operator{Store: f.st}.End(t.Context(), operator.EndOptions{All: true})
			require.NoError(t, err)
		}, 0},
		"taken over, for its lease has ended": {func(t *testing.T, f *fleet) {
			t.Helper()
			s, err := f.op.Read(t.Context())
			require.NoError(t, err)
			require.NoError(t, f.st.DeleteRow(t.Context(), s.InForce()[0].RunID, []byte("forgotten")))
			_, err = f.during(t, operator.RunOptions{AcceptSilent: time.Hour}, func(context.Context) error { return errMigration })
			require.Equal(t, errMigration, err)
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inFleet(t, 1, func(t *testing.T, f *fleet) {
				// The tombstone of the forgotten row makes the barrier of the second run presumed.
				run, err := f.during(t, operator.RunOptions{AcceptSilent: time.Hour}, func(context.Context) error {
					test.meanwhile(t, f)
					return nil
				})
				require.ErrorIs(t, err, operator.ErrTakenOver)
				require.False(t, run.Ended)
				require.Len(t, f.inForce(t), test.inForce)
			})
		})
	}
}

func TestARunOfAWindowRemovesItsEnd(t *testing.T) {
	t.Parallel()
	inFleet(t, 1, func(t *testing.T, f *fleet) {
		end := time.Now().Add(time.Hour).UTC()
		planned, err := f.op.Schedule(t.Context(), operator.WindowOptions{Start: time.Now().Add(time.Minute), End: end})
		require.NoError(t, err)
		do := func(context.Context) error {
			p := f.inForce(t)[0]
			require.Equal(t, planned.Period.ID, p.ID)
			require.Zero(t, p.End)
			require.Equal(t, end, p.ExpectedEnd)
			<-time.After(2 * time.Hour)
			require.False(t, f.gates[0].Status().Open, "the clock does not end it")
			return nil
		}
		_, err = f.during(t, operator.RunOptions{Period: planned.Period.ID}, do)
		require.ErrorIs(t, err, operator.ErrNotInForce)
		_, err = f.during(t, operator.RunOptions{Period: "zzz"}, do)
		require.ErrorIs(t, err, operator.ErrNotFound)
		<-time.After(2 * time.Minute)
		run, err := f.during(t, operator.RunOptions{Period: planned.Period.ID}, do)
		require.NoError(t, err)
		require.True(t, run.Ended)
		require.Empty(t, f.inForce(t))
	})
}

func TestARunEndsItsPeriodWhenTheStoreIsBack(t *testing.T) {
	t.Parallel()
	inFleet(t, 1, func(t *testing.T, f *fleet) {
		st := &broken{Store: f.st}
		f.op.Store = st
		_, err := f.during(t, operator.RunOptions{}, func(context.Context) error {
			st.fails.Store(true)
			time.AfterFunc(10*time.Second, func() { st.fails.Store(false) })
			return nil
		})
		require.NoError(t, err)
		require.Empty(t, f.inForce(t))
	})
	_, err := operator.Operator{Store: onlyStore{memstore.New()}, Actor: "ann"}.During(t.Context(), operator.RunOptions{}, nil)
	require.ErrorIs(t, err, operator.ErrNoRows)
}

// broken is a store that cannot always be read.
type broken struct {
	*memstore.Store

	fails atomic.Bool
}

func (s *broken) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	if s.fails.Load() {
		return store.Blob{}, errors.New("connection reset")
	}
	return s.Store.Get(ctx, have)
}

func (s *broken) ListRows(ctx context.Context, have store.Token) (store.Rowset, error) {
	if s.fails.Load() {
		return store.Rowset{}, errors.New("connection reset")
	}
	return s.Store.ListRows(ctx, have)
}

// TestARunSuspendsBypassesAndWaitsForThoseBefore has a bypassed request of the snapshot before the
// last one.
func TestARunSuspendsBypassesAndWaitsForThoseBefore(t *testing.T) {
	t.Parallel()
	inFleet(t, 0, func(t *testing.T, f *fleet) {
		staff := core.Func("staff", func(context.Context, *http.Request) bool { return true })
		g, err := core.New(core.Config{Store: f.st, Logger: slog.New(slog.DiscardHandler), Bypass: []core.Predicate{staff}})
		require.NoError(t, err)
		f.gates = append(f.gates, g)
		<-time.After(time.Minute)
		admit := func() (core.Ticket, core.Decision) {
			return g.Admit(t.Context, httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
		}
		f.wait(t, f.start(t))
		ticket, d := admit()
		require.Equal(t, core.Bypassed, d.Outcome)
		_, err = f.op.Start(t.Context(), operator.StartOptions{Reason: new("another snapshot")})
		require.NoError(t, err)
		<-time.After(time.Minute)
		time.AfterFunc(10*time.Second, ticket.Leave)

		begun := time.Now()
		run, err := f.during(t, operator.RunOptions{}, func(context.Context) error {
			require.GreaterOrEqual(t, time.Since(begun), 10*time.Second)
			_, d := admit()
			require.Equal(t, core.Blocked, d.Outcome)
			return nil
		})
		require.ErrorIs(t, err, operator.ErrStillDown)
		require.True(t, run.Ran)
		<-time.After(time.Minute)
		ticket, d = admit()
		require.Equal(t, core.Bypassed, d.Outcome, "after the run")
		defer ticket.Leave()

		run, err = f.during(t, operator.RunOptions{AllowBypass: true}, func(context.Context) error { return nil })
		require.ErrorIs(t, err, operator.ErrStillDown)
		require.Equal(t, operator.Safe, run.Barrier.Result)
		run, err = f.during(t, operator.RunOptions{Wait: 5 * time.Second}, func(context.Context) error { panic("it must not run") })
		require.ErrorIs(t, err, operator.ErrNotReached)
		require.EqualValues(t, 1, run.Barrier.Holdouts()[0].Bypassed)
	})
}

// A run that holds requests gives up at half of the limit, and no visitor gets an error.
func TestDuringWithAHoldGivesUpAtHalfOfIt(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		busy time.Duration // a request of an instance runs for this time
		wait time.Duration
		took time.Duration
		ran  bool
	}{
		"safe in time":        {3 * time.Second, 0, 3 * time.Second, true},
		"not safe in time":    {time.Hour, 0, 10 * time.Second, false},
		"a wait that is less": {time.Hour, 4 * time.Second, 4 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inFleet(t, 2, func(t *testing.T, f *fleet) {
				for _, g := range f.gates { // each is in the path of requests, and its row says so
					ticket, ok := g.Enter(nil)
					require.True(t, ok)
					ticket.Leave()
				}
				<-time.After(30 * time.Second)
				ticket, ok := f.gates[1].Enter(nil)
				require.True(t, ok)
				time.AfterFunc(tc.busy, ticket.Leave)
				begun, visitors := time.Now(), make(chan int, 2)
				run, err := f.during(t, operator.RunOptions{Hold: 20 * time.Second, Wait: tc.wait, Begun: func(run operator.Run) {
					require.EqualValues(t, 20, run.Period.HoldSeconds)
					for _, g := range f.gates {
						require.NoError(t, g.Refresh(t.Context()))
						go func() {
							w := httptest.NewRecorder()
							g.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
							visitors <- w.Code
						}()
					}
				}}, func(context.Context) error { return nil })
				require.Equal(t, tc.ran, run.Ran, "%v", err)
				if !tc.ran {
					require.ErrorIs(t, err, operator.ErrNotReached)
				}
				require.True(t, run.Ended)
				require.InDelta(t, tc.took.Seconds(), time.Since(begun).Seconds(), 1)
				for range f.gates {
					require.Equal(t, http.StatusOK, <-visitors)
				}
			})
		})
	}
	_, err := operator.Operator{Store: memstore.New(), Actor: "a"}.During(t.Context(), operator.RunOptions{Hold: 1500 * time.Millisecond}, nil)
	require.ErrorContains(t, err, "hold")
}
