package operator_test

import (
	"context"
	"log/slog"
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

// fleet is instances on one store, in a bubble of time.
type fleet struct {
	st    *memstore.Store
	op    operator.Operator
	gates []*core.Gate
}

// inFleet runs test with n instances whose set of rows is old enough.
func inFleet(t *testing.T, n int, test func(t *testing.T, f *fleet)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := &fleet{st: memstore.New()}
		f.op = operator.Operator{Store: f.st, Actor: "ann"}
		for range n {
			f.join(t)
		}
		defer func() {
			for _, g := range f.gates {
				require.NoError(t, g.Shutdown(context.WithoutCancel(t.Context())))
			}
		}()
		time.Sleep(time.Minute)
		test(t, f)
	})
}

func (f *fleet) join(t *testing.T) *core.Gate {
	t.Helper()
	g, err := core.New(core.Config{Store: f.st, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	f.gates = append(f.gates, g)
	return g
}

func (f *fleet) start(t *testing.T) operator.Barrier {
	t.Helper()
	res, err := f.op.Start(t.Context(), operator.StartOptions{})
	require.NoError(t, err)
	return res.Barrier()
}

const limit = time.Minute

func (f *fleet) wait(t *testing.T, b operator.Barrier) (j operator.Judgment, took time.Duration) {
	t.Helper()
	begun := time.Now()
	j, err := f.op.Wait(t.Context(), b, operator.WaitOptions{Limit: limit})
	require.NoError(t, err)
	return j, time.Since(begun)
}

func TestWaitUntilEachRequestHasEnded(t *testing.T) {
	t.Parallel()
	inFleet(t, 3, func(t *testing.T, f *fleet) {
		for _, g := range f.gates {
			ticket, ok := g.Enter(nil)
			require.True(t, ok)
			time.AfterFunc(3*time.Second, ticket.Leave)
		}
		b := f.start(t)
		var results []operator.Safety
		begun := time.Now()
		j, err := f.op.Wait(t.Context(), b, operator.WaitOptions{Limit: limit, Progress: func(j operator.Judgment) {
			results = append(results, j.Result)
		}})
		require.NoError(t, err)
		require.Equal(t, operator.Safe, j.Result, "%+v", j.Holdouts())
		require.GreaterOrEqual(t, time.Since(begun), 3*time.Second)
		require.Less(t, time.Since(begun), 4*time.Second)
		require.Equal(t, operator.NotDrained, results[len(results)-2])
		require.Len(t, j.Instances, 3)
	})
}

func TestWaitIsOverAtOnceForAnIdleFleet(t *testing.T) {
	t.Parallel()
	inFleet(t, 3, func(t *testing.T, f *fleet) {
		j, took := f.wait(t, f.start(t))
		require.Equal(t, operator.Safe, j.Result, "%+v", j.Holdouts())
		require.LessOrEqual(t, took, 150*time.Millisecond)
		require.True(t, j.Until.IsZero())
	})
}

func TestWaitNamesTheHoldoutsAtItsLimit(t *testing.T) {
	t.Parallel()
	inFleet(t, 2, func(t *testing.T, f *fleet) {
		ticket, ok := f.gates[0].Enter(nil)
		require.True(t, ok)
		defer ticket.Leave()
		j, took := f.wait(t, f.start(t))
		require.Equal(t, operator.NotDrained, j.Result)
		require.Len(t, j.Holdouts(), 1)
		require.EqualValues(t, 1, j.Holdouts()[0].InFlight)
		require.Equal(t, limit, took)
	})
}

func TestWaitWithoutInstances(t *testing.T) {
	t.Parallel()
	inFleet(t, 0, func(t *testing.T, f *fleet) {
		b := f.start(t)
		j, took := f.wait(t, b)
		require.Equal(t, operator.NoInstance, j.Result)
		require.GreaterOrEqual(t, took, 2*time.Second)
		require.Less(t, took, 3*time.Second)
		require.False(t, j.Reached(b))
		b.Expect = new(0)
		j, took = f.wait(t, b)
		require.True(t, j.Reached(b))
		require.Zero(t, took)
	})
}

func TestAnInstanceThatJoinsWhileDownRefusesFromItsFirstRequest(t *testing.T) {
	t.Parallel()
	inFleet(t, 1, func(t *testing.T, f *fleet) {
		b := f.start(t)
		_, ok := f.join(t).Enter(nil)
		require.False(t, ok)
		j, _ := f.wait(t, b)
		require.Equal(t, operator.Safe, j.Result, "%+v", j.Holdouts())
		require.Len(t, j.Instances, 2)
	})
}

func TestWaitForgetsNoInstanceWhoseRowVanishes(t *testing.T) {
	t.Parallel()
	for name, since := range map[string]string{"from before the write": "write", "seen since the write": "wait"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inFleet(t, 1, func(t *testing.T, f *fleet) {
				st := &losing{Store: f.st}
				f.op.Store = st
				row := period.Row{ID: "k", Host: "web9", State: period.Open, Reads: period.Reads()}
				text, err := row.Encode()
				require.NoError(t, err)
				_, _, err = f.st.PutRow(t.Context(), "k", text, time.Minute)
				require.NoError(t, err)
				b := f.start(t)
				if since == "write" {
					st.lost.Store(true)
				} else {
					time.AfterFunc(time.Second, func() { st.lost.Store(true) })
				}
				j, took := f.wait(t, b)
				require.Equal(t, operator.NotDrained, j.Result)
				require.Equal(t, limit, took)
				require.True(t, j.Holdouts()[0].Vanished)
				require.Equal(t, "web9", j.Holdouts()[0].Host)
			})
		})
	}
}

