package wire_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

var now = time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)

// at is an instant some hours from now.
func at(hours int) time.Time { return now.Add(time.Duration(hours) * time.Hour) }

func TestStatusOf(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		p       period.Period
		want    string
		overdue bool
	}{
		"a window that is to begin":                 {period.Period{Kind: period.Window, Enabled: true, Start: at(1)}, wire.Upcoming, false},
		"a window that begins now":                  {period.Period{Kind: period.Window, Enabled: true, Start: now, End: at(1)}, wire.InForce, false},
		"a window that ends now":                    {period.Period{Kind: period.Window, Enabled: true, Start: at(-1), End: now}, wire.Finished, false},
		"a window that is disabled":                 {period.Period{Kind: period.Window, Start: at(-1)}, wire.Disabled, false},
		"a window that is disabled and over":        {period.Period{Kind: period.Window, Start: at(-2), End: at(-1)}, wire.Finished, false},
		"a deployment that a slow clock has begun":  {period.Period{Kind: period.Deployment, Enabled: true, Start: at(1)}, wire.InForce, false},
		"a deployment after its expected end":       {period.Period{Kind: period.Deployment, Enabled: true, Start: at(-2), ExpectedEnd: at(-1)}, wire.InForce, true},
		"a disabled period after its expected end":  {period.Period{Kind: period.Window, Start: at(-2), ExpectedEnd: at(-1)}, wire.Disabled, false},
		"a deployment that has ended automatically": {period.Period{Kind: period.Deployment, Enabled: true, Start: at(-2), End: at(-1)}, wire.Finished, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := wire.PeriodAt(tt.p, now)
			require.Equal(t, wire.Period{Period: tt.p, Status: tt.want, Overdue: tt.overdue}, got)
		})
	}
}

func TestListsAreNeverNull(t *testing.T) {
	t.Parallel()
	nothing := wire.Found{State: operator.State{Time: now}, Store: "memory"}
	rows := []store.Row{{Key: "x", Bytes: []byte(`{"id":"x","state":"open"}`), Life: store.Live}, {Key: "y", Life: store.Deleted}, {Key: "z", Life: store.Live}}
	for name, v := range map[string]any{
		"state": nothing.JSON(), "list": nothing.List(), "log": wire.LogOf(memstore.New(), nil), "ended": wire.EndedAt(nil, now),
		"fleet":    wire.FleetOf(memstore.New(), operator.Judge(store.Rowset{Rows: rows}, store.ErrNeverWritten, operator.Barrier{})),
		"no fleet": wire.FleetOf(memstore.New(), operator.Judgment{}),
	} {
		b, err := json.Marshal(v)
		require.NoError(t, err)
		require.NotContains(t, string(b), "null", name)
	}
	b, err := json.Marshal(wire.Result{Ended: wire.EndedAt(nil, now)})
	require.NoError(t, err)
	require.Contains(t, string(b), `"ended":[]`)
}

func TestEndedPeriodsSaySo(t *testing.T) {
	t.Parallel()
	p := period.Period{ID: "p", Kind: period.Deployment, Enabled: true, Start: at(-2), ExpectedEnd: at(-1)}
	require.Equal(t, []wire.Period{{Period: p, Status: wire.Ended, Overdue: true}}, wire.EndedAt([]period.Period{p}, now))
}

func TestSortedIsInForceUpcomingDisabledFinishedAndByStart(t *testing.T) {
	t.Parallel()
	f := wire.Found{State: operator.State{Time: now, Document: &period.Document{Periods: []period.Period{
		{ID: "over", Kind: period.Window, Enabled: true, Start: at(-9), End: at(-8)},
		{ID: "off", Kind: period.Window, Start: at(-7)},
		{ID: "later", Kind: period.Window, Enabled: true, Start: at(2)},
		{ID: "soon", Kind: period.Window, Enabled: true, Start: at(1)},
		{ID: "down", Kind: period.Deployment, Enabled: true, Start: at(-1)},
		{ID: "longer", Kind: period.Window, Enabled: true, Start: at(-3), End: at(3)},
	}}}}
	ids := func(ps []period.Period) (out []string) {
		for _, p := range ps {
			out = append(out, p.ID)
		}
		return out
	}
	require.Equal(t, []string{"longer", "down", "soon", "later", "off", "over"}, ids(f.Sorted()))
	require.Equal(t, []string{"soon", "later"}, ids(f.Upcoming()))
	s := f.JSON()
	require.Equal(t, wire.Down, s.State)
	require.Equal(t, at(-3), s.Since)
	require.Equal(t, at(1), s.Next)
	require.True(t, s.Written)
	require.True(t, s.HandEdited, "it was made by hand")
	require.Len(t, f.List().Periods, 6)
}

