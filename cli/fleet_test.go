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

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/core/wire"
	"github.com/go-downtime/downtime/stores/memstore"
)

// report puts rows of live instances into st, changed by each of the functions.
func report(t *testing.T, st *memstore.Store, changes ...func(i *core.Instance)) {
	t.Helper()
	read, err := st.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	for n, change := range changes {
		i := core.Instance{
			ID: strings.Repeat(string(rune('a'+n)), 16), Host: "web" + string(rune('1'+n)), PID: 4711 + n, App: "v1.2.3", Version: "v0.1.0",
			StoreID: read.Mark.StoreID, Revision: read.Mark.Revision, WriteID: read.Mark.WriteID,
			Open: true, Policy: "keep", Rules: "0123456789ab",
		}
		change(&i)
		_, _, err := st.Report(t.Context(), i, core.LeaseTime)
		require.NoError(t, err)
	}
}

func asReported(*core.Instance) {}

func refusing(i *core.Instance) { i.Open, i.Cause, i.InFlight = false, "period", 3 }

func drained(i *core.Instance) { i.Open, i.Cause, i.Drained = false, "period", true }

// begun is a memory store with one finished deployment: revision 2, up.
func begun(t *testing.T) *memstore.Store {
	t.Helper()
	st := memstore.New()
	_, err := core.Start(t.Context(), st, core.StartOptions{Holder: "x"})
	require.NoError(t, err)
	_, err = core.End(t.Context(), st, core.EndOptions{All: true})
	require.NoError(t, err)
	return st
}

func TestFleetShowsEveryInstance(t *testing.T) {
	t.Parallel()
	st := begun(t)
	report(
		t, st, asReported, refusing, drained,
		func(i *core.Instance) { i.Revision, i.WriteID = 1, "before" },
		func(i *core.Instance) { i.Revision, i.Regressed = 41, true },
		func(i *core.Instance) { i.Override, i.Rules = "up", "ba9876543210" },
		func(i *core.Instance) {
			i.StoreID, i.Revision, i.WriteID, i.Open, i.Cause = "", 0, "", false, "starting"
			i.Host = "web\x1b[2J"
		},
		func(i *core.Instance) { i.StoreID = "another" },
	)
	code, stdout, stderr := run(t, st, "fleet")
	require.Equal(t, ExitDone, code)
	require.Empty(t, stderr)
	require.NotContains(t, stdout, "\x1b")
	for _, line := range []string{
		"HOST PID ID STATE REVISION IN FLIGHT PASSING REPORTED POLICY RULES APP VERSION",
		"web1 4711 aaaaaaaa… open 2 0 0 now keep 0123456789ab v1.2.3 v0.1.0",
		"web2 4712 bbbbbbbb… refusing 2 3 0 now keep 0123456789ab v1.2.3 v0.1.0",
		"web3 4713 cccccccc… drained 2 0 0 now keep 0123456789ab v1.2.3 v0.1.0",
		"web4 4714 dddddddd… open 1 behind 0 0 now keep 0123456789ab v1.2.3 v0.1.0",
		"web5 4715 eeeeeeee… open 41 ahead 0 0 now keep 0123456789ab v1.2.3 v0.1.0",
		"web6 4716 ffffffff… open 2 0 0 now keep ba9876543210 v1.2.3 v0.1.0",
		`web\x1b[2J 4717 gggggggg… refusing none 0 0 now keep 0123456789ab v1.2.3 v0.1.0`,
		"web8 4718 hhhhhhhh… open 2 of another 0 0 now keep 0123456789ab v1.2.3 v0.1.0",
		"regressed web5/4715 has seen revision 41, which the store has lost: it keeps what either refuses, until downtime reconcile",
		"override web6/4716 is held up, whatever this store says",
		`refusing web\x1b[2J/4717 because of starting`,
		"rules 1 of 8 instances have other rules: web6/4716: they would not let the same requests pass",
		"state UP",
		"store memory, revision 2",
		"fleet 8 instances: 8 live (5 open, 2 refusing, 1 drained); 4 of 8 live ones at revision 2",
	} {
		require.Contains(t, squeezed(stdout), line)
	}
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
	require.Equal(t, "downtime: memory: this store keeps no rows of instances\n", stderr)
}

// rowless hides that a store keeps rows.
type rowless struct{ core.Store }

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
			"HOST PID ID STATE REVISION IN FLIGHT PASSING REPORTED POLICY RULES APP VERSION",
			"web1 4711 aaaaaaaa… open 2 0 0 40 s ago keep 0123456789ab v1.2.3 v0.1.0",
			"web2 4712 bbbbbbbb… silent 2 0 0 1 min 10 s ago keep 0123456789ab v1.2.3 v0.1.0",
			"web3 4713 cccccccc… dead 2 0 0 1 min 10 s ago keep 0123456789ab v1.2.3 v0.1.0",
			"",
			"silent web2/4712 since 2000-01-01 00:01 UTC (10 s ago), dead or cut off: nobody can tell; it was open at revision 2 with 0 in flight",
			"dead web3/4713: its process is gone",
			"state UP",
			"store memory, revision 2",
			"fleet 3 instances: 1 live (1 open), 1 silent, 1 dead; all live ones at revision 2",
		}, squeezed(stdout))
	})
}

