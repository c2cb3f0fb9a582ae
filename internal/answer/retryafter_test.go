package answer

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		until     time.Time
		low, high int           // seconds, of the spread
		next      time.Duration // from now; 0: never
	}{
		"unknown":                     {time.Time{}, 60, 72, 0},
		"overdue":                     {now.Add(-time.Hour), 60, 72, 0},
		"over at this instant":        {now, 60, 72, 0},
		"over in a moment":            {now.Add(time.Microsecond), 1, 6, time.Microsecond},
		"over in a second":            {now.Add(time.Second), 1, 6, time.Second},
		"fractions are rounded up":    {now.Add(1500 * time.Millisecond), 2, 7, 500 * time.Millisecond},
		"the spread is a fifth":       {now.Add(100 * time.Second), 100, 120, time.Second},
		"the cap, just reached":       {now.Add(300 * time.Second), 300, 360, time.Second},
		"the cap, far from it":        {now.Add(24 * time.Hour), 300, 360, 24*time.Hour - 299*time.Second},
		"the cap, beyond a duration":  {now.AddDate(5000, 0, 0), 300, 360, 1<<63 - 1},
		"overdue, beyond a duration":  {now.AddDate(-1000, 0, 0), 60, 72, 0},
		"half a second above the cap": {now.Add(300*time.Second + 500*time.Millisecond), 300, 360, 1500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, next := newRetryAfter(test.until, now)
			if test.next == 0 {
				require.Zero(t, next)
			} else {
				require.Equal(t, test.next, next.Sub(now))
			}
			seen := map[int]bool{}
			for _, v := range r {
				require.Len(t, v.header, 1)
				require.Equal(t, len(v.header), cap(v.header), "Add would write into the next answer")
				seconds, err := strconv.Atoi(v.header[0])
				require.NoError(t, err)
				require.GreaterOrEqual(t, seconds, test.low)
				require.LessOrEqual(t, seconds, test.high)
				require.Equal(t, `,"retry_after":`+v.header[0]+"}\n", string(v.member))
				require.Equal(t, len(v.header[0]), v.digits)
				seen[seconds] = true
			}
			require.True(t, seen[test.low], "the shortest wait is the wait itself")
			require.GreaterOrEqual(t, len(seen), 6, "the values spread")
			require.Contains(t, r[:], *r.pick())
		})
	}
}

func TestRetryAfterCountsDown(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 21, 12, 0, 0, 123_456_000, time.UTC)
	until := start.Add(310*time.Second + 700*time.Millisecond)
	changes := 0
	last := ""
	for now := start; !now.IsZero(); changes++ {
		r, next := newRetryAfter(until, now)
		require.NotEqual(t, last, r[0].header[0], "every tick changes the wait")
		if !next.IsZero() {
			require.True(t, next.After(now))
			before, _ := newRetryAfter(until, next.Add(-time.Nanosecond))
			require.Equal(t, r[0].header, before[0].header, "the wait holds until next")
		}
		last, now = r[0].header[0], next
	}
	require.Equal(t, 301, changes, "300 seconds, then overdue")
	require.Equal(t, "60", last)
}
