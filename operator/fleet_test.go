package operator

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// judged returns a document at revision 7 with close_rev 6. The periods "a" and "b" are in force,
// and the window "c" is in the future.
func judged(t testing.TB) *period.Document {
	t.Helper()
	d := &period.Document{
		Format: period.Format, StoreID: "s", Revision: 7, CloseRev: 6,
		Periods: []period.Period{aDeployment("a", "x"), aDeployment("b", "y"), aWindow("c", noonUTC.Add(time.Hour), noonUTC.Add(2*time.Hour))},
	}
	d.Seal()
	return d
}

func setOf(t testing.TB, d *period.Document, rows ...store.Row) store.Rowset {
	t.Helper()
	text, err := d.Encode()
	require.NoError(t, err)
	return store.Rowset{Blob: store.Blob{Token: store.TokenOf(text), Bytes: text, Now: noonUTC}, Rows: rows, Since: noonUTC.Add(-time.Hour)}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	d := judged(t)
	both := []string{"a", "b"}
	// row returns a row that has drained both periods.
	row := func(change func(r *period.Row)) store.Row {
		return aRow(t, "k", func(r *period.Row) {
			r.WriteID, r.Drained = d.WriteID, both
			if change != nil {
				change(r)
			}
		})
	}
	living := func(life store.Life, r store.Row) store.Row { r.Life = life; return r }
	type want struct {
		life     store.Life
		standing Standing
		is       string // "serves", "refuses", "silent" or ""
		drained  []string
	}
	for name, tc := range map[string]struct {
		row  store.Row
		want want
	}{
		"drained":                          {row(nil), want{store.Live, Current, "refuses", both}},
		"drained of one period":            {row(func(r *period.Row) { r.Drained = []string{"b", "old"} }), want{store.Live, Current, "refuses", []string{"b"}}},
		"drained of one, named twice":      {row(func(r *period.Row) { r.Drained = []string{"b", "b"} }), want{store.Live, Current, "refuses", []string{"b"}}},
		"refusing":                         {row(func(r *period.Row) { r.Drained = nil }), want{store.Live, Current, "refuses", nil}},
		"serving":                          {row(func(r *period.Row) { r.State, r.Drained = period.Open, nil }), want{store.Live, Current, "serves", nil}},
		"serving, and says drained":        {row(func(r *period.Row) { r.State = period.Open }), want{store.Live, Current, "serves", nil}},
		"starting, and says drained":       {row(func(r *period.Row) { r.State = period.Starting }), want{store.Live, Current, "refuses", nil}},
		"leaving":                          {row(func(r *period.Row) { r.State = period.Leaving }), want{store.Live, Current, "refuses", both}},
		"drained until a time ahead":       {row(func(r *period.Row) { r.DrainedUntil = noonUTC.Add(1e3) }), want{store.Live, Current, "refuses", both}},
		"drained until now":                {row(func(r *period.Row) { r.DrainedUntil = noonUTC }), want{store.Live, Current, "refuses", nil}},
		"regressed":                        {row(func(r *period.Row) { r.Regressed = true }), want{store.Live, Current, "refuses", nil}},
		"overridden up":                    {row(func(r *period.Row) { r.Override = "up" }), want{store.Live, Current, "refuses", nil}},
		"overridden down":                  {row(func(r *period.Row) { r.Override = "down" }), want{store.Live, Current, "refuses", both}},
		"at the closing revision":          {row(func(r *period.Row) { r.Revision, r.WriteID = 6, "w" }), want{store.Live, Behind, "refuses", both}},
		"before the closing revision":      {row(func(r *period.Row) { r.Revision, r.WriteID = 5, "w" }), want{store.Live, Behind, "refuses", nil}},
		"another write of the revision":    {row(func(r *period.Row) { r.WriteID = "w" }), want{store.Live, Different, "refuses", nil}},
		"ahead of the store":               {row(func(r *period.Row) { r.Revision = 8 }), want{store.Live, Ahead, "refuses", nil}},
		"another document":                 {row(func(r *period.Row) { r.StoreID = "z" }), want{store.Live, Different, "refuses", nil}},
		"no document":                      {row(func(r *period.Row) { r.StoreID, r.Revision, r.WriteID = "", 0, "" }), want{store.Live, Without, "refuses", nil}},
		"silent":                           {living(store.Expired, row(nil)), want{store.Expired, Current, "silent", nil}},
		"dead":                             {living(store.Gone, row(nil)), want{store.Gone, Current, "", nil}},
		"left":                             {store.Row{Key: "k", Note: []byte("left"), Life: store.Deleted}, want{store.Deleted, Without, "", nil}},
		"a row that is no JSON":            {store.Row{Key: "k", Bytes: []byte("{"), Life: store.Live}, want{store.Expired, Without, "silent", nil}},
		"the row of another key":           {store.Row{Key: "k", Bytes: aRow(t, "l", nil).Bytes, Life: store.Live}, want{store.Expired, Without, "silent", nil}},
		"a state that is not known":        {row(func(r *period.Row) { r.State = "holding" }), want{store.Expired, Without, "silent", nil}},
		"no state":                         {row(func(r *period.Row) { r.State = "" }), want{store.Expired, Without, "silent", nil}},
		"a row that the store cannot read": {store.Row{Key: "k", Err: errors.New("corrupt"), Life: store.Expired}, want{store.Expired, Without, "silent", nil}},
		"an unreadable row of the dead":    {store.Row{Key: "k", Bytes: []byte("{"), Life: store.Gone}, want{store.Gone, Without, "", nil}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := Judge(setOf(t, d, tc.row), nil, Barrier{})
			require.NoError(t, j.Err)
			require.Equal(t, both, j.Periods)
			require.Equal(t, noonUTC.Add(-time.Hour), j.Since)
			require.Len(t, j.Instances, 1)
			i := j.Instances[0]
			require.Equal(t, "k", i.ID)
			require.Equal(t, tc.row.Seen, i.Seen)
			require.Equal(t, tc.row.Lease, i.Lease)
			require.Equal(t, string(tc.row.Note), i.Note)
			require.Equal(t, tc.want.standing, i.Standing)
			require.Equal(t, tc.want.life, i.Life)
			require.Equal(t, tc.want.is == "serves", i.Serves())
			require.Equal(t, tc.want.is == "refuses", i.Refuses())
			require.Equal(t, tc.want.is == "silent", i.Silent())
			require.Equal(t, tc.want.life == store.Live, i.Live())
			require.NotNil(t, i.Drained)
			require.ElementsMatch(t, tc.want.drained, i.Drained)
			require.Equal(t, len(tc.want.drained) == 2, j.IsDrained(i))
			require.Equal(t, tc.row.Err != nil || tc.row.Life != store.Deleted && i.Host == "", i.Err != nil)
		})
	}
}

