package wire_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/core/wire"
	"github.com/go-downtime/downtime/stores/memstore"
)

var now = time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)

// at is an instant some hours from now.
func at(hours int) time.Time { return now.Add(time.Duration(hours) * time.Hour) }

func TestStatusOf(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		p       core.Period
		want    string
		overdue bool
	}{
		"a window that is to begin":                 {core.Period{Kind: core.Window, Enabled: true, Start: at(1)}, wire.Upcoming, false},
		"a window that begins now":                  {core.Period{Kind: core.Window, Enabled: true, Start: now, End: at(1)}, wire.InForce, false},
		"a window that ends now":                    {core.Period{Kind: core.Window, Enabled: true, Start: at(-1), End: now}, wire.Finished, false},
		"a window that is disabled":                 {core.Period{Kind: core.Window, Start: at(-1)}, wire.Disabled, false},
		"a window that is disabled and over":        {core.Period{Kind: core.Window, Start: at(-2), End: at(-1)}, wire.Finished, false},
		"a deployment that a slow clock has begun":  {core.Period{Kind: core.Deployment, Enabled: true, Start: at(1)}, wire.InForce, false},
		"a deployment after its expected end":       {core.Period{Kind: core.Deployment, Enabled: true, Start: at(-2), ExpectedEnd: at(-1)}, wire.InForce, true},
		"a disabled period after its expected end":  {core.Period{Kind: core.Window, Start: at(-2), ExpectedEnd: at(-1)}, wire.Disabled, false},
		"a deployment that has ended automatically": {core.Period{Kind: core.Deployment, Enabled: true, Start: at(-2), End: at(-1)}, wire.Finished, false},
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
	nothing := wire.Found{Store: "memory", Time: now}
	for name, v := range map[string]any{
		"state": nothing.State(), "list": nothing.List(), "fleet": nothing.Fleet([]core.Instance{{ID: "x"}}),
		"log": wire.LogOf(memstore.New(), nil), "result": wire.Result{Ended: wire.EndedAt(nil, now)},
	} {
		b, err := json.Marshal(v)
		require.NoError(t, err)
		if name == "result" {
			require.Contains(t, string(b), `"ended":[]`)
			b, err = json.Marshal(v.(wire.Result).Ended)
			require.NoError(t, err)
		}
		require.NotContains(t, string(b), "null", name)
	}
}

func TestSortedIsInForceUpcomingDisabledFinishedAndByStart(t *testing.T) {
	t.Parallel()
	f := wire.Found{Time: now, Document: &core.Document{Periods: []core.Period{
		{ID: "over", Kind: core.Window, Enabled: true, Start: at(-9), End: at(-8)},
		{ID: "off", Kind: core.Window, Start: at(-7)},
		{ID: "later", Kind: core.Window, Enabled: true, Start: at(2)},
		{ID: "soon", Kind: core.Window, Enabled: true, Start: at(1)},
		{ID: "down", Kind: core.Deployment, Enabled: true, Start: at(-1)},
		{ID: "longer", Kind: core.Window, Enabled: true, Start: at(-3), End: at(3)},
	}}}
	ids := func(ps []core.Period) (out []string) {
		for _, p := range ps {
			out = append(out, p.ID)
		}
		return out
	}
	require.Equal(t, []string{"longer", "down", "soon", "later", "off", "over"}, ids(f.Sorted()))
	require.Equal(t, []string{"soon", "later"}, ids(f.Upcoming()))
	s := f.State()
	require.Equal(t, wire.Down, s.State)
	require.Equal(t, at(-3), s.Since)
	require.Equal(t, at(1), s.Next)
	require.True(t, s.Written)
	require.True(t, s.HandEdited, "no write has written it")
	require.Len(t, f.List().Periods, 6)
}

func TestFleet(t *testing.T) {
	t.Parallel()
	doc := &core.Document{StoreID: "s", Revision: 7, WriteID: "w"}
	row := func(id string, change func(i *core.Instance)) core.Instance {
		i := core.Instance{ID: id, Open: true, StoreID: "s", Revision: 7, WriteID: "w", Rules: "r", Refuses: []string{}, Seen: now.Add(-90 * time.Second), Lease: at(1)}
		change(&i)
		return i
	}
	type words struct{ life, state, document string }
	rows := []core.Instance{
		row("open", func(*core.Instance) {}),
		row("closed", func(i *core.Instance) { i.Open = false }),
		row("drained", func(i *core.Instance) { i.Open, i.Drained = false, true }),
		row("behind", func(i *core.Instance) { i.Revision, i.WriteID = 6, "v" }),
		row("ahead", func(i *core.Instance) { i.Revision, i.WriteID = 8, "x" }),
		row("of another write", func(i *core.Instance) { i.WriteID = "y" }),
		row("of another document", func(i *core.Instance) { i.StoreID, i.Revision = "other", 3 }),
		row("of none", func(i *core.Instance) { i.StoreID, i.Revision, i.WriteID = "", 0, "" }),
		row("silent", func(i *core.Instance) { i.Lease = now; i.Rules = "q" }),
		row("dead", func(i *core.Instance) { i.Dead = true }),
		row("of a fast clock", func(i *core.Instance) { i.Seen = at(1) }),
	}
	want := map[string]words{
		"open": {wire.Live, wire.Open, wire.Current}, "closed": {wire.Live, wire.Refusing, wire.Current}, "drained": {wire.Live, wire.Drained, wire.Current},
		"behind": {wire.Live, wire.Open, wire.Behind}, "ahead": {wire.Live, wire.Open, wire.Ahead},
		"of another write": {wire.Live, wire.Open, wire.Other}, "of another document": {wire.Live, wire.Open, wire.Other}, "of none": {wire.Live, wire.Open, wire.None},
		"silent": {wire.Silent, wire.Open, wire.Current}, "dead": {wire.Dead, wire.Open, wire.Current}, "of a fast clock": {wire.Live, wire.Open, wire.Current},
	}
	f := wire.Found{Store: "memory", Application: "shop", Time: now, Document: doc}.Fleet(rows)
	for _, i := range f.Instances {
		said := words{i.Life, i.State, i.Document}
		require.Equal(t, want[i.ID], said, i.ID)
		require.Equal(t, map[bool]int64{false: 90, true: 0}[i.ID == "of a fast clock"], i.Age)
	}
	require.Equal(t, &wire.Counts{Instances: 11, Live: 9, Silent: 1, Dead: 1, Open: 7, Refusing: 1, Drained: 1, Current: 4}, f.Fleet)
	require.Equal(t, map[string]int{"r": 9, "q": 1}, f.Rules, "the dead serve nobody")
}

func TestReadNamesTheApplicationOfAStoreThatHasOne(t *testing.T) {
	t.Parallel()
	require.Empty(t, wire.Read(memstore.New(), core.State{Time: now}).Application)
	f := wire.Read(shared{memstore.New()}, core.State{Time: now.In(time.FixedZone("", 3600))})
	require.Equal(t, "shop", f.State().Application)
	require.Equal(t, now, f.Time, "in UTC")
}

type shared struct{ *memstore.Store }

func (shared) Application() string { return "shop" }
