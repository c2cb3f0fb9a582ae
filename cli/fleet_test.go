package cli

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// report puts rows of live instances into st, changed by each of the functions.
func report(t *testing.T, st *memstore.Store, changes ...func(r *period.Row)) {
	t.Helper()
	mark := read(t, st).Document.Mark()
	for n, change := range changes {
		r := period.Row{
			ID: strings.Repeat(string(rune('a'+n)), 16), Host: "web" + string(rune('1'+n)), PID: 4711 + n, App: "v1.2.3", Version: "v0.1.0",
			StoreID: mark.StoreID, Revision: mark.Revision, WriteID: mark.WriteID,
			State: period.Open, Policy: "keep", Rules: "0123456789ab", Reads: period.Reads(),
		}
		change(&r)
		b, err := r.Encode()
		require.NoError(t, err)
		_, _, err = st.PutRow(t.Context(), r.ID, b, lease)
		require.NoError(t, err)
	}
}

const lease = time.Minute

func asReported(*period.Row) {}

func refusing(r *period.Row) { r.State, r.Cause, r.InFlight = period.Closed, "period", 3 }

// drained is an instance that has drained the period.
func drained(id string) func(r *period.Row) {
	return func(r *period.Row) { r.State, r.Cause, r.Drained = period.Closed, "period", []string{id} }
}

// begun is a memory store with one finished deployment: revision 2, up.
func begun(t *testing.T) *memstore.Store {
	t.Helper()
	st := memstore.New()
	down(t, st)
	_, err := operator.Operator{Store: st}.End(t.Context(), operator.EndOptions{All: true})
	require.NoError(t, err)
	return st
}

// down begins a deployment.
func down(t *testing.T, st store.Store) (id string) {
	t.Helper()
	res, err := operator.Operator{Store: st}.Start(t.Context(), operator.StartOptions{Holder: "x"})
	require.NoError(t, err)
	return res.Period.ID
}

func TestFleetShowsEveryInstance(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	id := down(t, st)
	report(
		t, st, asReported, refusing, drained(id),
		func(r *period.Row) { r.Revision, r.WriteID = 0, "before" },
		func(r *period.Row) { r.Revision, r.Regressed = 41, true },
		func(r *period.Row) {
			r.Override, r.Rules = "up", "ba9876543210"
			r.Streams, r.Held = map[string]int64{"chat": 12, "a\x1b": 3}, 7
		},
		func(r *period.Row) {
			r.StoreID, r.Revision, r.WriteID, r.State, r.Cause = "", 0, "", period.Starting, "starting"
			r.Host, r.Problem = "web\x1b[2J", "line 1\x1b"
		},
		func(r *period.Row) { r.StoreID, r.Bypassed, r.Exempt = "another", 2, 1 },
	)
	_, _, err := st.PutRow(t.Context(), "iiiiiiiiiiiiiiii", []byte("?"), lease)
	require.NoError(t, err)
	require.NoError(t, st.DeleteRow(t.Context(), "jjjjjjjjjjjjjjjj", []byte("shut down")))
	code, stdout, stderr := run(t, st, "fleet")
	require.Equal(t, ExitDone, code)
	require.Empty(t, stderr)
	require.NotContains(t, stdout, "\x1b")
	for _, line := range []string{
		"HOST PID ID STATE REVISION IN FLIGHT BYPASSED EXEMPT REPORTED POLICY RULES APP VERSION",
		"web1 4711 aaaaaaaa… open 1 0 0 0 now keep 0123456789ab v1.2.3 v0.1.0",
		"web2 4712 bbbbbbbb… refusing 1 3 0 0 now keep 0123456789ab v1.2.3 v0.1.0",
		"web3 4713 cccccccc… drained 1 0 0 0 now keep 0123456789ab v1.2.3 v0.1.0",
		"web4 4714 dddddddd… open 0 behind 0 0 0 now keep 0123456789ab v1.2.3 v0.1.0",
		"web5 4715 eeeeeeee… open 41 ahead 0 0 0 now keep 0123456789ab v1.2.3 v0.1.0",
		"web6 4716 ffffffff… open 1 0 0 0 now keep ba9876543210 v1.2.3 v0.1.0",
		`held web6/4716: 7 requests wait until it opens`,
		`streams web6/4716: a\x1b 3, chat 12; no drain waits for them`,
		`web\x1b[2J 4717 gggggggg… refusing none 0 0 0 now keep 0123456789ab v1.2.3 v0.1.0`,
		"web8 4718 hhhhhhhh… open 1 of another 0 2 1 now keep 0123456789ab v1.2.3 v0.1.0",
		"regressed web5/4715 has seen revision 41, which the store has lost: it refuses what either document refuses, until downtime reconcile",
		"override web6/4716 is held up, and ignores this store",
		`refusing web\x1b[2J/4717 because of starting`,
		`problem web\x1b[2J/4717 cannot read the document: line 1\x1b`,
		"- 0 iiiiiiii… silent none 0 0 0 now - - - -",
		"rules 1 of 8 instances have other rules: web6/4716: they would not let the same requests pass",
		"store memory, revision 1",
		"fleet 9 instances: 8 live (5 open, 2 refusing, 1 drained), 1 silent; 4 of 8 live ones at revision 1",
	} {
		require.Contains(t, squeezed(stdout), line)
	}
	require.Contains(t, stdout, "\nunreadable iiiiiiiiiiiiiiii: its row cannot be read, and its state is unknown: ")
	require.Contains(t, stdout, "\nstate      DOWN, but 5 of 8 instances serve: host web1 (has not reported the change yet), "+
		"host web4 (has read revision 0, not 1), host web5 (has seen another document), and 2 more\n           since ")
	require.NotContains(t, stdout, "jjjj", "it has left")
}

