package period

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// at is an instant on the day of the tests: "04:00", or "04:00:00.000001".
func at(t testing.TB, clock string) time.Time {
	t.Helper()
	if clock == "" {
		return time.Time{}
	}
	instant, err := time.Parse(time.RFC3339Nano, "2026-03-08T"+clock+"Z")
	if err != nil {
		instant, err = time.Parse(time.RFC3339Nano, "2026-03-08T"+clock+":00Z")
	}
	require.NoError(t, err)
	return instant
}

func window(t testing.TB, id, start, end string) Period {
	return Period{ID: id, Kind: Window, Start: at(t, start), End: at(t, end), Enabled: true, Version: 1}
}

func deployment(t testing.TB, id, start, expected string) Period {
	return Period{ID: id, Kind: Deployment, Start: at(t, start), ExpectedEnd: at(t, expected), Enabled: true, Version: 1}
}

func TestAt(t *testing.T) {
	t.Parallel()
	disabled := window(t, "w", "04:00", "05:00")
	disabled.Enabled = false
	autoEnd := deployment(t, "d", "04:00", "")
	autoEnd.End = at(t, "05:00")
	brokenPromise := autoEnd
	brokenPromise.ExpectedEnd = at(t, "04:20")
	emptyPromise := autoEnd
	emptyPromise.ExpectedEnd = at(t, "06:00")
	type want struct {
		down               bool
		governing          string
		since, until, next string
		overdue            bool
	}
	for name, c := range map[string]struct {
		periods []Period
		at      string
		want    want
	}{
		"no periods are up for ever": {at: "04:00"},
		"a window is down at its start": {
			periods: []Period{window(t, "w", "04:00", "05:00")}, at: "04:00",
			want: want{down: true, governing: "w", since: "04:00", until: "05:00", next: "05:00"},
		},
		"a window is up one microsecond before its start": {
			periods: []Period{window(t, "w", "04:00", "05:00")}, at: "03:59:59.999999",
			want: want{next: "04:00"},
		},
		"a window is up at its end": {
			periods: []Period{window(t, "w", "04:00", "05:00")}, at: "05:00",
		},
		"a window without an end lasts, and promises nothing": {
			periods: []Period{window(t, "w", "04:00", "")}, at: "23:00",
			want: want{down: true, governing: "w", since: "04:00"},
		},
		"a disabled window is no downtime and no edge": {
			periods: []Period{disabled}, at: "04:30",
		},
		"a deployment is in force even if its start is ahead of the clock": {
			periods: []Period{deployment(t, "d", "04:00", "")}, at: "03:00",
			want: want{down: true, governing: "d", since: "03:00"},
		},
		"an expected end opens nothing": {
			periods: []Period{deployment(t, "d", "04:00", "04:30")}, at: "04:30",
			want: want{down: true, governing: "d", since: "04:00", until: "04:30", overdue: true},
		},
		"an expected end is an edge": {
			periods: []Period{deployment(t, "d", "04:00", "04:30")}, at: "04:10",
			want: want{down: true, governing: "d", since: "04:00", until: "04:30", next: "04:30"},
		},
		"an automatic end opens": {
			periods: []Period{autoEnd}, at: "05:00",
		},
		"an automatic end is promised": {
			periods: []Period{autoEnd}, at: "04:59",
			want: want{down: true, governing: "d", since: "04:00", until: "05:00", next: "05:00"},
		},
		"after the expected end has passed, the automatic end is promised": {
			periods: []Period{brokenPromise}, at: "04:30",
			want: want{down: true, governing: "d", since: "04:00", until: "05:00", next: "05:00"},
		},
		"nothing is promised beyond the automatic end": {
			periods: []Period{emptyPromise}, at: "04:30",
			want: want{down: true, governing: "d", since: "04:00", until: "05:00", next: "05:00"},
		},
		"overlapping windows end together": {
			periods: []Period{window(t, "a", "04:00", "05:00"), window(t, "b", "04:30", "06:00")}, at: "04:10",
			want: want{down: true, governing: "a", since: "04:00", until: "06:00", next: "04:30"},
		},
		"adjoining windows are one stretch": {
			periods: []Period{window(t, "b", "05:00", "06:00"), window(t, "a", "04:00", "05:00")}, at: "04:10",
			want: want{down: true, governing: "a", since: "04:00", until: "06:00", next: "05:00"},
		},
		"adjoining windows are one stretch, seen from the second": {
			periods: []Period{window(t, "b", "05:00", "06:00"), window(t, "a", "04:00", "05:00")}, at: "05:00",
			want: want{down: true, governing: "b", since: "04:00", until: "06:00", next: "06:00"},
		},
		"a gap of a microsecond parts two windows": {
			periods: []Period{window(t, "a", "04:00", "04:59:59.999999"), window(t, "b", "05:00", "06:00")}, at: "04:10",
			want: want{down: true, governing: "a", since: "04:00", until: "04:59:59.999999", next: "04:59:59.999999"},
		},
		"a chain reaches through windows that begin later": {
			periods: []Period{window(t, "c", "06:00", "07:00"), window(t, "b", "05:00", "06:00"), window(t, "a", "04:00", "05:00")}, at: "04:10",
			want: want{down: true, governing: "a", since: "04:00", until: "07:00", next: "05:00"},
		},
		"a window within another ends nothing": {
			periods: []Period{window(t, "a", "04:00", "08:00"), window(t, "b", "05:00", "06:00")}, at: "05:30",
			want: want{down: true, governing: "a", since: "04:00", until: "08:00", next: "06:00"},
		},
		"an open end makes the whole stretch unknown": {
			periods: []Period{window(t, "a", "04:00", "05:00"), deployment(t, "d", "04:30", "")}, at: "04:40",
			want: want{down: true, governing: "d", since: "04:00", next: "05:00"},
		},
		"an overdue deployment promises what a longer window promises": {
			periods: []Period{window(t, "a", "04:00", "06:00"), deployment(t, "d", "04:00", "04:30")}, at: "04:40",
			want: want{down: true, governing: "a", since: "04:00", until: "06:00", next: "06:00"},
		},
		"of two with one end the later start governs": {
			periods: []Period{window(t, "a", "04:10", "05:00"), window(t, "b", "04:00", "05:00")}, at: "04:30",
			want: want{down: true, governing: "a", since: "04:00", until: "05:00", next: "05:00"},
		},
		"of two with one start and one end the id decides": {
			periods: []Period{window(t, "b", "04:00", "05:00"), window(t, "a", "04:00", "05:00")}, at: "04:30",
			want: want{down: true, governing: "b", since: "04:00", until: "05:00", next: "05:00"},
		},
		"a period continues the stretch of one that was removed": {
			periods: []Period{since(t, deployment(t, "d", "04:30", ""), "04:00")}, at: "04:40",
			want: want{down: true, governing: "d", since: "04:00"},
		},
		"it does so for the next one, after it is over": {
			periods: []Period{since(t, window(t, "a", "04:30", "05:00"), "04:00"), window(t, "b", "05:00", "06:00")}, at: "05:10",
			want: want{down: true, governing: "b", since: "04:00", until: "06:00", next: "06:00"},
		},
		"a window to come continues nothing": {
			periods: []Period{since(t, window(t, "a", "06:00", "07:00"), "04:00"), window(t, "b", "05:00", "05:30")}, at: "05:10",
			want: want{down: true, governing: "b", since: "05:00", until: "05:30", next: "05:30"},
		},
		"a window of tomorrow does not adjoin": {
			periods: []Period{window(t, "a", "04:00", "05:00"), window(t, "b", "06:00", "07:00")}, at: "04:40",
			want: want{down: true, governing: "a", since: "04:00", until: "05:00", next: "05:00"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := at(t, c.at)
			v := At(c.periods, now)
			require.Equal(t, c.want.down, v.Down)
			require.Equal(t, c.want.governing, v.Governing.ID)
			require.Equal(t, at(t, c.want.since), v.Since, "since")
			require.Equal(t, at(t, c.want.until), v.Until, "until")
			require.Equal(t, at(t, c.want.next), v.Next, "next")
			require.Equal(t, c.want.overdue, v.Overdue(now))
		})
	}
}

