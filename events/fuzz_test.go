package events_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/events"
	"github.com/go-downtime/downtime/period"
)

// FuzzNext gives Next a document that a person can have edited, and any position. From each position
// that it returns, it must return the other events.
func FuzzNext(f *testing.F) {
	const doc = `{"format":1,"store_id":"s","revision":4,"write_id":"w.0","close_rev":1,"periods":[` +
		`{"id":"a","kind":"window","start":"2000-01-01T00:10:00Z","end":"2000-01-01T00:30:00Z","expected_end":"2000-01-01T00:20:00Z","enabled":true,"version":1},` +
		`{"id":"b","kind":"deployment","start":"2000-01-01T00:00:00Z","enabled":true,"version":1}],"log":[` +
		`{"time":"2000-01-01T00:05:00Z","revision":3,"write":"x","action":"schedule","changes":[{"after":{"id":"a","kind":"window","start":"2000-01-01T00:10:00Z","enabled":true}}]},` +
		`{"time":"2000-01-01T00:40:00Z","revision":4,"write":"w","action":"reconcile","changes":[{"before":{"id":"c","kind":"deployment","enabled":true}},null,{}]}]}`
	f.Add([]byte(doc), int64(1), int64(0), int64(3600))
	f.Add([]byte(doc), int64(9), int64(7200), int64(60))
	f.Fuzz(func(t *testing.T, text []byte, revision, at, length int64) {
		d, err := period.Decode(text)
		if err != nil || revision < 0 {
			return
		}
		const years = 20 * 365 * 24 * 3600
		begin := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
		from := events.Position{StoreID: d.StoreID, Revision: revision, At: begin.Add(time.Duration(at%years) * time.Second)}
		entries, _ := d.Log.Entries()
		seen := events.Observation{
			Document: d, Entries: entries, Now: from.At.Add(time.Duration(length%years) * time.Second),
			Silent: []events.Instance{{ID: "i", Lease: from.At.Add(time.Minute)}},
		}
		batch := events.Next(from, seen, notice)
		for n, e := range batch.Events {
			require.NotEmpty(t, e.Text)
			require.NotEmpty(t, e.Encode())
			if n > 20 || revision > d.Revision {
				continue // the store went back: it is told from the present on
			}
			rest := events.Next(batch.After(n), seen, notice)
			require.Equal(t, namesOf(batch.Events[n:]), namesOf(rest.Events), "after %d", n)
		}
	})
}

// FuzzHistories tells random writes to a follower that looks after each of them, and to one that looks
// once at the end. Both are told the same, except that a window was about to begin, and so is one that
// is restarted after any event.
func FuzzHistories(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 1))
		now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
		within := func(limit time.Duration) time.Time {
			return now.Add(time.Duration(r.Int64N(int64(limit)))).Truncate(time.Microsecond)
		}
		d := &period.Document{Format: 1, StoreID: "s", Revision: 1, Periods: []period.Period{}}
		from := events.Position{StoreID: "s", Revision: 1, At: now}
		step, stepped := from, []string{}
		look := func() events.Observation {
			entries, err := d.Log.Entries()
			require.NoError(t, err)
			return events.Observation{Document: d, Entries: entries, Now: now, Silent: []events.Instance{{ID: "i", Lease: from.At.Add(time.Hour)}}}
		}
		for range 8 {
			now = within(40 * time.Minute)
			next := *d
			next.Revision++
			next.Periods = slices.Clone(d.Periods)
			for range 1 + r.IntN(2) {
				p := period.Period{ID: string(rune('a' + r.IntN(3))), Kind: period.Window, Version: 1, Enabled: r.IntN(4) > 0, Start: within(time.Hour)}
				if r.IntN(3) == 0 {
					p.Kind, p.Start = period.Deployment, now
				}
				if r.IntN(2) == 0 {
					p.End = p.Start.Add(time.Duration(1 + r.Int64N(int64(time.Hour)))).Truncate(time.Microsecond)
				}
				if r.IntN(2) == 0 {
					p.ExpectedEnd = p.Start.Add(time.Duration(1 + r.Int64N(int64(time.Hour)))).Truncate(time.Microsecond)
				}
				next.Periods = slices.DeleteFunc(next.Periods, func(old period.Period) bool { return old.ID == p.ID })
				if r.IntN(4) > 0 {
					next.Periods = append(next.Periods, p)
				}
			}
			var err error
			next.Log, err = d.Log.With(period.Entry{Time: now, Revision: next.Revision, Write: "w", Action: period.ActionEdit, Changes: period.Changes(d.Periods, next.Periods)})
			require.NoError(t, err)
			d = &next
			batch := events.Next(step, look(), notice)
			for _, e := range batch.Events {
				stepped = append(stepped, e.Key)
			}
			step = batch.After(len(batch.Events))
		}
		batch, keys := events.Next(from, look(), notice), []string{}
		for n, e := range batch.Events {
			require.NotContains(t, keys, e.Key)
			keys = append(keys, e.Key)
			require.Equal(t, batch.Events[n:], events.Next(batch.After(n), look(), notice).Events, "from the position after %d events", n)
		}
		early := slices.DeleteFunc(slices.Clone(stepped), func(key string) bool { return strings.Contains(key, ":about-to-begin:") && !slices.Contains(keys, key) })
		require.Equal(t, early, keys)
	})
}
