package cli

import (
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/filestore"
	"github.com/go-downtime/downtime/store/memstore"
)

// withGates runs test with gates on one store, whose rows are old enough for a barrier.
func withGates(t *testing.T, n int, test func(t *testing.T, st *memstore.Store, gates []*core.Gate)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New()
		gates := make([]*core.Gate, n)
		for i := range gates {
			var err error
			gates[i], err = core.New(core.Config{Store: st, Logger: slog.New(slog.DiscardHandler)})
			require.NoError(t, err)
			defer func() { require.NoError(t, gates[i].Shutdown(context.WithoutCancel(t.Context()))) }()
		}
		wait(time.Minute)
		test(t, st, gates)
	})
}

// enter admits a request that runs for this time.
func enter(t *testing.T, g *core.Gate, d time.Duration) {
	t.Helper()
	ticket, ok := g.Enter(nil)
	require.True(t, ok)
	time.AfterFunc(d, ticket.Leave)
}

// lastLine is the last line of text.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	return lines[len(lines)-1]
}

func TestStartWaitsUntilItIsSafe(t *testing.T) {
	t.Parallel()
	withGates(t, 2, func(t *testing.T, st *memstore.Store, gates []*core.Gate) {
		enter(t, gates[0], 4*time.Second)
		enter(t, gates[1], 0)
		begun := time.Now()
		code, stdout, stderr := run(t, st, "start", "--holder", "x", "--tz", "UTC")
		require.Equal(t, ExitDone, code, stdout+stderr)
		require.Empty(t, stderr)
		require.GreaterOrEqual(t, time.Since(begun), 4*time.Second)
		require.Less(t, time.Since(begun), 6*time.Second)
		require.Equal(t, "RESULT safe", lastLine(stdout))
		require.Equal(t, 1, strings.Count(stdout, "\nwaiting "), "a line for each change\n"+stdout)
		require.Regexp(t, `\nwaiting    \S+/\d+ refuses, and has not drained: 1 request\n`, stdout)
		require.Regexp(t, `\ndone       \S+/\d+, for [45] s\nstate      DOWN since `, stdout)
		require.Contains(t, stdout, "\nbarrier    safe: 2 live instances refuse, and every request admitted before has ended\nreopen     downtime end ")
		require.NotContains(t, stdout, "\x1b")

		code, stdout, _ = run(t, st, "end", "--holder", "x", "--wait", "10s")
		require.Equal(t, ExitDone, code, stdout)
		require.Equal(t, "RESULT up", lastLine(stdout))
		require.Contains(t, stdout, "2 live (2 open); all at revision 2")
	})
}

func TestAnIdleFleetDrainsWithoutALine(t *testing.T) {
	t.Parallel()
	withGates(t, 3, func(t *testing.T, st *memstore.Store, _ []*core.Gate) {
		code, stdout, _ := run(t, st, "start", "--holder", "x", "--auto-end", "--for", "1h", "--tz", "UTC")
		require.Equal(t, ExitDone, code)
		require.NotContains(t, stdout, "waiting")
		require.Regexp(t, `has ended, until 2000-01-01 0[12]:\d\d\S* UTC \(in (1 h|59 min|60 min)\)`, stdout)
	})
}