// since returns p with its DownSince.
func since(t *testing.T, p Period, clock string) Period {
	t.Helper()
	p.DownSince = at(t, clock)
	return p
}

// FuzzAt checks that the verdict does not change between two edges, because a gate keeps a
// verdict until the next edge.
func FuzzAt(f *testing.F) {
	f.Add([]byte{0, 1, 5, 1, 3, 9, 0, 20, 0}, uint8(4))
	f.Add([]byte{1, 0, 0, 0, 10, 20, 0, 20, 30}, uint8(9))
	f.Fuzz(func(t *testing.T, spec []byte, minute uint8) {
		base := at(t, "00:00")
		var periods []Period
		for i := 0; i+2 < len(spec) && len(periods) < 40; i += 3 {
			p := Period{ID: fmt.Sprint("p", i), Kind: Window, Start: base.Add(time.Duration(spec[i+1]) * time.Minute), Enabled: spec[i]&8 == 0, Version: 1}
			if spec[i]&1 != 0 {
				p.Kind = Deployment
			}
			if spec[i]&2 == 0 {
				p.End = p.Start.Add(time.Duration(spec[i+2])*time.Minute + time.Minute)
			}
			if spec[i]&4 != 0 {
				p.ExpectedEnd = p.Start.Add(time.Duration(spec[i+2]/2)*time.Minute + time.Minute)
			}
			periods = append(periods, p)
		}
		now := base.Add(time.Duration(minute) * time.Minute)
		v := At(periods, now)

		down := false
		for _, p := range periods {
			down = down || p.InForce(now)
		}
		require.Equal(t, down, v.Down)
		if v.Down {
			require.True(t, v.Governing.InForce(now))
			require.False(t, v.Since.After(now))
		}
		if !v.Next.IsZero() {
			require.True(t, v.Next.After(now))
			before := At(periods, v.Next.Add(-time.Microsecond))
			require.Equal(t, v.Down, before.Down, "nothing begins or ends before the next edge")
			require.Equal(t, v.Until, before.Until)
			require.Equal(t, v.Governing.ID, before.Governing.ID)
			require.Equal(t, v.Next, before.Next)
		}
		if v.Down && !v.Until.IsZero() && v.Until.After(now) {
			for m := now; m.Before(v.Until); m = m.Add(time.Minute) {
				promised := false
				for _, p := range periods {
					s := spanOf(&p, now)
					promised = promised || (p.Enabled && !s.start.After(m) && (s.end.IsZero() || s.end.After(m)))
				}
				require.True(t, promised, "down at every minute before the promised end")
			}
		}
	})
}