func TestJudgeByOnePeriod(t *testing.T) {
	t.Parallel()
	d := judged(t)
	row := aRow(t, "k", func(r *period.Row) { r.WriteID, r.Drained = d.WriteID, []string{"b"} })
	for id, want := range map[string]bool{"a": false, "b": true, "c": false, "zzz": false} {
		j := Judge(setOf(t, d, row), nil, Barrier{Period: period.Period{ID: id}})
		require.Equal(t, []string{id}, j.Periods)
		require.Equal(t, want, j.IsDrained(j.Instances[0]), id)
	}
	up := judged(t)
	up.Periods = nil
	up.Seal()
	j := Judge(setOf(t, up, row), nil, Barrier{})
	require.Empty(t, j.Periods)
	require.False(t, j.IsDrained(j.Instances[0]), "there is no period to drain")
}

func TestJudgeOfAFileMadeByHand(t *testing.T) {
	t.Parallel()
	d := &period.Document{Format: period.Format, Periods: []period.Period{aDeployment("a", "x")}}
	j := Judge(setOf(t, d, aRow(t, "k", func(r *period.Row) { r.StoreID, r.Revision, r.WriteID, r.Drained = "", 0, "", []string{"a"} })), nil, Barrier{})
	require.True(t, j.IsDrained(j.Instances[0]))
}

func TestInstancesAreOrderedByHostPIDAndID(t *testing.T) {
	t.Parallel()
	row := func(key, host string, pid int) store.Row {
		return aRow(t, key, func(r *period.Row) { r.Host, r.PID = host, pid })
	}
	j := Judge(setOf(t, judged(t), row("e", "b", 2), row("d", "b", 10), row("c", "a", 30), row("b", "b", 2), store.Row{Key: "a", Bytes: []byte("{"), Life: store.Live}), nil, Barrier{})
	var ids []string
	for _, i := range j.Instances {
		ids = append(ids, i.ID)
	}
	require.Equal(t, []string{"a", "c", "b", "e", "d"}, ids, "an unreadable row hides no other")
	require.Len(t, j.Which(Instance.Silent), 1)
	require.Len(t, j.Which(Instance.Live), 4)
	require.Len(t, j.Instances, 5)
}

