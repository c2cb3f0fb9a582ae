package operator

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// TestSafety judges the period "a", which revision 7 of the document "s" has closed. Each case
// changes one thing of a fleet of two instances that have drained it.
func TestSafety(t *testing.T) {
	t.Parallel()
	drained := func(key string, pid int, changes ...func(r *period.Row)) store.Row {
		return aRow(t, key, func(r *period.Row) {
			r.PID, r.Seq, r.Judged, r.Drained = pid, 10, 5, []string{"a"}
			r.Revision = 8 // a later write that closed nothing more
			for _, change := range changes {
				change(r)
			}
		})
	}
	expired := func(lease time.Duration, r store.Row) store.Row {
		r.Life, r.Lease = store.Expired, noonUTC.Add(lease)
		return r
	}
	gone := func(r store.Row) store.Row { r.Life = store.Gone; return r }
	tombstone := func(key, note string) store.Row {
		return store.Row{Key: key, Note: []byte(note), Seen: noonUTC, Lease: noonUTC, Life: store.Deleted}
	}
	refuses := func(r *period.Row) { r.Policy, r.MaxStale, r.Patience = "refuse", 10, 20 }
	type fleet struct {
		d   *period.Document
		set store.Rowset
		err error
		b   Barrier
	}
	add := func(r store.Row) func(f *fleet) { return func(f *fleet) { f.set.Rows = append(f.set.Rows, r) } }
	first := func(change func(r *period.Row)) func(f *fleet) {
		return func(f *fleet) { f.set.Rows[0] = drained("k1", 1, change) }
	}
	edit := func(change func(d *period.Document)) func(f *fleet) {
		return func(f *fleet) { change(f.d); f.d.Seal() }
	}
	both := func(changes ...func(f *fleet)) func(f *fleet) {
		return func(f *fleet) {
			for _, change := range changes {
				change(f)
			}
		}
	}
	seen := func(rows ...store.Row) func(f *fleet) { return func(f *fleet) { f.b.Seen = append(f.b.Seen, rows...) } }
	acceptSilent := func(f *fleet) { f.b.AcceptSilent = 5 * time.Minute }
	type want struct {
		result Safety
		why    string // of the result, or of the one holdout or accepted instance
	}
	for name, tc := range map[string]struct {
		change func(f *fleet)
		want   want
	}{
		"all have drained":         {func(*fleet) {}, want{Safe, ""}},
		"one serves":               {first(func(r *period.Row) { r.State, r.Drained = period.Open, nil }), want{NotDrained, "serves"}},
		"one has requests running": {first(func(r *period.Row) { r.Drained, r.InFlight = nil, 3 }), want{NotDrained, "refuses, and has not drained"}},
		"one has drained another period": {
			first(func(r *period.Row) { r.Drained = []string{"b"} }), want{NotDrained, "refuses, and has not drained"},
		},
		"one is overridden up":   {first(func(r *period.Row) { r.Override = "up" }), want{NotDrained, "serves: override up"}},
		"one is overridden down": {first(func(r *period.Row) { r.Override = "down" }), want{Safe, ""}},
		"one is starting":        {first(func(r *period.Row) { r.State = period.Starting }), want{NotDrained, "is starting"}},
		"one is regressed":       {first(func(r *period.Row) { r.Regressed = true }), want{NotDrained, "has seen another document"}},
		"one cannot read the document": {
			first(func(r *period.Row) { r.Problem, r.Drained = "EACCES", nil }), want{NotDrained, "cannot read the document"},
		},
		"one is leaving, with requests running": {
			first(func(r *period.Row) { r.State, r.Drained = period.Leaving, nil }), want{NotDrained, "refuses, and has not drained"},
		},
		"one has another document":          {first(func(r *period.Row) { r.StoreID = "z" }), want{NotDrained, "has seen another document"}},
		"one has drained before the write":  {first(func(r *period.Row) { r.Revision = 6 }), want{NotDrained, "has read revision 6, not 7"}},
		"one has no revision":               {first(func(r *period.Row) { r.Revision, r.WriteID = 0, "" }), want{NotDrained, "has read revision 0, not 7"}},
		"one has drained at the write":      {first(func(r *period.Row) { r.Revision, r.WriteID = 7, "w7" }), want{Safe, ""}},
		"one has another write of now":      {first(func(r *period.Row) { r.WriteID = "z" }), want{NotDrained, "has seen another document"}},
		"one is ahead of the document":      {first(func(r *period.Row) { r.Revision = 9 }), want{NotDrained, "has seen another document"}},
		"it was disabled and enabled again": {edit(func(d *period.Document) { d.Revision, d.CloseRev = 9, 9 }), want{NotDrained, "has read revision 8, not 9"}},
		"drained until a time that passed": {
			first(func(r *period.Row) { r.DrainedUntil = noonUTC }), want{NotDrained, "refuses, and has not drained"},
		},
		"drained until a later time": {first(func(r *period.Row) { r.DrainedUntil = noonUTC.Add(time.Hour) }), want{Safe, ""}},

		"one is dead":         {add(gone(drained("k3", 3, func(r *period.Row) { r.State = period.Open }))), want{Safe, ""}},
		"one has left":        {add(tombstone("k3", period.NoteLeft)), want{Safe, ""}},
		"one was forgotten":   {add(tombstone("k3", "forgotten by ann")), want{Presumed, "was forgotten"}},
		"one is silent":       {add(expired(-time.Hour, drained("k3", 3))), want{NotDrained, "is silent: dead or cut off, the store cannot tell"}},
		"one cannot be read":  {add(store.Row{Key: "k3", Err: errors.New("x"), Life: store.Expired}), want{NotDrained, "has a row that cannot be read"}},
		"one joined, drained": {both(seen(drained("k1", 1), drained("k2", 2)), add(drained("k3", 3))), want{Safe, ""}},
		"one joined, and starts": {
			both(seen(drained("k1", 1)), add(drained("k3", 3, func(r *period.Row) { r.State, r.Drained = period.Starting, nil }))), want{NotDrained, "is starting"},
		},
		"one vanished": {seen(drained("k3", 3)), want{NotDrained, "has vanished: its row is gone from the store without a trace"}},
		"one vanished after it was silent": {
			seen(expired(-time.Hour, drained("k3", 3))), want{NotDrained, "has vanished: its row is gone from the store without a trace"},
		},
		"one was pruned, a day after it was silent": {seen(expired(-25*time.Hour, drained("k3", 3))), want{Safe, ""}},
		"one that was dead is gone":                 {seen(gone(drained("k3", 3))), want{Safe, ""}},
		"one that had left is gone":                 {seen(tombstone("k3", period.NoteLeft)), want{Safe, ""}},
		"one has a row that is older than one seen before": {
			seen(drained("k1", 1, func(r *period.Row) { r.Seq = 11 })), want{NotDrained, "has sent a newer report than the one in the store"},
		},

		"silent, and not long enough before the write": {
			both(acceptSilent, add(expired(-5*time.Minute-time.Second, drained("k3", 3)))), want{NotDrained, "is silent: dead or cut off, the store cannot tell"},
		},
		"silent before the write, and accepted": {
			both(acceptSilent, add(expired(-8*time.Minute, drained("k3", 3)))), want{Presumed, "was silent before the write, and is accepted"},
		},
		"silent since the write, and old by now": {
			both(acceptSilent, func(f *fleet) { f.b.Read = noonUTC.Add(-time.Hour) }, add(expired(-8*time.Minute, drained("k3", 3)))),
			want{NotDrained, "is silent: dead or cut off, the store cannot tell"},
		},
		"unreadable and silent, and accepted": {
			both(acceptSilent, add(store.Row{Key: "k3", Bytes: []byte("{"), Lease: noonUTC.Add(-8 * time.Minute), Life: store.Expired})),
			want{Presumed, "was silent before the write, and is accepted"},
		},
		"vanished, and accepted for it was silent before": {
			both(acceptSilent, seen(expired(-8*time.Minute, drained("k3", 3)))), want{Presumed, "was silent before the write, and is accepted"},
		},
		"silent, and its policy refuses by now": {
			add(expired(-21*time.Second, drained("k3", 3, refuses))), want{Presumed, "is silent, and refuses by its policy while it cannot read the store"},
		},
		"silent, and its policy will refuse": {
			add(expired(-19*time.Second, drained("k3", 3, refuses))),
			want{NotDrained, "is silent: dead or cut off, the store cannot tell; by its policy it refuses soon"},
		},
		"silent for long, but the write is young": {
			both(func(f *fleet) { f.b.Confirmed = noonUTC.Add(-19 * time.Second) }, add(expired(-time.Hour, drained("k3", 3, refuses)))),
			want{NotDrained, "is silent: dead or cut off, the store cannot tell; by its policy it refuses soon"},
		},
		"silent, its policy refuses, overridden up": {
			add(expired(-time.Hour, drained("k3", 3, refuses, func(r *period.Row) { r.Override = "up" }))),
			want{NotDrained, "is silent: dead or cut off, the store cannot tell"},
		},
		"silent, and its policy has an absurd limit": {
			add(expired(-time.Hour, drained("k3", 3, refuses, func(r *period.Row) { r.MaxStale = 1e300 }))),
			want{NotDrained, "is silent: dead or cut off, the store cannot tell"},
		},
		"a gate that never judged a request, while others have": {
			first(func(r *period.Row) { r.Judged = 0 }),
			want{Presumed, "has never judged a request, while others have: is its gate in the path of requests?"},
		},
		"no gate judged a request yet": {func(f *fleet) {
			for n := range f.set.Rows {
				f.set.Rows[n] = drained(f.set.Rows[n].Key, n, func(r *period.Row) { r.Judged = 0 })
			}
		}, want{Safe, ""}},

		"as many as expected": {func(f *fleet) { f.b.Expect = new(2) }, want{Safe, ""}},
		"fewer than expected": {func(f *fleet) { f.b.Expect = new(3) }, want{NotDrained, "2 of 3 expected processes have drained"}},
		"two gates of one process count once": {
			both(func(f *fleet) { f.b.Expect = new(2) }, first(func(r *period.Row) { r.PID = 2 })), want{NotDrained, "1 of 2 expected processes have drained"},
		},
		"expected to be none, and there are some": {func(f *fleet) { f.b.Expect = new(0) }, want{Safe, ""}},
		"no rows":        {func(f *fleet) { f.set.Rows, f.set.Since = nil, time.Time{} }, want{NoInstance, ""}},
		"only dead ones": {func(f *fleet) { f.set.Rows = []store.Row{gone(drained("k3", 3))} }, want{NoInstance, ""}},
		"only forgotten ones": {
			func(f *fleet) { f.set.Rows = []store.Row{tombstone("k3", "forgotten")} }, want{NoInstance, "was forgotten"},
		},
		"only silent ones": {
			func(f *fleet) { f.set.Rows = []store.Row{expired(-time.Hour, drained("k3", 3))} },
			want{NotDrained, "is silent: dead or cut off, the store cannot tell"},
		},
		"all rows are lost": {
			both(seen(drained("k3", 3)), func(f *fleet) { f.set.Rows, f.set.Since = nil, time.Time{} }),
			want{NotDrained, "the store has lost the list of instances"},
		},
		"the set of rows is young":      {func(f *fleet) { f.set.Since = noonUTC.Add(-15 * time.Second) }, want{NotDrained, "the list of instances is less than 20 s old, and may lack one"}},
		"the set of rows is old enough": {func(f *fleet) { f.set.Since = noonUTC.Add(-20 * time.Second) }, want{Safe, ""}},
		"the set of rows has no age":    {func(f *fleet) { f.set.Since = time.Time{} }, want{NotDrained, "the store has lost the list of instances"}},
		"the set of rows is of a later time": {
			func(f *fleet) { f.set.Since = noonUTC.Add(time.Hour) }, want{NotDrained, "the list of instances is less than 20 s old, and may lack one"},
		},

		"the period was ended":            {edit(func(d *period.Document) { d.Periods = d.Periods[1:] }), want{Superseded, "a is not in force any more"}},
		"the period was disabled":         {edit(func(d *period.Document) { d.Periods[0].Enabled = false }), want{Superseded, "a is not in force any more"}},
		"the period is over by the clock": {edit(func(d *period.Document) { d.Periods[0].End = noonUTC }), want{Superseded, "a is not in force any more"}},
		"another gave the period an end":  {edit(func(d *period.Document) { d.Periods[0].End = noonUTC.Add(time.Hour) }), want{Superseded, "a now ends earlier than was written"}},
		"another gave it an earlier end": {
			both(func(f *fleet) { f.b.Period.End = noonUTC.Add(2 * time.Hour) }, edit(func(d *period.Document) { d.Periods[0].End = noonUTC.Add(time.Hour) })),
			want{Superseded, "a now ends earlier than was written"},
		},
		"another gave it a later end": {
			both(func(f *fleet) { f.b.Period.End = noonUTC.Add(time.Hour) }, edit(func(d *period.Document) { d.Periods[0].End = noonUTC.Add(2 * time.Hour) })),
			want{Safe, ""},
		},
		"another allowed bypasses":   {func(f *fleet) { f.b.Period.Bypass = period.Suspended }, want{Superseded, "a now lets bypassed requests pass"}},
		"another changed its reason": {edit(func(d *period.Document) { d.Periods[0].Reason = "x" }), want{Safe, ""}},

		"edited by hand":     {func(f *fleet) { f.d.Periods[0].Reason = "x" }, want{Unknown, "the document was edited by hand, and instances report no such edit; the next write of a command ends this"}},
		"another document":   {edit(func(d *period.Document) { d.StoreID = "z" }), want{Unknown, "the store holds another document than the one that was written"}},
		"an older document":  {edit(func(d *period.Document) { d.Revision = 6 }), want{Unknown, "the store has lost the write: it holds revision 6, not 7 of this write"}},
		"another write of 7": {edit(func(d *period.Document) { d.Revision = 7 }), want{Unknown, "the store has lost the write: it holds revision 7, not 7 of this write"}},
		"the document is lost": {
			func(f *fleet) { f.set.Blob.Bytes, f.err = nil, store.ErrLost }, want{Unknown, "document is lost"},
		},
		"the store cannot be read": {func(f *fleet) { f.set, f.err = store.Rowset{}, errors.New("connection reset") }, want{Unknown, "connection reset"}},
		"nothing was ever written": {func(f *fleet) { f.err = store.ErrNeverWritten }, want{Unknown, "the store has no document"}},
		"the store tells no time":  {func(f *fleet) { f.set.Blob.Now = time.Time{} }, want{Unknown, "the store did not say what time it is"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := fleet{d: judged(t)}
			f.d.Revision = 8
			f.d.Seal()
			f.b = Barrier{
				Period: f.d.Periods[0], Mark: period.Mark{StoreID: "s", Revision: 7, WriteID: "w7"},
				Read: noonUTC.Add(-3 * time.Minute), Confirmed: noonUTC.Add(-2 * time.Minute),
			}
			f.set.Rows = []store.Row{drained("k1", 1), drained("k2", 2)}
			f.set.Since, f.set.Blob.Now = noonUTC.Add(-time.Hour), noonUTC
			f.set.Blob.Bytes = []byte{}
			tc.change(&f)
			// Rows name the last write of the document.
			for n, r := range f.set.Rows {
				row, err := period.DecodeRow(r.Key, r.Bytes)
				if err == nil && row.Revision == f.d.Revision && row.WriteID == "w" {
					row.WriteID = f.d.WriteID
					f.set.Rows[n].Bytes, err = row.Encode()
					require.NoError(t, err)
				}
			}
			if f.set.Blob.Bytes != nil {
				text, err := f.d.Encode()
				require.NoError(t, err)
				f.set.Blob.Bytes, f.set.Blob.Token = text, store.TokenOf(text)
			}
			j := Judge(f.set, f.err, f.b)
			require.Equal(t, tc.want.result, j.Result, "%+v", j.Which(func(i Instance) bool { return i.Part != Done }))
			others := slices.Concat(j.Holdouts(), j.Accepted())
			why := j.Why
			if why == "" && len(others) > 0 {
				why = others[0].Why
			}
			require.Equal(t, tc.want.why, why)
			require.Equal(t, tc.want.result == Safe, j.Reached(Barrier{}))
			require.Equal(t, tc.want.result == Safe || tc.want.result == NoInstance, j.Reached(Barrier{Expect: new(0)}))
		})
	}
}