func BenchmarkAt(b *testing.B) {
	for _, n := range []int{1, 100, 10_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			var periods []Period
			for i := range n {
				p := window(b, fmt.Sprint("w", i), "04:00", "05:00")
				p.Start, p.End = p.Start.AddDate(0, 0, i), p.End.AddDate(0, 0, i)
				periods = append(periods, p)
			}
			now := at(b, "04:30")
			b.ReportAllocs()
			for b.Loop() {
				At(periods, now)
			}
		})
	}
}

func TestTheHoldOfAVerdictIsTheShortest(t *testing.T) {
	t.Parallel()
	of := func(id string, seconds int64) Period {
		p := deployment(t, id, "04:00", "")
		p.HoldSeconds = seconds
		return p
	}
	disabled, later := of("x", 0), window(t, "y", "05:00", "06:00")
	disabled.Enabled = false
	for name, tc := range map[string]struct {
		periods []Period
		want    time.Duration
	}{
		"none":                            {nil, 0},
		"one":                             {[]Period{of("a", 20)}, 20 * time.Second},
		"the shorter one, last":           {[]Period{of("a", 20), of("b", 5)}, 5 * time.Second},
		"the shorter one, first":          {[]Period{of("a", 5), of("b", 20)}, 5 * time.Second},
		"one that refuses at once":        {[]Period{of("a", 20), of("b", 0)}, 0},
		"one that refuses at once, first": {[]Period{of("a", 0), of("b", 20)}, 0},
		"periods that are not in force":   {[]Period{of("a", 20), disabled, later}, 20 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, At(tc.periods, at(t, "04:30")).Hold)
		})
	}
}