// squeezed are the lines of text with one blank where there are several.
func squeezed(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		out = append(out, strings.Join(strings.Fields(line), " "))
	}
	return out
}

func TestFleetWithoutInstancesSaysWhatItMayBe(t *testing.T) {
	t.Parallel()
	code, stdout, _ := run(t, memstore.New(), "fleet")
	require.Equal(t, ExitDone, code)
	require.Equal(t, []string{
		"store memory, where nothing was ever written",
		"fleet no instance has ever reported to this store, or all have left:",
		"none runs, or its gate reads another store or application, or may not write its row",
	}, squeezed(stdout))
}

func TestFleetOfAStoreWithoutRows(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := run(t, rowless{memstore.New()}, "fleet")
	require.Equal(t, ExitFailed, code)
	require.Empty(t, stdout)
	require.Equal(t, "downtime: the store keeps no rows of instances\n", stderr)
}

// rowless hides that a store keeps rows.
type rowless struct{ store.Store }

func TestFleetWithoutADocumentSaysWhy(t *testing.T) {
	t.Parallel()
	prepared := 0
	st := shared{Store: memstore.New(), prepared: &prepared}
	report(t, st.Store, func(r *period.Row) { r.StoreID, r.Revision = "gone", 7 })
	code, stdout, _ := run(t, st, "fleet")
	require.Equal(t, ExitDone, code)
	require.Contains(t, stdout, "lost       web1/4711 keeps revision 7 of a document that is gone\nstate      UNKNOWN: document is lost\nstore      memory\n")
	require.Contains(t, stdout, "fleet      1 instance: 1 live (1 open)\n")
	_, stdout, _ = run(t, st, "fleet", "--json")
	require.Contains(t, stdout, `"error": "document is lost"`)

	unreadable := memstore.New()
	report(t, unreadable, func(r *period.Row) { r.StoreID, r.Revision = "mine", 7 })
	require.NoError(t, unreadable.Swap(t.Context(), "", []byte("x")))
	_, stdout, _ = run(t, unreadable, "fleet")
	require.Contains(t, stdout, "state      UNKNOWN: the document cannot be read: ")
	require.NotContains(t, stdout, "gone")
}

func TestFleetTellsSilentFromDead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := begun(t)
		report(t, st, refusing, asReported, asReported)
		wait(30 * time.Second)
		report(t, st, asReported)
		wait(40 * time.Second)
		_, stdout, _ := run(t, deathKnowing{st}, "fleet", "--tz", "UTC")
		require.Equal(t, []string{
			"HOST PID ID STATE REVISION IN FLIGHT BYPASSED EXEMPT REPORTED POLICY RULES APP VERSION",
			"web1 4711 aaaaaaaa… open 2 0 0 0 40 s ago keep 0123456789ab v1.2.3 v0.1.0",
			"web2 4712 bbbbbbbb… silent 2 0 0 0 1 min 10 s ago keep 0123456789ab v1.2.3 v0.1.0",
			"web3 4713 cccccccc… dead 2 0 0 0 1 min 10 s ago keep 0123456789ab v1.2.3 v0.1.0",
			"",
			"silent web2/4712 since 2000-01-01 00:01 UTC (10 s ago), dead or cut off: the store cannot tell; it was open at revision 2 with 0 in flight",
			"dead web3/4713: its process has ended",
			"state UP",
			"store memory, revision 2",
			"fleet 3 instances: 1 live (1 open), 1 silent, 1 dead; all live ones at revision 2",
		}, squeezed(stdout))
	})
}

// deathKnowing knows that web3 is dead.
type deathKnowing struct{ *memstore.Store }