func TestJudgeWithoutADocument(t *testing.T) {
	t.Parallel()
	row := aRow(t, "k", func(r *period.Row) { r.Drained = []string{"a"} })
	broken := errors.New("connection reset")
	for name, tc := range map[string]struct {
		text string
		err  error
		want error
	}{
		"never written":          {"", store.ErrNeverWritten, nil},
		"lost":                   {"", store.ErrLost, store.ErrLost},
		"tampered":               {"", store.ErrTampered, store.ErrTampered},
		"unreadable":             {"{", nil, ErrUnreadable},
		"a store that is broken": {"", broken, broken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := store.Rowset{Blob: store.Blob{Now: noonUTC}, Rows: []store.Row{row}}
			if tc.text != "" {
				set.Blob.Bytes, set.Blob.Token = []byte(tc.text), store.TokenOf([]byte(tc.text))
			}
			for _, id := range []string{"", "a"} {
				j := Judge(set, tc.err, Barrier{Period: period.Period{ID: id}})
				require.ErrorIs(t, j.Err, tc.want)
				require.Nil(t, j.Document)
				require.Equal(t, noonUTC, j.Time)
				require.Len(t, j.Instances, 1)
				require.Equal(t, Different, j.Instances[0].Standing)
				require.Equal(t, []string{}, j.Instances[0].Drained)
				require.True(t, j.Instances[0].Refuses())
			}
		})
	}
	require.Empty(t, Judge(store.Rowset{}, store.ErrNeverWritten, Barrier{}).Instances)
}

func TestFleet(t *testing.T) {
	t.Parallel()
	_, err := on(storeAt(noonUTC)).Fleet(t.Context())
	require.ErrorIs(t, err, ErrNoRows)

	st := &trialFleet{trialStore: storeAt(noonUTC, aDeployment("a", "x")), rows: []store.Row{aRow(t, "k", nil)}}
	j, err := on(st).Fleet(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"a"}, j.Periods)
	require.Len(t, j.Instances, 1)

	st.text, st.gone = nil, store.ErrLost
	j, err = on(st).Fleet(t.Context())
	require.NoError(t, err)
	require.ErrorIs(t, j.Err, store.ErrLost)
	require.Len(t, j.Instances, 1)

	st.gone = store.ErrTampered
	j, err = on(st).Fleet(t.Context())
	require.NoError(t, err)
	fault, ok := errors.AsType[*StoreError](j.Err)
	require.True(t, ok)
	require.Equal(t, store.ErrTampered, fault.Err)

	st.list = errors.New("connection reset")
	_, err = on(st).Fleet(t.Context())
	fault, ok = errors.AsType[*StoreError](err)
	require.True(t, ok)
	require.Equal(t, st.list, fault.Err)
}

// FuzzJudge checks that no row is lost, that only a live instance that refuses has drained a
// period, and that it has named this period itself.
func FuzzJudge(f *testing.F) {
	good := aRow(f, "k", func(r *period.Row) { r.Drained = []string{"a", "b"}; r.Revision = 6 })
	f.Add(good.Bytes, uint8(store.Live), "")
	f.Add(good.Bytes, uint8(store.Expired), "a")
	f.Add([]byte(`{"id":"k","state":"closed","drained":["a"],"store_id":"s","revision":6,"drained_until":"2026-03-08T12:00:00Z"}`), uint8(store.Live), "a")
	f.Add([]byte("{"), uint8(store.Deleted), "")
	f.Fuzz(func(t *testing.T, b []byte, life uint8, id string) {
		d := judged(t)
		other := aRow(t, "other", nil)
		j := Judge(setOf(t, d, store.Row{Key: "k", Bytes: b, Life: store.Life(life)}, other), nil, Barrier{Period: period.Period{ID: id}})
		require.Len(t, j.Instances, 2)
		i := j.Instances[slices.IndexFunc(j.Instances, func(i Instance) bool { return i.ID == "k" })]
		if len(i.Drained) == 0 {
			require.False(t, j.IsDrained(i))
			return
		}
		require.True(t, i.Refuses())
		require.NoError(t, i.Err)
		var raw period.Row
		require.NoError(t, json.Unmarshal(b, &raw))
		require.Subset(t, raw.Drained, i.Drained)
		require.Subset(t, j.Periods, i.Drained)
		require.Equal(t, d.StoreID, raw.StoreID)
		require.GreaterOrEqual(t, raw.Revision, d.CloseRev)
		require.LessOrEqual(t, raw.Revision, d.Revision)
	})
}

