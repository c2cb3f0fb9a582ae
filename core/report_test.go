package core_test

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/memstore"
)

// only is the one row of a store.
func only(t testing.TB, s core.Store) core.Instance {
	t.Helper()
	_, rows, err := core.Instances(context.Background(), s)
	require.NoError(t, err)
	require.Len(t, rows, 1)
	return rows[0]
}

// told waits until news have been reported: within 50 ms. Only in a synctest bubble.
func told() {
	time.Sleep(50 * time.Millisecond)
	synctest.Wait()
}

func TestAGateRefusesBeforeItSaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		gate, _ := newGate(t, core.Config{Store: store})
		start(t, store, core.StartOptions{Holder: "kim"})
		synctest.Wait()
		_, open := gate.Enter(nil)
		require.False(t, open)
		require.True(t, only(t, store).Open, "others of its fleet may still have to read the write")
		told()
		require.False(t, only(t, store).Open)
	})
}

func TestARowSaysWhatItsGateDoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		gate, _ := newGate(t, core.Config{Store: store})
		row := only(t, store)
		require.Equal(t, gate.Status().Instance, row.ID)
		require.True(t, gate.Status().Registered)
		require.True(t, row.Open)
		require.False(t, row.Drained)
		require.NotZero(t, row.PID)
		require.Len(t, row.Rules, 12)
		require.Equal(t, "keep", row.Policy)

		ticket, open := gate.Enter(nil)
		require.True(t, open)
		began := start(t, store, core.StartOptions{Holder: "kim", For: time.Hour, AutoEnd: true})
		told()
		row = only(t, store)
		require.False(t, row.Open)
		require.Equal(t, "period", row.Cause)
		require.Equal(t, began.After.Revision, row.Revision)
		require.EqualValues(t, 1, row.InFlight)
		require.False(t, row.Drained, "a request that was let in still runs")
		require.Empty(t, row.Refuses)

		ticket.Leave()
		time.Sleep(50 * time.Millisecond)
		told()
		row = only(t, store)
		require.True(t, row.Drained)
		require.Equal(t, []string{began.Period.ID}, row.Refuses)
		require.Equal(t, began.Period.End, row.RefusesUntil)
		require.Equal(t, began.After.WriteID, row.WriteID)

		end(t, store)
		told()
		row = only(t, store)
		require.True(t, row.Open)
		require.False(t, row.Drained)
		require.Empty(t, row.Refuses)
		require.Zero(t, row.RefusesUntil)
	})
}

func TestAWindowThatHasNotBegunIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		newGate(t, core.Config{Store: store})
		planned := schedule(t, store, core.WindowOptions{Start: time.Now().Add(time.Hour), For: time.Hour})
		told()
		row := only(t, store)
		require.Equal(t, planned.After.Revision, row.Revision)
		require.False(t, row.Drained)
		require.Empty(t, row.Refuses)
		time.Sleep(time.Hour)
		told()
		row = only(t, store)
		require.Equal(t, []string{planned.Period.ID}, row.Refuses)
		require.Equal(t, planned.Period.End, row.RefusesUntil)
	})
}

func TestAGateOverriddenUpAcknowledgesNothing(t *testing.T) {
	t.Setenv("DOWNTIME", "up")
	store := memstore.New()
	start(t, store, core.StartOptions{Holder: "kim"})
	newGate(t, core.Config{Store: store})
	row := only(t, store)
	require.True(t, row.Open)
	require.Equal(t, "up", row.Override)
	require.False(t, row.Drained)
	require.Empty(t, row.Refuses)
}

func TestALeaseIsRenewedAndTheRowLeavesWithItsGate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		gate, _ := newGate(t, core.Config{Store: store})
		for range 100 {
			time.Sleep(7 * time.Second)
			row := only(t, store)
			require.True(t, row.Live(time.Now()))
			require.Greater(t, time.Until(row.Lease), core.LeaseTime/2)
		}
		require.NoError(t, gate.Shutdown(t.Context()))
		_, rows, err := core.Instances(t.Context(), store)
		require.NoError(t, err)
		require.Empty(t, rows)
	})
}