func (d deathKnowing) ListRows(ctx context.Context, have store.Token) (store.Rowset, error) {
	set, err := d.Store.ListRows(ctx, have)
	for n, row := range set.Rows {
		if row.Key == "cccccccccccccccc" {
			set.Rows[n].Life = store.Gone
		}
	}
	return set, err
}

func TestFleetAsJSON(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	id := down(t, st)
	report(t, st, refusing, drained(id), func(r *period.Row) { r.Rules, r.Revision = "ba9876543210", 0 })
	require.NoError(t, st.DeleteRow(t.Context(), "dddddddddddddddd", []byte("shut down")))
	code, stdout, _ := run(t, applied{st}, "fleet", "--json")
	require.Equal(t, ExitDone, code)
	var members map[string]any
	require.NoError(t, json.Unmarshal([]byte(stdout), &members))
	require.Equal(t, []string{
		"application", "barrier", "fleet", "instances", "revision", "rules", "since", "store", "store_id", "time", "write_id", "written",
	}, slices.Sorted(maps.Keys(members)))
	var got wire.Fleet
	require.NoError(t, json.Unmarshal([]byte(stdout), &got))
	require.Equal(t, "shop", got.Application)
	require.Equal(t, map[string]int{"0123456789ab": 2, "ba9876543210": 1}, got.Rules)
	require.Equal(t, &wire.Counts{Instances: 3, Live: 3, Open: 1, Refusing: 1, Drained: 1, Current: 2, Disagree: 1}, got.Fleet)
	require.Len(t, got.Instances, 4)
	for n, want := range []struct {
		life     string
		state    period.RowState
		standing operator.Standing
		drains   []string
	}{
		{wire.Left, "", operator.Without, []string{}}, // it has no host, and is therefore the first
		{wire.Live, period.Closed, operator.Current, []string{}},
		{wire.Live, period.Closed, operator.Current, []string{id}},
		{wire.Live, period.Open, operator.Behind, []string{}},
	} {
		i := got.Instances[n]
		require.Equal(t, want.life, i.Life)
		require.Equal(t, want.state, i.State)
		require.Equal(t, string(want.standing), i.Document)
		require.Equal(t, want.drains, i.Drains)
	}
	require.Equal(t, "shut down", got.Instances[0].Note)
	require.EqualValues(t, 3, got.Instances[1].InFlight)
	require.Contains(t, stdout, `"drained": []`)
}

// applied is a store that has a name for its application.
type applied struct{ *memstore.Store }

func (applied) Info() store.Info { return store.Info{Name: "memory", Application: "shop"} }

func TestFleetWatchShowsEachChangeOnce(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	shown, code := watchingOn(
		t, st, []string{"fleet", "--watch", "--tz", "UTC"},
		func() { report(t, st, asReported) },
		func() { report(t, st, func(r *period.Row) { r.InFlight = 7 }) }, // no news
		func() { report(t, st, refusing) },
		func() { wait(2 * lease) },
	)
	require.Equal(t, ExitInterrupted, code)
	require.Len(t, shown, 5)
	require.Contains(t, shown[0], "fleet      no instance")
	require.Contains(t, shown[1], "fleet      1 instance: 1 live (1 open)\n")
	require.Empty(t, shown[2])
	require.Contains(t, shown[3], "fleet      1 instance: 1 live (1 refusing)\n")
	require.Contains(t, shown[4], "fleet      1 instance: 1 silent\n")
}

func TestFleetWatchAsJSONIsOneObjectPerLine(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	shown, code := watchingOn(t, st, []string{"fleet", "--watch", "--json"}, func() { report(t, st, asReported) })
	require.Equal(t, ExitInterrupted, code)
	for n, text := range shown {
		require.Equal(t, 1, strings.Count(text, "\n"))
		var got wire.Fleet
		require.NoError(t, json.Unmarshal([]byte(text), &got))
		require.Len(t, got.Instances, n)
	}
}