// TestSafetyOfAllPeriodsInForce is the judgment of the operator's page, which has made no write.
func TestSafetyOfAllPeriodsInForce(t *testing.T) {
	t.Parallel()
	d := judged(t)
	row := func(ids ...string) store.Row {
		return aRow(t, "k", func(r *period.Row) { r.WriteID, r.Drained = d.WriteID, ids })
	}
	require.Equal(t, Safe, Judge(setOf(t, d, row("a", "b")), nil, Barrier{}).Result)
	require.Equal(t, NotDrained, Judge(setOf(t, d, row("a")), nil, Barrier{}).Result)
	require.Equal(t, NoInstance, Judge(setOf(t, d), nil, Barrier{}).Result)
	d.Periods = d.Periods[2:]
	d.Seal()
	require.Empty(t, Judge(setOf(t, d, row("a")), nil, Barrier{}).Result, "the site is up")
	require.Empty(t, Judge(store.Rowset{}, store.ErrNeverWritten, Barrier{}).Result)
	require.Equal(t, Unknown, Judge(store.Rowset{}, store.ErrLost, Barrier{}).Result)
}

func TestSafetyEndsWithThePeriod(t *testing.T) {
	t.Parallel()
	d := judged(t)
	d.Periods[0].End = noonUTC.Add(time.Hour)
	d.Seal()
	at := func(until time.Duration) time.Time {
		set := setOf(t, d, aRow(t, "k", func(r *period.Row) {
			r.WriteID, r.Drained, r.DrainedUntil = d.WriteID, []string{"a", "b"}, noonUTC.Add(until)
		}))
		return Judge(set, nil, Barrier{Period: d.Periods[0], Mark: d.Mark()}).Until
	}
	require.Equal(t, noonUTC.Add(time.Hour), at(2*time.Hour))
	require.Equal(t, noonUTC.Add(59*time.Minute), at(59*time.Minute), "less the error of the instance's clock")
	set := setOf(t, d, aRow(t, "k", func(r *period.Row) {
		r.WriteID, r.Drained, r.DrainedUntil = d.WriteID, []string{"a", "b"}, noonUTC.Add(time.Hour)
	}))
	require.Zero(t, Judge(set, nil, Barrier{Period: d.Periods[1], Mark: d.Mark()}).Until, "that is the end of another period")
}
