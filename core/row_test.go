package core_test

import (
	"context"
	"runtime"
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

// only returns the single row of a store that was not deleted.
func only(t testing.TB, st store.Store) operator.Instance {
	t.Helper()
	left := rows(t, st)
	require.Len(t, left, 1)
	require.NoError(t, left[0].Err)
	return left[0]
}

// rows returns the rows of a store that were not deleted.
func rows(t testing.TB, st store.Store) []operator.Instance {
	t.Helper()
	j, err := operator.Operator{Store: st}.Fleet(context.Background())
	require.NoError(t, err)
	require.NoError(t, j.Err)
	return j.Which(func(i operator.Instance) bool { return i.Life != store.Deleted })
}

// heard waits 50 ms, in which a gate reads after a hint. Use it only in a synctest bubble.
func heard() {
	time.Sleep(50 * time.Millisecond)
	synctest.Wait()
}

// told waits 100 ms, in which a gate reads and reports a change. Use it only in a synctest
// bubble.
func told() {
	time.Sleep(100 * time.Millisecond)
	synctest.Wait()
}

func TestAGateRefusesBeforeItSaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New()
		gate, _ := newGate(t, core.Config{Store: st})
		told()
		start(t, st, operator.StartOptions{Holder: "kim"})
		synctest.Wait()
		_, open := gate.Enter(nil)
		require.False(t, open)
		require.Equal(t, period.Open, only(t, st).State, "other gates of the fleet may not have read the write yet")
		told()
		require.Equal(t, period.Closed, only(t, st).State)
	})
}

func TestARowSaysWhatItsGateDoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New()
		gate, _ := newGate(t, core.Config{Store: st})
		told()
		row := only(t, st)
		require.Equal(t, gate.Status().Instance, row.ID)
		require.True(t, gate.Status().Registered)
		require.Equal(t, period.Open, row.State)
		require.Empty(t, row.Row.Drained)
		require.NotZero(t, row.PID)
		require.Equal(t, period.Reads(), row.Reads)
		require.Len(t, row.Rules, 12)
		require.Equal(t, "keep", row.Policy)

		ticket, open := gate.Enter(nil)
		require.True(t, open)
		began := start(t, st, operator.StartOptions{Holder: "kim", EndAfter: time.Hour})
		told()
		row = only(t, st)
		require.Equal(t, period.Closed, row.State)
		require.Equal(t, "period", row.Cause)
		require.Equal(t, began.After.Revision, row.Revision)
		require.EqualValues(t, 1, row.InFlight)
		require.Empty(t, row.Row.Drained, "an admitted request still runs")

		ticket.Leave()
		time.Sleep(50 * time.Millisecond)
		told()
		row = only(t, st)
		require.Equal(t, []string{began.Period.ID}, row.Row.Drained)
		require.Equal(t, began.Period.End, row.DrainedUntil)
		require.Equal(t, began.After.WriteID, row.WriteID)

		end(t, st)
		told()
		row = only(t, st)
		require.Equal(t, period.Open, row.State)
		require.Empty(t, row.Row.Drained)
		require.Zero(t, row.DrainedUntil)
	})
}

func TestAWindowThatHasNotBegunIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New()
		newGate(t, core.Config{Store: st})
		planned := schedule(t, st, operator.WindowOptions{Start: time.Now().Add(time.Hour), EndAfter: time.Hour})
		told()
		row := only(t, st)
		require.Equal(t, planned.After.Revision, row.Revision)
		require.Empty(t, row.Row.Drained)
		time.Sleep(time.Hour)
		told()
		row = only(t, st)
		require.Equal(t, []string{planned.Period.ID}, row.Row.Drained)
		require.Equal(t, planned.Period.End, row.DrainedUntil)
	})
}

func TestAGateOverriddenUpAcknowledgesNothing(t *testing.T) {
	t.Setenv("DOWNTIME", "up")
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New()
		start(t, st, operator.StartOptions{Holder: "kim"})
		newGate(t, core.Config{Store: st})
		require.Equal(t, period.Starting, only(t, st).State, "a gate registers before it reads")
		told()
		row := only(t, st)
		require.Equal(t, period.Open, row.State)
		require.Equal(t, "up", row.Override)
		require.Empty(t, row.Row.Drained)
	})
}

