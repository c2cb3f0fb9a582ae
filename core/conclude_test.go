package core

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestConclude(t *testing.T) {
	t.Parallel()
	now := at(t, "04:00")
	up := func(time.Time) Verdict { return Verdict{Next: at(t, "06:00")} }
	down := func(time.Time) Verdict {
		return Verdict{Down: true, Governing: Period{ID: "d", Reason: "why"}, Since: at(t, "03:00"), Until: at(t, "05:00"), Next: at(t, "05:00")}
	}
	type want struct {
		cause   Cause // 0: open
		overdue bool
		next    string
	}
	for name, c := range map[string]struct {
		known known
		want  want
	}{
		"no store and no override is open": {known{}, want{}},
		"an override up beats a period": {
			known{override: overrideUp, hasStore: true, read: true, verdict: down}, want{},
		},
		"an override down beats an open store": {
			known{override: overrideDown, overrideFrom: "env", hasStore: true, read: true, verdict: up}, want{cause: CauseOverride},
		},
		"an override up beats a store that was never read": {
			known{override: overrideUp, hasStore: true}, want{},
		},
		"a store that was never read refuses": {
			known{hasStore: true}, want{cause: CauseStarting},
		},
		"an override file that was never read refuses": {
			known{fileUnread: true}, want{cause: CauseStarting},
		},
		"an override file that was never read goes before what says up": {
			known{fileUnread: true, override: overrideUp}, want{cause: CauseStarting},
		},
		"an override file that was never read opens nothing by explicit choice": {
			known{fileUnread: true, firstStart: FirstStartOpen, hasStore: true, read: true, verdict: down}, want{cause: CausePeriod, next: "05:00"},
		},
		"a store that was never read is open by explicit choice": {
			known{hasStore: true, firstStart: FirstStartOpen}, want{},
		},
		"a period in force closes": {
			known{hasStore: true, read: true, verdict: down}, want{cause: CausePeriod, next: "05:00"},
		},
		"none in force is open until the next edge": {
			known{hasStore: true, read: true, verdict: up}, want{next: "06:00"},
		},
		"edges are moved to this machine's clock": {
			known{hasStore: true, read: true, verdict: up, offset: 10 * time.Minute}, want{next: "05:50"},
		},
		"overdue is by the store's clock": {
			known{hasStore: true, read: true, verdict: down, offset: 2 * time.Hour}, want{cause: CausePeriod, overdue: true, next: "03:00"},
		},
		"a stale store is kept by default": {
			known{hasStore: true, read: true, verdict: up, staleSince: at(t, "03:00")}, want{next: "06:00"},
		},
		"a stale store closes when told to": {
			known{hasStore: true, read: true, verdict: up, staleSince: now, onLost: Refuse}, want{cause: CauseStoreLost, next: "06:00"},
		},
		"a lost store that is not stale yet has an edge there": {
			known{hasStore: true, read: true, verdict: up, staleIn: time.Minute, onLost: Refuse}, want{next: "04:01"},
		},
		"staleness never opens, and a period's own word goes before it": {
			known{hasStore: true, read: true, verdict: down, staleSince: at(t, "03:00"), onLost: Refuse}, want{cause: CausePeriod, next: "05:00"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := conclude(c.known, now)
			if c.want.cause == 0 {
				require.Nil(t, got.closure)
			} else {
				require.NotNil(t, got.closure)
				require.Equal(t, c.want.cause, got.closure.Cause)
			}
			require.Equal(t, c.want.overdue, got.overdue)
			require.Equal(t, at(t, c.want.next), got.next)
			require.True(t, got.closure.same(conclude(c.known, now).closure), "the same knowledge concludes the same")
		})
	}
}

func TestAgeIsByTheClockThatSaysMore(t *testing.T) {
	t.Parallel()
	now := time.Now()
	require.Equal(t, time.Minute, age(now, now.Add(-time.Minute), time.Time{}))
	require.Equal(t, time.Hour, age(now, time.Time{}, now.Add(-time.Hour)), "never read: since the gate was made")
	suspended := now.Add(-time.Hour).Round(0) // no monotonic reading: the wall clock alone has moved
	require.Equal(t, time.Hour, age(now, suspended, time.Time{}))
}

func TestStoreOffsetDropsWhatTheReadItselfTook(t *testing.T) {
	t.Parallel()
	asked := time.Now()
	answered := asked.Add(20 * time.Millisecond)
	require.Zero(t, storeOffset(asked.Add(2*time.Millisecond), asked, answered))
	require.Equal(t, time.Second, storeOffset(asked.Add(time.Second+10*time.Millisecond), asked, answered))
	require.Equal(t, -time.Second, storeOffset(asked.Add(10*time.Millisecond-time.Second), asked, answered))
}

func TestKindTellsPlannedFromTrouble(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]*Closure{
		"planned":    {Cause: CausePeriod},
		"emergency":  {Cause: CausePeriod, Emergency: true},
		"starting":   {Cause: CauseStarting},
		"store-lost": {Cause: CauseStoreLost, Emergency: true},
	} {
		require.Equal(t, want, c.Kind())
	}
	require.Equal(t, "emergency", (&Closure{Cause: CauseOverride, Emergency: true}).Kind())
}
