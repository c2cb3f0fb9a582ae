package core

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
)

func TestConclude(t *testing.T) {
	t.Parallel()
	now := clock(t, "04:00")
	up := period.Verdict{Next: clock(t, "06:00")}
	down := period.Verdict{Down: true, Governing: period.Period{ID: "d", Reason: "why"}, Since: clock(t, "03:00"), Until: clock(t, "05:00"), Next: clock(t, "05:00")}
	type want struct {
		cause   Cause // 0: open
		overdue bool
		next    string
	}
	for name, c := range map[string]struct {
		facts facts
		want  want
	}{
		"no store and no override is open": {facts{}, want{}},
		"an override up beats a period": {
			facts{override: directionUp, hasStore: true, served: true, verdict: down}, want{},
		},
		"an override down beats an open store": {
			facts{override: directionDown, overrideFrom: "env", hasStore: true, served: true, verdict: up}, want{cause: CauseOverride, next: "06:00"},
		},
		"an override up beats a store that was never read": {
			facts{override: directionUp, hasStore: true}, want{},
		},
		"a store that was never read refuses": {
			facts{hasStore: true}, want{cause: CauseStarting},
		},
		"an override file that was never read refuses": {
			facts{fileUnread: true}, want{cause: CauseStarting},
		},
		"an override file that was never read has priority over an override up": {
			facts{fileUnread: true, override: directionUp}, want{cause: CauseStarting},
		},
		"an override file that was never read opens nothing by explicit choice": {
			facts{fileUnread: true, firstStart: FirstStartOpen, hasStore: true, served: true, verdict: down}, want{cause: CausePeriod, next: "05:00"},
		},
		"a store that was never read is open by explicit choice": {
			facts{hasStore: true, firstStart: FirstStartOpen}, want{},
		},
		"a period in force closes": {
			facts{hasStore: true, served: true, verdict: down}, want{cause: CausePeriod, next: "05:00"},
		},
		"without a period in force it is open until the next edge": {
			facts{hasStore: true, served: true, verdict: up}, want{next: "06:00"},
		},
		"edges are moved to this machine's clock": {
			facts{hasStore: true, served: true, verdict: up, offset: 10 * time.Minute}, want{next: "05:50"},
		},
		"overdue is by the store's clock": {
			facts{hasStore: true, served: true, verdict: down, offset: 2 * time.Hour}, want{cause: CausePeriod, overdue: true, next: "03:00"},
		},
		"a stale store is kept by default": {
			facts{hasStore: true, served: true, verdict: up, staleSince: clock(t, "03:00")}, want{next: "06:00"},
		},
		"a stale store closes when told to": {
			facts{hasStore: true, served: true, verdict: up, staleSince: now, onLost: Refuse}, want{cause: CauseStoreLost, next: "06:00"},
		},
		"a lost store that is not stale yet has an edge there": {
			facts{hasStore: true, served: true, verdict: up, staleIn: time.Minute, onLost: Refuse}, want{next: "04:01"},
		},
		"staleness never opens, and a period has priority over it": {
			facts{hasStore: true, served: true, verdict: down, staleSince: clock(t, "03:00"), onLost: Refuse}, want{cause: CausePeriod, next: "05:00"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := conclude(c.facts, now)
			if c.want.cause == 0 {
				require.Nil(t, got.closure)
			} else {
				require.NotNil(t, got.closure)
				require.Equal(t, c.want.cause, got.closure.Cause)
			}
			require.Equal(t, c.want.overdue, got.overdue)
			require.Equal(t, clock(t, c.want.next), got.next)
			require.True(t, got.closure.same(conclude(c.facts, now).closure), "the same facts have the same conclusion")
		})
	}
}

func TestAgeUsesTheClockWithTheLargerDifference(t *testing.T) {
	t.Parallel()
	now := time.Now()
	require.Equal(t, time.Minute, age(now, now.Add(-time.Minute), time.Time{}))
	require.Equal(t, time.Hour, age(now, time.Time{}, now.Add(-time.Hour)), "never read: since the gate was made")
	suspended := now.Add(-time.Hour).Round(0) // no monotonic reading: the wall clock alone has moved
	require.Equal(t, time.Hour, age(now, suspended, time.Time{}))
}

func TestStoreOffsetIgnoresADifferenceWithinTheDurationOfTheRead(t *testing.T) {
	t.Parallel()
	asked := time.Now()
	answered := asked.Add(20 * time.Millisecond)
	for name, tc := range map[string]struct{ store, offset, off time.Duration }{
		"within the duration of the read": {2 * time.Millisecond, 0, 18 * time.Millisecond},
		"ahead":                           {time.Second + 10*time.Millisecond, time.Second, 10 * time.Millisecond},
		"behind":                          {10*time.Millisecond - time.Second, -time.Second, 10 * time.Millisecond},
	} {
		offset, off := storeOffset(asked.Add(tc.store), asked, answered)
		require.Equal(t, tc.offset, offset, name)
		require.Equal(t, tc.off, off, name)
	}
}

func TestKindDistinguishesPlannedDowntimeFromFaults(t *testing.T) {
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

// clock is a time of one day; zero for "".
func clock(t *testing.T, text string) time.Time {
	t.Helper()
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse("2006-01-02 15:04", "2026-11-21 "+text)
	require.NoError(t, err)
	return at
}