// losing is a store that loses the row "k".
type losing struct {
	*memstore.Store

	lost atomic.Bool
}

func (s *losing) ListRows(ctx context.Context, have store.Token) (store.Rowset, error) {
	set, err := s.Store.ListRows(ctx, have)
	if s.lost.Load() {
		var rows []store.Row
		for _, r := range set.Rows {
			if r.Key != "k" {
				rows = append(rows, r)
			}
		}
		set.Rows = rows
	}
	return set, err
}

func TestWaitReadsOnWhileTheStoreFails(t *testing.T) {
	t.Parallel()
	inFleet(t, 1, func(t *testing.T, f *fleet) {
		st := &broken{Store: f.st}
		b := f.start(t)
		f.op.Store = st
		st.fails.Store(true)
		time.AfterFunc(10*time.Second, func() { st.fails.Store(false) })
		j, took := f.wait(t, b)
		require.Equal(t, operator.Safe, j.Result)
		require.Less(t, took, 12*time.Second)

		st.fails.Store(true)
		j, took = f.wait(t, b)
		require.Equal(t, operator.Unknown, j.Result)
		require.Equal(t, "connection reset", j.Why)
		require.Equal(t, limit, took)
	})
}

func TestWaitLearnsAtOnceThatAnotherOperatorEndsThePeriod(t *testing.T) {
	t.Parallel()
	inFleet(t, 1, func(t *testing.T, f *fleet) {
		ticket, ok := f.gates[0].Enter(nil)
		require.True(t, ok)
		defer ticket.Leave()
		b := f.start(t)
		time.AfterFunc(20*time.Second, func() {
			_, _ = operator.Operator{Store: f.st}.End(t.Context(), operator.EndOptions{All: true})
		})
		j, took := f.wait(t, b)
		require.Equal(t, operator.Superseded, j.Result)
		require.LessOrEqual(t, took, 20*time.Second+100*time.Millisecond, "by a hint")
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	inFleet(t, 1, func(t *testing.T, f *fleet) {
		ticket, ok := f.gates[0].Enter(nil)
		require.True(t, ok)
		defer ticket.Leave()
		b := f.start(t)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		j, err := f.op.Wait(ctx, b, operator.WaitOptions{})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, operator.NotDrained, j.Result)
	})
	_, err := operator.Operator{Store: onlyStore{memstore.New()}}.Wait(t.Context(), operator.Barrier{}, operator.WaitOptions{})
	require.ErrorIs(t, err, operator.ErrNoRows)
	_, err = operator.Operator{}.Wait(t.Context(), operator.Barrier{}, operator.WaitOptions{})
	require.Error(t, err)
}

type onlyStore struct{ store.Store }

func TestWaitAdopted(t *testing.T) {
	t.Parallel()
	inFleet(t, 2, func(t *testing.T, f *fleet) {
		f.wait(t, f.start(t))
		res, err := f.op.End(t.Context(), operator.EndOptions{All: true})
		require.NoError(t, err)
		j, err := f.op.WaitAdopted(t.Context(), res, operator.WaitOptions{Limit: limit})
		require.NoError(t, err)
		require.Empty(t, j.Lagging(res))
		for _, i := range j.Instances {
			require.True(t, i.Serves())
		}

		text, err := period.Row{ID: "k", Host: "web9", State: period.Closed, Override: "down"}.Encode()
		require.NoError(t, err)
		_, _, err = f.st.PutRow(t.Context(), "k", text, time.Minute)
		require.NoError(t, err)
		begun := time.Now()
		j, err = f.op.WaitAdopted(t.Context(), res, operator.WaitOptions{Limit: 10 * time.Second})
		require.NoError(t, err)
		require.Equal(t, 10*time.Second, time.Since(begun))
		require.Len(t, j.Lagging(res), 1)
	})
}
