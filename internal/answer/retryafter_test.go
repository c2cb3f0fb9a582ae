package answer

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
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
			r, next := retryRule{}.at(test.until, now)
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

func TestRetryAfterBySettings(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		max, spread time.Duration
		left        time.Duration // until the end; zero: unknown
		low, high   string
	}{
		"a short cap":              {10 * time.Second, 0, time.Hour, "10", "15"},
		"a short cap, unknown end": {10 * time.Second, 0, 0, "10", "15"},
		"a long cap":               {time.Hour, -1, 2 * time.Hour, "3600", "3600"},
		"a long cap, unknown end":  {time.Hour, -1, 0, "60", "60"},
		"no spread":                {0, -1, 30 * time.Second, "30", "30"},
		"a spread":                 {0, 15 * time.Second, 30 * time.Second, "30", "45"},
		"the largest":              {24 * time.Hour, 24 * time.Hour, 48 * time.Hour, "86400", "167400"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := New(Options{RetryAfterMax: test.max, RetryAfterSpread: test.spread})
			require.NoError(t, err)
			until := now.Add(test.left)
			if test.left == 0 {
				until = time.Time{}
			}
			r, _ := s.retry.at(until, now)
			require.Equal(t, test.low, r[0].header[0])
			require.Equal(t, test.high, r[retryVariants-1].header[0])
			a := s.Prepare(Facts{Kind: "planned", Until: until}, now, nil)
			w := httptest.NewRecorder()
			req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
			req.Header.Set("Accept", "application/json")
			a.Write(w, req)
			require.True(t, json.Valid(w.Body.Bytes()))
			require.Equal(t, strconv.Itoa(w.Body.Len()), w.Header().Get("Content-Length"))
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
		r, next := retryRule{}.at(until, now)
		require.NotEqual(t, last, r[0].header[0], "every tick changes the wait")
		if !next.IsZero() {
			require.True(t, next.After(now))
			before, _ := retryRule{}.at(until, next.Add(-time.Nanosecond))
			require.Equal(t, r[0].header, before[0].header, "the wait holds until next")
		}
		last, now = r[0].header[0], next
	}
	require.Equal(t, 301, changes, "300 seconds, then overdue")
	require.Equal(t, "60", last)
}