// BenchmarkJudge judges a row that has drained every period. A row of 64 KiB names so many.
func BenchmarkJudge(b *testing.B) {
	for _, n := range []int{1000, 4000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			d := &period.Document{Format: period.Format, StoreID: "s", Revision: 1, CloseRev: 1}
			for i := range n {
				d.Periods = append(d.Periods, aDeployment("p"+strconv.Itoa(i), "x"))
			}
			d.Seal()
			set := setOf(b, d, aRow(b, "k", func(r *period.Row) {
				r.Revision, r.WriteID = 1, d.WriteID
				for _, p := range d.Periods {
					r.Drained = append(r.Drained, p.ID)
				}
			}))
			for b.Loop() {
				if j := Judge(set, nil, Barrier{}); !j.IsDrained(j.Instances[0]) {
					b.Fatal("not drained")
				}
			}
		})
	}
}

func TestDisagreement(t *testing.T) {
	t.Parallel()
	down := judged(t)
	up := &period.Document{Format: period.Format, StoreID: "s", Revision: 7, Periods: []period.Period{}}
	up.Seal()
	// row returns a row of an instance on host web1 that has adopted d.
	row := func(d *period.Document, key string, pid int, change func(r *period.Row)) store.Row {
		return aRow(t, key, func(r *period.Row) {
			r.Host, r.PID, r.WriteID = "web1", pid, d.WriteID
			change(r)
		})
	}
	open := func(r *period.Row) { r.State = period.Open }
	closed := func(r *period.Row) { r.State, r.Cause = period.Closed, "period" }
	with := func(changes ...func(r *period.Row)) func(r *period.Row) {
		return func(r *period.Row) {
			for _, change := range changes {
				change(r)
			}
		}
	}
	silent := func(r store.Row) store.Row { r.Life = store.Expired; return r }
	seen := func(at time.Time, r store.Row) store.Row { r.Seen = at; return r }
	for name, tc := range map[string]struct {
		d    *period.Document
		rows []store.Row
		want string
		why  Disagreement
	}{
		"all refuse while down": {down, []store.Row{row(down, "a", 1, closed)}, "", ""},
		"all serve while up":    {up, []store.Row{row(up, "a", 1, open)}, "", ""},
		"overridden up": {down, []store.Row{
			row(down, "a", 1, with(open, func(r *period.Row) { r.Override = "up" })),
			row(down, "b", 2, with(closed, func(r *period.Row) { r.Host = "web2" })),
		}, "1 of 2 instances serves: host web1 (override up)", ByOverride},
		"overridden down": {up, []store.Row{
			row(up, "a", 1, with(closed, func(r *period.Row) { r.Override = "down" })), row(up, "b", 2, open),
		}, "1 of 2 instances refuses: host web1 process 1 (override down)", ByOverride},
		"cannot read the store": {
			down,
			[]store.Row{row(down, "a", 1, with(open, func(r *period.Row) { r.Problem = "EACCES" }))},
			"1 of 1 instance serves: host web1 (cannot read the store)", ByStore,
		},
		"has lost the store": {
			up,
			[]store.Row{row(up, "a", 1, with(closed, func(r *period.Row) { r.Cause = "store-lost" }))},
			"1 of 1 instance refuses: host web1 (cannot read the store)", ByStore,
		},
		"regressed": {
			up,
			[]store.Row{row(up, "a", 1, with(closed, func(r *period.Row) { r.Regressed = true }))},
			"1 of 1 instance refuses: host web1 (has seen another document)", ByRegression,
		},
		"starting": {
			up,
			[]store.Row{row(up, "a", 1, func(r *period.Row) { *r = period.Row{ID: r.ID, Host: "h", State: period.Starting} })},
			"1 of 1 instance refuses: host h (is starting)", ByStart,
		},
		"behind": {
			down,
			[]store.Row{row(down, "a", 1, with(open, func(r *period.Row) { r.Revision = 6 }))},
			"1 of 1 instance serves: host web1 (has read revision 6, not 7)", ByDelay,
		},
		"before the edge of a window": {
			down,
			[]store.Row{seen(noonUTC, row(down, "a", 1, open))},
			"1 of 1 instance serves: host web1 (has not reported the change yet)", ByDelay,
		},
		"cut off before the end of a window": {
			up,
			[]store.Row{seen(noonUTC.Add(-42500*time.Millisecond), row(up, "a", 1, closed))},
			"1 of 1 instance refuses: host web1 (has not reported the change yet, last report 42s ago)", ByDelay,
		},
		"leaving":             {up, []store.Row{row(up, "a", 1, func(r *period.Row) { r.State = period.Leaving })}, "", ""},
		"silent":              {down, []store.Row{silent(row(down, "a", 1, open))}, "", ""},
		"starting while down": {down, []store.Row{row(down, "a", 1, func(r *period.Row) { r.State = period.Starting })}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := Judge(setOf(t, tc.d, tc.rows...), nil, Barrier{})
			require.Equal(t, tc.want, j.Disagreement())
			require.Equal(t, tc.why, j.Instances[0].Disagrees)
		})
	}
	t.Run("of many, three are named", func(t *testing.T) {
		t.Parallel()
		var rows []store.Row
		for n := range 5 {
			rows = append(rows, row(down, strconv.Itoa(n), n, with(open, func(r *period.Row) { r.Host, r.Override = "h"+strconv.Itoa(n), "up" })))
		}
		require.Equal(t, "5 of 5 instances serve: host h0 (override up), host h1 (override up), host h2 (override up), and 2 more",
			Judge(setOf(t, down, rows...), nil, Barrier{}).Disagreement())
	})
	t.Run("a lost document says nothing", func(t *testing.T) {
		t.Parallel()
		j := Judge(store.Rowset{Rows: []store.Row{row(down, "a", 1, closed)}}, store.ErrLost, Barrier{})
		require.Empty(t, j.Disagreement())
	})
}

