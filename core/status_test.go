package core_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// The counts of a snapshot are kept after the snapshot has been replaced.
func TestStatusCountsDecisionsByOutcomeAndCause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type counts = map[core.Outcome]map[core.Cause]int64
		st := memstore.New()
		gate, _ := newGate(t, core.Config{
			Store: st, ExemptExact: []string{"/healthz"},
			Bypass: []core.Predicate{core.APIKeyHeader("X-Key", core.KeyLiteral("0123456789abcdef"))},
		})
		site := gate.Handler(ok)
		require.Empty(t, gate.Status().Decided)
		want := counts{}
		for round := int64(1); round <= 2; round++ {
			get(site, "/")
			get(site, "/")
			start(t, st, operator.StartOptions{Holder: "kim"})
			require.NoError(t, gate.Refresh(t.Context()))
			get(site, "/")
			get(site, "/healthz")
			get(site, "/", "X-Key", "0123456789abcdef")
			want = counts{
				core.Open:     {0: 2 * round},
				core.Blocked:  {core.CausePeriod: round},
				core.Exempt:   {core.CausePeriod: round},
				core.Bypassed: {core.CausePeriod: round},
			}
			require.Equal(t, want, gate.Status().Decided)
			end(t, st)
			require.NoError(t, gate.Refresh(t.Context()))
			time.Sleep(time.Second) // the replaced snapshot is forgotten
			require.Equal(t, want, gate.Status().Decided)
			require.Equal(t, 5*round, gate.Status().Judged)
		}
		require.NoError(t, gate.Shutdown(t.Context()))
		get(site, "/")
		want[core.Blocked][core.CauseShutdown] = 1
		require.Equal(t, want, gate.Status().Decided)
	})
}

func TestStatusCountsFailedReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := newFaulty()
		gate, _ := newGate(t, core.Config{Store: st})
		require.Zero(t, gate.Status().ReadErrors)
		st.fails(store.ErrLost)
		require.Error(t, gate.Refresh(t.Context()))
		n := gate.Status().ReadErrors
		require.Positive(t, n)
		require.Error(t, gate.Refresh(t.Context()))
		require.Greater(t, gate.Status().ReadErrors, n)
		st.reads(nil)
		require.NoError(t, gate.Refresh(t.Context()))
		n = gate.Status().ReadErrors
		time.Sleep(time.Minute)
		require.Equal(t, n, gate.Status().ReadErrors)
	})
}

func TestStatusCountsChangesWithoutAHint(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		st      func() store.Store
		refresh bool
		want    int64
	}{
		"hints arrive":          {func() store.Store { return memstore.New() }, false, 0},
		"hints are lost":        {func() store.Store { return newFaulty() }, false, 2},
		"a caller asked":        {func() store.Store { return newFaulty() }, true, 0},
		"a store without hints": {func() store.Store { return &hintless{memstore.New()} }, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := c.st()
				gate, _ := newGate(t, core.Config{Store: st})
				step := func() {
					if c.refresh {
						require.NoError(t, gate.Refresh(t.Context()))
					}
					time.Sleep(time.Minute) // polls
				}
				start(t, st, operator.StartOptions{Holder: "kim"})
				step()
				end(t, st)
				step()
				require.EqualValues(t, 2, gate.Status().Revision)
				require.Equal(t, c.want, gate.Status().Unhinted)
			})
		})
	}
}

func TestStatusNamesTheNextStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New()
		gate, _ := newGate(t, core.Config{Store: st})
		require.True(t, gate.Status().NextStart.IsZero())
		at := func(hours int) time.Time { return time.Now().Add(time.Duration(hours) * time.Hour).UTC() }
		first, second := at(2), at(5)
		schedule(t, st, operator.WindowOptions{Start: second, End: at(6)})
		schedule(t, st, operator.WindowOptions{Start: first, End: at(3)})
		start(t, st, operator.StartOptions{Holder: "kim", ExpectedEnd: at(1)})
		require.NoError(t, gate.Refresh(t.Context()))
		require.True(t, first.Equal(gate.Status().NextStart), "the end of the deployment is no start")
		time.Sleep(2 * time.Hour)
		require.True(t, second.Equal(gate.Status().NextStart))
		time.Sleep(4 * time.Hour)
		require.True(t, gate.Status().NextStart.IsZero())
	})
}