func TestStartSaysWhomItWaitsForAndWhatToDo(t *testing.T) {
	t.Parallel()
	withGates(t, 1, func(t *testing.T, st *memstore.Store, gates []*core.Gate) {
		enter(t, gates[0], time.Hour)
		report(t, st, asReported)
		wait(2 * time.Minute) // web1 is silent
		code, stdout, stderr := run(t, st, "start", "--holder", "x", "--wait", "5s", "--tz", "UTC")
		require.Equal(t, ExitNotDrained, code, stdout+stderr)
		require.Empty(t, stderr)
		id := read(t, st).Document.Periods[0].ID
		require.Equal(t, "RESULT not-drained", lastLine(stdout))
		require.Contains(t, stdout, "\nbarrier    not drained: waiting for 2 of 2 instances\n")
		require.Contains(t, stdout, "refuses, and has not drained: 1 request\n")
		require.Contains(t, stdout, "web1/4711 is silent: dead or cut off, the store cannot tell, since 2000-01-01 00:02 UTC (")
		require.Contains(t, stdout, "\nif dead    downtime fleet forget aaaaaaaaaaaaaaaa\nwait on    downtime wait "+id+"\nreopen     downtime end "+id+"\n")

		code, stdout, _ = run(t, st, "wait", id, "--wait", "5s", "--json")
		require.Equal(t, ExitNotDrained, code)
		var got resultJSON
		require.NoError(t, json.Unmarshal([]byte(stdout), &got))
		require.Equal(t, "not-drained", got.Result.Result)
		require.Equal(t, ExitNotDrained, got.ExitCode)
		require.Len(t, got.Barrier.Holdouts, 2)
		require.Equal(t, id, got.Period.ID)
		require.Equal(t, int64(1), read(t, st).Document.Revision, "wait writes nothing")

		// The printed line, copied, solves it.
		code, stdout, _ = run(t, st, "fleet", "forget", "aaaaaaaaaaaaaaaa")
		require.Equal(t, ExitDone, code)
		require.Equal(t, "forgotten  web1/4711  aaaaaaaaaaaaaaaa\n", stdout)
		gates[0].CloseStreams()
		code, stdout, _ = run(t, st, "wait", id, "--wait", "5s")
		require.Equal(t, ExitNotDrained, code)
		require.Contains(t, stdout, "waiting for 1 of 1 instances\n")
	})
}

func TestForgetRefusesALiveInstance(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := begun(t)
		report(t, st, asReported, asReported)
		code, _, stderr := run(t, st, "fleet", "forget", "aaaa")
		require.Equal(t, ExitFailed, code)
		require.Contains(t, stderr, `"aaaa": the instance is live`)
		wait(10 * time.Minute)
		code, stdout, _ := run(t, st, "fleet", "forget", "aaaa", "--actor", "ann")
		require.Equal(t, ExitDone, code)
		require.Equal(t, "forgotten  web1/4711  aaaaaaaaaaaaaaaa\n", stdout)
		code, stdout, _ = run(t, st, "fleet", "forget", "--silent", "1h")
		require.Equal(t, ExitDone, code)
		require.Contains(t, stdout, "nothing")
		code, stdout, _ = run(t, st, "fleet", "forget", "--silent", "5m")
		require.Equal(t, ExitDone, code)
		require.Equal(t, "forgotten  web2/4712  bbbbbbbbbbbbbbbb\n", stdout)
		set, err := st.ListRows(t.Context(), "")
		require.NoError(t, err)
		require.Equal(t, "forgotten by ann", string(set.Rows[0].Note))
		require.Equal(t, store.Deleted, set.Rows[0].Life)
	})
}

func TestAcceptedSilentInstancesArePresumed(t *testing.T) {
	t.Parallel()
	withGates(t, 1, func(t *testing.T, st *memstore.Store, _ []*core.Gate) {
		report(t, st, asReported)
		wait(7 * time.Minute)
		code, stdout, _ := run(t, st, "start", "--holder", "x", "--accept-silent=10m", "--wait", "1s")
		require.Equal(t, ExitNotDrained, code, stdout)
		code, stdout, _ = run(t, st, "start", "--holder", "x", "--accept-silent")
		require.Equal(t, ExitPresumed, code, stdout)
		require.Equal(t, "RESULT presumed", lastLine(stdout))
		require.Contains(t, stdout, "web1/4711 was silent before the write, and is accepted")
	})
}

func TestStartExpectsInstances(t *testing.T) {
	t.Parallel()
	withGates(t, 2, func(t *testing.T, st *memstore.Store, _ []*core.Gate) {
		code, stdout, _ := run(t, st, "start", "--holder", "x", "--expect", "2", "--wait", "3s")
		require.Equal(t, ExitNotDrained, code, "two gates of one process\n"+stdout)
		require.Contains(t, stdout, "\nwaiting    1 of 2 expected processes have drained\n")
		require.Contains(t, stdout, "\nbarrier    not drained: 1 of 2 expected processes have drained\n")
	})
}

