package wakes

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestALostConnectionWakes(t *testing.T) {
	t.Parallel()
	c := Connection{Pace: DefaultPace}
	ok, note := c.Hints()
	require.False(t, ok)
	require.Equal(t, "no subscriber", note)
	kept, woken := 0, 0
	for range 2 {
		c.Subscribe(func() { woken++ }, func() { kept++ })
	}
	require.Equal(t, 1, kept)
	_, note = c.Hints()
	require.Equal(t, "connecting", note)

	c.Report(false, "refused")
	c.Report(true, "fine")
	require.Zero(t, woken)
	ok, note = c.Hints()
	require.True(t, ok)
	require.Equal(t, "fine", note)
	c.Report(false, "cut")
	require.Equal(t, 2, woken)
	c.Report(true, "fine")

	c.Close()
	c.Report(false, "late")
	require.Equal(t, 2, woken)
	_, note = c.Hints()
	require.Equal(t, "closed", note)
	c.Subscribe(func() {}, func() { kept++ })
	require.Equal(t, 1, kept, "a closed one opens no connection")
}

func TestAConnectionIsKeptUntilTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := Connection{Pace: DefaultPace}
		var pauses []time.Duration
		last := time.Now()
		sessions := []struct{ healthy, pause time.Duration }{{}, {}, {}, {pause: time.Hour}, {healthy: time.Minute}, {}, {}}
		c.Keep(ctx, func() (healthy, pause time.Duration, err error) {
			n := len(pauses)
			pauses = append(pauses, time.Since(last))
			last = time.Now()
			if n == len(sessions)-1 {
				cancel()
			}
			return sessions[n].healthy, sessions[n].pause, errors.New("cut")
		})
		require.Len(t, pauses, len(sessions))
		for n, limit := range map[int]time.Duration{1: 100 * time.Millisecond, 2: 200 * time.Millisecond, 3: 400 * time.Millisecond, 5: 100 * time.Millisecond, 6: 200 * time.Millisecond} {
			require.Less(t, pauses[n], limit, "pause %d", n)
		}
		require.Equal(t, time.Hour, pauses[4])
		_, note := c.Hints()
		require.Equal(t, "cut", note)
	})
}

func TestPausesGrow(t *testing.T) {
	t.Parallel()
	longest := func(troubles int) (longest time.Duration) {
		for range 1000 {
			longest = max(longest, DefaultPace.backoff(troubles))
		}
		return longest
	}
	require.Less(t, longest(0), 100*time.Millisecond)
	require.Greater(t, longest(0), 50*time.Millisecond)
	require.Less(t, longest(3), 800*time.Millisecond)
	for _, troubles := range []int{10, 1000, 1_000_000_000} {
		require.Less(t, longest(troubles), 5*time.Second)
		require.Greater(t, longest(troubles), 4*time.Second)
	}
}