// deathKnowing knows that web3 is dead.
type deathKnowing struct{ *memstore.Store }

func (d deathKnowing) Instances(ctx context.Context) (core.State, []core.Instance, error) {
	state, rows, err := d.Store.Instances(ctx)
	for n := range rows {
		rows[n].Dead = rows[n].Host == "web3"
	}
	return state, rows, err
}

func TestFleetAsJSON(t *testing.T) {
	t.Parallel()
	st := begun(t)
	report(t, st, refusing, drained, func(i *core.Instance) { i.Rules, i.Revision = "ba9876543210", 1 })
	code, stdout, _ := run(t, applied{st}, "fleet", "--json")
	require.Equal(t, ExitDone, code)
	var members map[string]any
	require.NoError(t, json.Unmarshal([]byte(stdout), &members))
	require.Equal(t, []string{
		"application", "fleet", "instances", "revision", "rules", "store", "store_id", "time", "write_id", "written",
	}, slices.Sorted(maps.Keys(members)))
	var got wire.Fleet
	require.NoError(t, json.Unmarshal([]byte(stdout), &got))
	require.Equal(t, "shop", got.Application)
	require.Equal(t, map[string]int{"0123456789ab": 2, "ba9876543210": 1}, got.Rules)
	require.Equal(t, &wire.Counts{Instances: 3, Live: 3, Open: 1, Refusing: 1, Drained: 1, Current: 2}, got.Fleet)
	require.Len(t, got.Instances, 3)
	require.Equal(t, []string{wire.Live, wire.Refusing, wire.Current}, []string{got.Instances[0].Life, got.Instances[0].State, got.Instances[0].Document})
	require.Equal(t, []string{wire.Live, wire.Drained, wire.Current}, []string{got.Instances[1].Life, got.Instances[1].State, got.Instances[1].Document})
	require.Equal(t, wire.Behind, got.Instances[2].Document)
	require.EqualValues(t, 3, got.Instances[0].InFlight)
	require.Contains(t, stdout, `"refuses": []`)
}

// applied is a store that has a name for its application.
type applied struct{ *memstore.Store }

func (applied) Application() string { return "shop" }

func TestFleetWatchShowsEachChangeOnce(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	shown, code := watchingOn(
		t, st, []string{"fleet", "--watch", "--tz", "UTC"},
		func() { report(t, st, asReported) },
		func() { report(t, st, func(i *core.Instance) { i.InFlight = 7 }) }, // no news
		func() { report(t, st, refusing) },
		func() { wait(2 * core.LeaseTime) },
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
	for name, test := range map[string]struct {
		rows   []func(*core.Instance)
		fleet  string
		waited string
	}{
		"none": {
			nil,
			"fleet      no instance has reported to this store: downtime fleet\n",
			"waited     for no instance, there is no barrier yet: each refuses once it has read this,\n",
		},
		"one": {
			[]func(*core.Instance){asReported},
			"fleet      1 live instance: downtime fleet\n",
			"waited     for no instance, there is no barrier yet: 0 of 1 had read this; each refuses once it has,\n",
		},
		"three": {
			[]func(*core.Instance){asReported, asReported, drained},
			"fleet      3 live instances: downtime fleet\n",
			"yet: 0 of 3 had read this;",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := begun(t)
			report(t, st, test.rows...)
			_, stdout, _ := run(t, applied{st}, "start", "--holder", "x")
			require.Contains(t, stdout, test.fleet)
			require.Contains(t, stdout, test.waited)
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
	code, stdout, stderr := run(t, st, "start", "--holder", "x")
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

func (mute) Instances(context.Context) (core.State, []core.Instance, error) {
	return core.State{}, nil, errors.New("no grant \x1b")
}

func TestAStoreWithoutRowsSaysNothingOfInstances(t *testing.T) {
	t.Parallel()
	_, stdout, _ := run(t, rowless{memstore.New()}, "start", "--holder", "x")
	require.NotContains(t, stdout, "fleet")
	_, stdout, _ = run(t, rowless{memstore.New()}, "start", "--holder", "x", "--json")
	require.NotContains(t, stdout, "fleet")
}

func TestOtherRulesAreThoseOfTheFewer(t *testing.T) {
	t.Parallel()
	rules := func(digests ...string) fleet {
		var f fleet
		for n, digest := range digests {
			f.rows = append(f.rows, core.Instance{Host: "web", PID: n, Rules: digest, Dead: digest == ""})
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
	rows := make([]core.Instance, 100)
	for n := range rows {
		rows[n] = core.Instance{Host: "web", PID: n}
	}
	require.Equal(t, "web/0, web/1, web/2, web/3, web/4, and 95 more", named(rows))
	require.Equal(t, "web/0", named(rows[:1]))
}