func TestAForgottenGateLeaves(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	func() {
		_, err := core.New(core.Config{Store: store})
		require.NoError(t, err)
	}()
	for {
		runtime.GC()
		_, rows, err := core.Instances(t.Context(), store)
		require.NoError(t, err)
		if len(rows) == 0 {
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

func (r *rowless) Report(ctx context.Context, row core.Instance, lease time.Duration) (core.Mark, time.Time, error) {
	r.mu.Lock()
	err := r.err
	r.mu.Unlock()
	if err != nil {
		return core.Mark{}, time.Time{}, err
	}
	return r.Store.Report(ctx, row, lease)
}

func TestAGateThatCannotRegisterHonoursTheStoreAllTheSame(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]error{"read-only": core.ErrReadOnly, "any other fault": errOutage} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := &rowless{faulty: newFaulty(), err: refusal}
				gate, book := newGate(t, core.Config{Store: store})
				time.Sleep(time.Hour)
				start(t, store, core.StartOptions{Holder: "kim"})
				time.Sleep(10 * time.Second)
				require.False(t, gate.Status().Open)
				require.False(t, gate.Status().Registered)
				require.ErrorIs(t, gate.Status().ReportErr, refusal)
				require.Equal(t, 1, count(book.messages(), "not registered"))
				store.mu.Lock()
				store.err = nil
				store.mu.Unlock()
				time.Sleep(2 * time.Minute)
				require.True(t, gate.Status().Registered)
				require.Equal(t, 1, count(book.messages(), "registered"))
				require.True(t, only(t, store).Drained)
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
		store := memstore.New()
		cfg.Store = store
		newGate(t, cfg)
		digest := only(t, store).Rules
		require.NotContains(t, rules, digest, name)
		rules[digest] = name
	}
	store := memstore.New()
	newGate(t, core.Config{Store: store, ExemptExact: []string{"/b", "/a"}})
	require.Equal(t, "exact", rules[only(t, store).Rules], "order does not count")
}

func TestInstanceRowsSurviveEncoding(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	newGate(t, core.Config{Store: store})
	row := only(t, store)
	text, err := core.EncodeInstance(row)
	require.NoError(t, err)
	back, err := core.DecodeInstance(text)
	require.NoError(t, err)
	row.Seen, row.Lease = time.Time{}, time.Time{}
	require.Equal(t, row, back)
	_, err = core.DecodeInstance([]byte(`{"host":"h"}`))
	require.ErrorContains(t, err, "without an id")
	newer, err := core.DecodeInstance([]byte(`{"id":"i","from_the_future":1}`))
	require.NoError(t, err)
	require.Equal(t, "i", newer.ID)
}

// slowReports is a store whose reports take their time.
type slowReports struct {
	*memstore.Store
	begun, finish chan struct{}
}

func (s *slowReports) Report(ctx context.Context, row core.Instance, lease time.Duration) (core.Mark, time.Time, error) {
	s.begun <- struct{}{}
	<-s.finish
	return s.Store.Report(ctx, row, lease)
}

func TestAReportUnderWayDoesNotBringTheRowBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &slowReports{Store: memstore.New(), begun: make(chan struct{}, 10), finish: make(chan struct{}, 10)}
		store.finish <- struct{}{}
		gate, err := core.New(core.Config{Store: store})
		require.NoError(t, err)
		<-store.begun
		<-store.begun // the first renewal, which hangs
		done := make(chan error, 1)
		go func() { done <- gate.Shutdown(t.Context()) }()
		time.Sleep(time.Second)
		store.finish <- struct{}{}
		require.NoError(t, <-done)
		synctest.Wait()
		_, rows, err := core.Instances(t.Context(), store.Store)
		require.NoError(t, err)
		require.Empty(t, rows)
	})
}
