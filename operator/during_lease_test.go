package operator_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// TestARunThatLosesItsPeriodBeforeItsFunctionDoesNotCallIt loses the period between the barrier and
// the function.
func TestARunThatLosesItsPeriodBeforeItsFunctionDoesNotCallIt(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		meanwhile func(ctx context.Context, t *testing.T, f *fleet, st *silentRun)
		ended     bool // by the run itself
		result    operator.Safety
		inForce   int
	}{
		"another run has taken it over": {func(ctx context.Context, t *testing.T, f *fleet, st *silentRun) {
			t.Helper()
			st.fails.Store(true)
			<-time.After(61 * time.Second)
			_, err := operator.Operator{Store: f.st, Actor: "ann"}.During(ctx, operator.RunOptions{}, func(context.Context) error {
				return errMigration
			})
			require.ErrorIs(t, err, errMigration)
			st.fails.Store(false)
			<-time.After(20 * time.Second) // its lease is live again
		}, false, operator.Superseded, 1},
		"an operator has ended it": {func(ctx context.Context, t *testing.T, f *fleet, _ *silentRun) {
			t.Helper()
			_, err := operator.Operator{Store: f.st}.End(ctx, operator.EndOptions{All: true})
			require.NoError(t, err)
		}, false, operator.Superseded, 0},
		"its lease has ended": {func(_ context.Context, _ *testing.T, _ *fleet, st *silentRun) {
			st.fails.Store(true)
			<-time.After(61 * time.Second)
		}, true, operator.Unknown, 0},
		"its lease has ended, and is live again": {func(_ context.Context, _ *testing.T, _ *fleet, st *silentRun) {
			st.fails.Store(true)
			<-time.After(61 * time.Second)
			st.fails.Store(false)
			<-time.After(20 * time.Second)
		}, true, operator.Unknown, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inFleet(t, 1, func(t *testing.T, f *fleet) {
				st := &silentRun{Store: f.st}
				run, err := operator.Operator{Store: st, Actor: "ann"}.During(t.Context(), operator.RunOptions{
					Wait: time.Hour,
					Before: func(ctx context.Context) error {
						tc.meanwhile(ctx, t, f, st)
						return nil
					},
				}, func(context.Context) error { panic("it must not run") })
				require.ErrorIs(t, err, operator.ErrNotReached)
				require.False(t, run.Ran)
				require.Equal(t, tc.ended, run.Ended)
				require.Equal(t, tc.result, run.Barrier.Result)
				require.NotEmpty(t, run.Barrier.Why)
				require.Len(t, f.inForce(t), tc.inForce)
			})
		})
	}
}

// silentRun is a store that does not always take the row of a run.
type silentRun struct {
	*memstore.Store

	fails atomic.Bool
}

func (s *silentRun) PutRow(ctx context.Context, key string, b []byte, lease time.Duration) (store.Token, time.Time, error) {
	if row, err := period.DecodeRow(key, b); s.fails.Load() && err == nil && row.Run {
		return "", time.Time{}, errors.New("connection reset")
	}
	return s.Store.PutRow(ctx, key, b, lease)
}

// TestARunOfAnothersPeriodIsARunOfItsHolder takes a window that bob has scheduled.
func TestARunOfAnothersPeriodIsARunOfItsHolder(t *testing.T) {
	t.Parallel()
	inFleet(t, 1, func(t *testing.T, f *fleet) {
		bob := operator.Operator{Store: f.st, Actor: "bob"}
		planned, err := bob.Schedule(t.Context(), operator.WindowOptions{Start: time.Now().Add(time.Minute), End: time.Now().Add(time.Hour)})
		require.NoError(t, err)
		<-time.After(2 * time.Minute)
		first, err := f.during(t, operator.RunOptions{Period: planned.Period.ID, Job: "deploy"}, func(context.Context) error {
			_, err := f.during(t, operator.RunOptions{}, func(context.Context) error { panic("it must not run") })
			require.ErrorIs(t, err, operator.ErrRunning)
			return errMigration
		})
		require.ErrorIs(t, err, errMigration)
		require.Equal(t, "ann", first.Period.Holder)
		require.Equal(t, "deploy", first.Period.Job)
		require.Equal(t, planned.Period.CreatedBy, first.Period.CreatedBy)

		second, err := f.during(t, operator.RunOptions{}, func(context.Context) error { return nil })
		require.NoError(t, err)
		require.Equal(t, first.ID, second.TakenOver)
		require.Empty(t, f.inForce(t))
	})
}