func TestFleet(t *testing.T) {
	t.Parallel()
	doc := &period.Document{Format: period.Format, StoreID: "s", Revision: 7, CloseRev: 5, Periods: []period.Period{
		{ID: "p", Kind: period.Deployment, Enabled: true, Start: at(-1), Version: 1},
	}}
	doc.Seal()
	text, err := doc.Encode()
	require.NoError(t, err)
	row := func(id string, change func(i *period.Row, r *store.Row)) store.Row {
		i := period.Row{ID: id, State: period.Open, StoreID: "s", Revision: 7, WriteID: doc.WriteID, Rules: "r"}
		r := store.Row{Key: id, Seen: now.Add(-90 * time.Second), Lease: at(1), Life: store.Live}
		change(&i, &r)
		if r.Err == nil && r.Life != store.Deleted {
			r.Bytes, err = i.Encode()
			require.NoError(t, err)
		}
		return r
	}
	type words struct {
		life, document string
		state          period.RowState
		drains         []string
	}
	none := []string{}
	rows := map[string]struct {
		row  store.Row
		want words
	}{
		"open":      {row("open", func(*period.Row, *store.Row) {}), words{wire.Live, "current", period.Open, none}},
		"closed":    {row("closed", func(i *period.Row, _ *store.Row) { i.State = period.Closed }), words{wire.Live, "current", period.Closed, none}},
		"drained":   {row("drained", func(i *period.Row, _ *store.Row) { i.State, i.Drained = period.Closed, []string{"p", "old"} }), words{wire.Live, "current", period.Closed, []string{"p"}}},
		"behind":    {row("behind", func(i *period.Row, _ *store.Row) { i.Revision, i.WriteID = 6, "v" }), words{wire.Live, "behind", period.Open, none}},
		"ahead":     {row("ahead", func(i *period.Row, _ *store.Row) { i.Revision, i.WriteID = 8, "x" }), words{wire.Live, "ahead", period.Open, none}},
		"write":     {row("write", func(i *period.Row, _ *store.Row) { i.WriteID = "y" }), words{wire.Live, "other", period.Open, none}},
		"document":  {row("document", func(i *period.Row, _ *store.Row) { i.StoreID, i.Revision = "other", 3 }), words{wire.Live, "other", period.Open, none}},
		"nothing":   {row("nothing", func(i *period.Row, _ *store.Row) { i.StoreID, i.Revision, i.WriteID = "", 0, "" }), words{wire.Live, "none", period.Open, none}},
		"silent":    {row("silent", func(i *period.Row, r *store.Row) { r.Life, i.Rules = store.Expired, "q" }), words{wire.Silent, "current", period.Open, none}},
		"dead":      {row("dead", func(_ *period.Row, r *store.Row) { r.Life = store.Gone }), words{wire.Dead, "current", period.Open, none}},
		"left":      {row("left", func(_ *period.Row, r *store.Row) { r.Life, r.Note = store.Deleted, []byte("shut down") }), words{wire.Left, "none", "", none}},
		"damaged":   {row("damaged", func(_ *period.Row, r *store.Row) { r.Life, r.Err = store.Expired, errors.New("checksum") }), words{wire.Silent, "none", "", none}},
		"fastclock": {row("fastclock", func(_ *period.Row, r *store.Row) { r.Seen = at(1) }), words{wire.Live, "current", period.Open, none}},
	}
	set := store.Rowset{Blob: store.Blob{Token: store.TokenOf(text), Bytes: text, Now: now}, Since: at(-5)}
	for _, r := range rows {
		set.Rows = append(set.Rows, r.row)
	}
	f := wire.FleetOf(shared{memstore.New()}, operator.Judge(set, nil, operator.Barrier{}))
	require.Len(t, f.Instances, len(rows))
	for _, i := range f.Instances {
		require.Equal(t, rows[i.ID].want, words{i.Life, i.Document, i.State, i.Drains}, i.ID)
		require.Equal(t, map[bool]int64{false: 90, true: 0}[i.ID == "fastclock"], i.Age, "seconds since the last report, never negative")
		require.Equal(t, map[string]string{"left": "shut down"}[i.ID], i.Note)
		require.Equal(t, map[string]string{"damaged": "checksum"}[i.ID], i.Error)
	}
	require.Equal(t, &wire.Counts{Instances: 12, Live: 9, Silent: 2, Dead: 1, Open: 7, Refusing: 1, Drained: 1, Current: 4, Disagree: 7}, f.Fleet)
	require.Equal(t, map[string]int{"r": 9, "q": 1}, f.Rules, "without the dead, and those whose rules are not known")
	require.Equal(t, "not-drained", f.Barrier.Result)
	require.Contains(t, f.Barrier.Summary, "not drained: waiting for ")
	require.Len(t, f.Barrier.Accepted, 1, "forgotten: its note is not that of a gate")
	require.Equal(t, wire.Fleet{
		Store: "memory", Application: "shop", Time: now, Written: true, StoreID: "s", Revision: 7, WriteID: doc.WriteID, Since: at(-5),
		Instances: f.Instances, Fleet: f.Fleet, Barrier: f.Barrier, Rules: f.Rules,
	}, f)
}

// TestARowKeepsItsMembers checks that the judged members do not hide those that the instance
// reported.
func TestARowKeepsItsMembers(t *testing.T) {
	t.Parallel()
	set := store.Rowset{Rows: []store.Row{{Key: "k", Bytes: []byte(`{"id":"k","state":"closed","drained":["p"],"in_flight":3}`), Life: store.Live}}}
	b, err := json.Marshal(wire.FleetOf(memstore.New(), operator.Judge(set, store.ErrLost, operator.Barrier{})).Instances[0])
	require.NoError(t, err)
	var members map[string]any
	require.NoError(t, json.Unmarshal(b, &members))
	require.Equal(t, "closed", members["state"])
	require.Equal(t, []any{"p"}, members["drained"], "reported")
	require.Equal(t, []any{}, members["drained_now"], "not so for a document that is lost")
	require.EqualValues(t, 3, members["in_flight"])
	require.Equal(t, "none", members["document"])
}

func TestReadNamesTheApplicationOfAStoreThatHasOne(t *testing.T) {
	t.Parallel()
	require.Empty(t, wire.Read(memstore.New(), operator.State{Time: now}).Application)
	f := wire.Read(shared{memstore.New()}, operator.State{Time: now})
	require.Equal(t, "shop", f.JSON().Application)
	require.Equal(t, now, f.Time)
}

type shared struct{ *memstore.Store }

func (s shared) Info() store.Info {
	info := s.Store.Info()
	info.Application = "shop"
	return info
}