// TestTheFirstDeployment: without an instance the answer comes after 2 s. With one instance on a new
// file, start needs no flag, and says why it waits.
func TestTheFirstDeployment(t *testing.T) {
	t.Parallel()
	withGates(t, 0, func(t *testing.T, st *memstore.Store, _ []*core.Gate) {
		begun := time.Now()
		code, stdout, _ := run(t, st, "start", "--holder", "x")
		require.Equal(t, ExitNoInstance, code, stdout)
		require.InDelta(t, 2, time.Since(begun).Seconds(), 0.5)
		require.Contains(t, stdout, "if none runs yet, as before a first deployment, say --expect 0; else look at the store of the instances\n")
		begun = time.Now()
		code, stdout, _ = run(t, st, "start", "--holder", "x", "--expect", "0")
		require.Equal(t, ExitDone, code, stdout)
		require.Zero(t, time.Since(begun))
	})
	synctest.Test(t, func(t *testing.T) {
		st, err := filestore.New(filepath.Join(t.TempDir(), "s.json"))
		require.NoError(t, err)
		gate, err := core.New(core.Config{Store: st, Logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		defer func() { require.NoError(t, gate.Shutdown(context.WithoutCancel(t.Context()))) }()
		begun := time.Now()
		for _, want := range []time.Duration{20 * time.Second, 0} {
			began := time.Now()
			code, stdout, _ := run(t, st, "start", "--holder", "x")
			require.Equal(t, ExitDone, code, stdout)
			require.InDelta(t, want.Seconds(), time.Since(began).Seconds(), 1.1)
			require.Equal(t, want > 0, strings.Contains(stdout, "\nwaiting    the list of instances is less than 20 s old, and may lack one\n"), stdout)
			code, _, _ = run(t, st, "end", "--holder", "x")
			require.Equal(t, ExitDone, code)
		}
		require.GreaterOrEqual(t, time.Since(begun), 20*time.Second)
	})
}

func TestAnInterruptedStartSaysThatTheSiteStaysDown(t *testing.T) {
	t.Parallel()
	withGates(t, 1, func(t *testing.T, st *memstore.Store, gates []*core.Gate) {
		enter(t, gates[0], time.Hour)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		var out, errs strings.Builder
		code := Main(ctx, []string{"start", "--holder", "x"}, nil, &out, &errs, WithStore(st))
		require.Equal(t, ExitInterrupted, code)
		id := read(t, st).Document.Periods[0].ID
		require.Equal(t, "downtime: interrupted while waiting for instances: the site stays down: downtime wait "+id+", or downtime end "+id+"\n", errs.String())
	})
}

func TestEndWaitsForAnInstanceThatStaysClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New()
		down(t, st)
		report(t, st, refusing)
		code, stdout, _ := run(t, st, "end", "--all", "--wait", "5s")
		require.Equal(t, ExitMixed, code, stdout)
		require.Contains(t, stdout, "\nwaiting    web1/4711 has not adopted the write: 3 requests\n")
		require.Contains(t, stdout, "\nwaiting    for web1/4711: downtime fleet\n")
		require.Equal(t, "RESULT mixed", lastLine(stdout))
	})
}

// TestProgressIsRedrawnInPlace draws on a terminal, for which lines are replaced.
func TestProgressIsRedrawnInPlace(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	on := session{view: view{zones: zones{loc: time.UTC}}, app: newApp(nil), cmd: &cobra.Command{}, out: &out}
	p := on.progress(time.Unix(100, 0))
	p.redraw, p.begun = true, time.Now().Add(-time.Hour)
	j := operator.Judgment{State: operator.State{Time: time.Unix(103, 0)}, Result: operator.NotDrained}
	for n := range 12 {
		j.Instances = append(j.Instances, operator.Instance{
			Row: period.Row{Host: "web\x1b", PID: n, InFlight: 2}, Life: store.Live, Part: operator.Holdout, Why: "serves",
		})
	}
	p.show(j)
	require.Contains(t, out.String(), `waiting    web\x1b/0 serves: 2 requests, for 3 s`+"\n")
	require.True(t, strings.HasSuffix(out.String(), "           and 2 more\n"))
	require.Equal(t, 11, strings.Count(out.String(), "\n"))
	out.Reset()
	j.Instances = j.Instances[:1]
	p.show(j)
	require.Equal(t, "\x1b[11A\x1b[J"+`waiting    web\x1b/0 serves: 2 requests, for 3 s`+"\n", out.String())
	out.Reset()
	p.clear()
	require.Equal(t, "\x1b[1A\x1b[J", out.String())
}