func TestEachWriteSaysWhichInstancesThereAre(t *testing.T) {
	t.Parallel()
	const waited = "waited     not; requests may still run. To wait: downtime wait "
	for name, test := range map[string]struct {
		rows  []func(*period.Row)
		fleet string
	}{
		"none": {
			nil,
			"fleet      no instance has reported to this store: downtime fleet\n",
		},
		"one": {
			[]func(*period.Row){asReported},
			"fleet      1 instance: 1 live (1 open)",
		},
		"three": {
			[]func(*period.Row){asReported, asReported, refusing},
			"fleet      3 instances: 3 live (2 open, 1 refusing)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := begun(t)
			report(t, st, test.rows...)
			_, stdout, _ := run(t, applied{st}, "start", "--no-wait", "--holder", "x", "--dry-run")
			require.Contains(t, stdout, waited, "nor has any read what was not written")
			_, stdout, _ = run(t, applied{st}, "start", "--no-wait", "--holder", "x")
			require.Contains(t, stdout, test.fleet)
			require.Contains(t, stdout, waited)
			require.Contains(t, stdout, "app        shop\nstore      memory, revision 3\n")
			_, stdout, _ = run(t, applied{st}, "schedule", "--start", "2097-01-01 00:00", "--for", "1h")
			require.Contains(t, stdout, test.fleet)
			_, stdout, _ = run(t, applied{st}, "end", "--all", "--dry-run")
			require.Contains(t, stdout, test.fleet)
			require.Contains(t, stdout, "app        shop\n")
			_, stdout, _ = run(t, applied{st}, "end", "--all", "--json")
			var got resultJSON
			require.NoError(t, json.Unmarshal([]byte(stdout), &got))
			require.Equal(t, len(test.rows), got.Fleet.Live)
			require.Equal(t, "shop", got.State.Application)
		})
	}
}

func TestAWriteIsReportedThoughTheInstancesAreNotKnown(t *testing.T) {
	t.Parallel()
	st := mute{memstore.New()}
	code, stdout, stderr := run(t, st, "start", "--no-wait", "--holder", "x")
	require.Equal(t, ExitDone, code)
	require.Empty(t, stderr)
	require.Contains(t, stdout, "fleet      not known: no grant \\x1b\n")
	require.Contains(t, stdout, "\nRESULT down\n")
	code, stdout, _ = run(t, st, "end", "--all", "--json")
	require.Equal(t, ExitDone, code)
	require.Contains(t, stdout, `"error": "no grant \u001b"`)
}

// mute does not tell its instances.
type mute struct{ *memstore.Store }

func (mute) ListRows(context.Context, store.Token) (store.Rowset, error) {
	return store.Rowset{}, errors.New("no grant \x1b")
}

func TestAStoreWithoutRowsSaysNothingOfInstances(t *testing.T) {
	t.Parallel()
	_, stdout, _ := run(t, rowless{memstore.New()}, "start", "--no-wait", "--holder", "x")
	require.NotContains(t, stdout, "fleet")
	_, stdout, _ = run(t, rowless{memstore.New()}, "start", "--no-wait", "--holder", "x", "--json")
	require.NotContains(t, stdout, "fleet")
}

func TestOtherRulesAreThoseOfTheFewer(t *testing.T) {
	t.Parallel()
	rules := func(digests ...string) fleet {
		var f fleet
		for n, digest := range digests {
			life := store.Live
			if digest == "" {
				life = store.Gone
			}
			f.Instances = append(f.Instances, operator.Instance{Row: period.Row{Host: "web", PID: n, Rules: digest}, Life: life})
		}
		return f
	}
	for name, test := range map[string]struct {
		fleet fleet
		pids  []int
		of    int
	}{
		"none":              {rules(), nil, 0},
		"the same":          {rules("a", "a"), nil, 2},
		"one of three":      {rules("a", "b", "a"), []int{1}, 3},
		"two of four":       {rules("b", "a", "b", "a"), []int{0, 2}, 4},
		"the dead are gone": {rules("a", "", "a"), nil, 2},
		"all different":     {rules("c", "b", "a"), []int{1, 0}, 3},
	} {
		others, of := test.fleet.others()
		var pids []int
		for _, i := range others {
			pids = append(pids, i.PID)
		}
		require.Equal(t, test.pids, pids, name)
		require.Equal(t, test.of, of, name)
	}
}

func TestNamedDoesNotNameHundreds(t *testing.T) {
	t.Parallel()
	rows := make([]operator.Instance, 100)
	for n := range rows {
		rows[n].Row = period.Row{Host: "web", PID: n}
	}
	require.Equal(t, "web/0, web/1, web/2, web/3, web/4, and 95 more", named(rows))
	require.Equal(t, "web/0", named(rows[:1]))
}

func TestAChangeThatALiveInstanceCannotReadNeedsForce(t *testing.T) {
	t.Parallel()
	st := begun(t)
	report(t, st, func(r *period.Row) {
		r.Reads = slices.DeleteFunc(r.Reads, func(name string) bool { return name == "periods.holder" })
	})
	code, stdout, stderr := run(t, st, "start", "--no-wait", "--holder", "x")
	require.Equal(t, ExitFailed, code)
	require.Empty(t, stdout)
	require.Equal(t, "downtime: a live instance cannot read this change: web1/4711 (version v0.1.0) does not implement periods.holder: "+
		"upgrade it first, or write it anyway with --force\n", stderr)
	code, stdout, _ = run(t, st, "start", "--no-wait", "--holder", "x", "--force")
	require.Equal(t, ExitDone, code)
	require.Contains(t, stdout, "RESULT down\n")
}