func TestOutdated(t *testing.T) {
	t.Parallel()
	// until returns a document with a window that ended, and one that began half a minute ago.
	until := func(end time.Duration) func(t testing.TB) *period.Document {
		return func(testing.TB) *period.Document {
			d := &period.Document{Format: period.Format, StoreID: "s", Revision: 7, CloseRev: 7, Periods: []period.Period{
				aWindow("over", noonUTC.Add(-time.Hour), noonUTC.Add(end)),
				aWindow("now", noonUTC.Add(-30*time.Second), noonUTC.Add(time.Hour)),
			}}
			d.Seal()
			return d
		}
	}
	windows, joined := until(-time.Minute), until(-30*time.Second)
	for name, tc := range map[string]struct {
		d      func(t testing.TB) *period.Document
		seen   time.Duration // before noon
		change func(r *period.Row)
		want   bool
	}{
		"reported before the gap":              {windows, 50 * time.Second, nil, true},
		"reported before the end of the first": {windows, 70 * time.Second, func(r *period.Row) { r.Drained = []string{"over"} }, true},
		"reported since":                       {windows, 20 * time.Second, nil, false},
		"the windows adjoin":                   {joined, 50 * time.Second, nil, false},
		"a deployment":                         {judged, 50 * time.Second, nil, false},
		"held down":                            {windows, 50 * time.Second, func(r *period.Row) { r.Override, r.Cause = "down", "override" }, false},
		"starting":                             {windows, 50 * time.Second, func(r *period.Row) { r.State, r.Cause = period.Starting, "starting" }, false},
		"regressed":                            {windows, 50 * time.Second, func(r *period.Row) { r.Regressed = true }, false},
		"serves":                               {windows, 50 * time.Second, func(r *period.Row) { r.State, r.Cause = period.Open, "" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row := aRow(t, "k", func(r *period.Row) {
				r.Cause = "period"
				if tc.change != nil {
					tc.change(r)
				}
			})
			row.Seen = noonUTC.Add(-tc.seen)
			require.Equal(t, tc.want, Judge(setOf(t, tc.d(t), row), nil, Barrier{}).Instances[0].Outdated)
		})
	}
	row := aRow(t, "k", func(r *period.Row) { r.Cause = "period" })
	row.Seen, row.Life = noonUTC.Add(-50*time.Second), store.Expired
	require.False(t, Judge(setOf(t, windows(t), row), nil, Barrier{}).Instances[0].Outdated, "it is silent")
}