func TestALeaseIsRenewedAndTheRowLeavesWithItsGate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New()
		gate, _ := newGate(t, core.Config{Store: st})
		for range 100 {
			time.Sleep(7 * time.Second)
			row := only(t, st)
			require.True(t, row.Live())
			require.Greater(t, time.Until(row.Lease), 30*time.Second)
		}
		require.NoError(t, gate.Shutdown(t.Context()))
		require.Empty(t, rows(t, st))
	})
}

func TestAForgottenGateLeaves(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	func() {
		_, err := core.New(core.Config{Store: st})
		require.NoError(t, err)
	}()
	for {
		runtime.GC()
		if len(rows(t, st)) == 0 {
			return
		}
		runtime.Gosched()
	}
}

// rowless is a store whose rows cannot be written.
type rowless struct {
	*faulty
	err error
}

func (r *rowless) PutRow(ctx context.Context, key string, b []byte, lease time.Duration) (store.Token, time.Time, error) {
	r.mu.Lock()
	err := r.err
	r.mu.Unlock()
	if err != nil {
		return "", time.Time{}, err
	}
	return r.Store.PutRow(ctx, key, b, lease)
}

func TestAGateThatCannotRegisterStillFollowsTheStore(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]error{"read-only": store.ErrReadOnly, "any other fault": errOutage} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := &rowless{faulty: newFaulty(), err: refusal}
				gate, book := newGate(t, core.Config{Store: st})
				time.Sleep(time.Hour)
				start(t, st, operator.StartOptions{Holder: "kim"})
				time.Sleep(10 * time.Second)
				require.False(t, gate.Status().Open)
				require.False(t, gate.Status().Registered)
				require.ErrorIs(t, gate.Status().RowErr, refusal)
				require.Equal(t, 1, count(book.messages(), "not registered"))
				st.mu.Lock()
				st.err = nil
				st.mu.Unlock()
				time.Sleep(2 * time.Minute)
				require.True(t, gate.Status().Registered)
				require.Equal(t, 1, count(book.messages(), "registered"))
				require.NotEmpty(t, only(t, st).Row.Drained)
			})
		})
	}
}

func TestRulesTellGatesApart(t *testing.T) {
	t.Parallel()
	rules := map[string]string{}
	for name, cfg := range map[string]core.Config{
		"none":      {},
		"exact":     {ExemptExact: []string{"/a", "/b"}},
		"prefix":    {ExemptPaths: []string{"/a", "/b"}},
		"predicate": {Bypass: []core.Predicate{core.Any("staff", core.APIKeyHeader("X-Key", core.KeyLiteral("0123456789abcdef")))}},
		"policy":    {OnStoreLost: core.Refuse},
	} {
		st := memstore.New()
		cfg.Store = st
		newGate(t, cfg)
		digest := only(t, st).Rules
		require.NotContains(t, rules, digest, name)
		rules[digest] = name
	}
	st := memstore.New()
	newGate(t, core.Config{Store: st, ExemptExact: []string{"/b", "/a"}})
	require.Equal(t, "exact", rules[only(t, st).Rules], "order does not count")
}

// slowReports is a store whose writes of rows are slow.
type slowReports struct {
	*memstore.Store
	begun, finish chan struct{}
}

func (s *slowReports) PutRow(ctx context.Context, key string, b []byte, lease time.Duration) (store.Token, time.Time, error) {
	s.begun <- struct{}{}
	<-s.finish
	return s.Store.PutRow(ctx, key, b, lease)
}

func TestAReportUnderWayDoesNotBringTheRowBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := &slowReports{Store: memstore.New(), begun: make(chan struct{}, 10), finish: make(chan struct{}, 10)}
		st.finish <- struct{}{}
		gate, err := core.New(core.Config{Store: st})
		require.NoError(t, err)
		<-st.begun
		<-st.begun // the first renewal, which hangs
		done := make(chan error, 1)
		go func() { done <- gate.Shutdown(t.Context()) }()
		time.Sleep(time.Second)
		st.finish <- struct{}{}
		require.NoError(t, <-done)
		synctest.Wait()
		require.Empty(t, rows(t, st))
	})
}
