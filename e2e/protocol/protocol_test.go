package protocol

import (
	"flag"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/e2e/protocol/seam"
)

var (
	seeds   = flag.Int("protocol.seeds", 5, "how many schedules of each scenario")
	from    = flag.Uint64("protocol.from", 1, "the first seed")
	only    = flag.String("protocol.scenario", "", "only this scenario")
	fault   = flag.String("protocol.fault", "", "the fault that is switched on; needs the overlay")
	breaks  = flag.String("protocol.breaks", "", "the invariant that the fault must break")
	longest = flag.Duration("protocol.delay", 20*time.Millisecond, "the longest delay inside the gate; needs the overlay")
)

// play runs one schedule of a scenario, and returns the invariants that broke, and what happened.
func play(t *testing.T, name string, seed uint64) (broken, trace []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		seam.Begin(seed, *fault, *longest)
		defer seam.Begin(0, "", 0)
		w := newWorld(t, seed)
		scenarios[name](w)
		w.finish()
		broken, trace = w.broken, w.trace
	})
	return broken, trace
}

// sleep lets time pass in the bubble of the test.
func sleep(d time.Duration) { time.Sleep(d) }

// TestSchedules runs every scenario with random schedules. No invariant breaks.
//
//nolint:tparallel // the seam has one seed at a time
func TestSchedules(t *testing.T) {
	t.Parallel()
	if *fault != "" {
		t.Skip("TestFault runs it")
	}
	for name := range scenarios { //nolint:paralleltest // see above
		if *only != "" && name != *only {
			continue
		}
		t.Run(name, func(t *testing.T) {
			for seed := *from; seed < *from+uint64(*seeds); seed++ {
				broken, trace := play(t, name, seed)
				require.Empty(t, broken, "seed %d:\n%s", seed, strings.Join(trace, "\n"))
			}
		})
	}
}

// faults are the faults of the protocol, each with a scenario in which it breaks an invariant. They
// are those of core/model_test.go, whose comment names the ones that the code cannot have, and those of
// core/drain_model_test.go that are about one snapshot.
var faults = map[string]struct{ scenario, breaks string }{
	"load, then count":                                   {"a deployment", "I4"},
	"no second look in Enter":                            {"a deployment", "I4"},
	"no second look in Admit":                            {"a run suspends bypasses", "I4"},
	"cells read before the swap":                         {"a deployment", "I4"},
	"leave through another cell":                         {"a deployment", "I7"},
	"wait only for the last predecessor":                 {"another period begins", "I4"},
	"drained on adoption":                                {"a deployment", "I4"},
	"drained as one boolean":                             {"a window beside a deployment", "I4"},
	"refuses by the clock, not by the snapshot":          {"an override", "I"},
	"run does not wait for bypassed requests":            {"a run suspends bypasses", "I4"},
	"staleness opens":                                    {"silent instances refuse by policy", "I6"},
	"a new store_id opens":                               {"another document is put in its place", "I6"},
	"serve before the first read":                        {"an instance joins", "I5"},
	"the error of the clock is ignored":                  {"a window, and slow answers", "I"},
	"read before registering":                            {"an instance joins", "I5"},
	"serve after registering, before reading":            {"an instance joins", "I5"},
	"the token is read before the row is visible":        {"an instance joins, and its row is late", "I5"},
	"a late row replaces a tombstone":                    {"an instance leaves", "I8"},
	"a lease is the time to live of its row":             {"a lease ends, and an operator forgets", "I8"},
	"counter as token":                                   {"an older document is put back", "I6"},
	"deregister before quiet":                            {"an instance leaves", "I1"},
	"admit after the row is deleted":                     {"an instance leaves", "I1"},
	"members only from before the write":                 {"an instance joins", "I1"},
	"members only from after the write":                  {"the store loses the rows", "I1"},
	"a vanished row is ignored":                          {"the store loses the rows", "I1"},
	"a young set of rows is ignored":                     {"the store loses the rows", "I1"},
	"an expired lease counts as drained":                 {"a lease ends, and an operator forgets", "I1"},
	"the revision of a row is ignored":                   {"a window is disabled and enabled again", "I1"},
	"close_rev is ignored":                               {"a window is disabled and enabled again", "I1"},
	"a later period is taken for its own":                {"another period begins", "I1"},
	"the document is not read again":                     {"another period begins", "I1"},
	"accepts instances that went silent during the wait": {"silent instances are accepted", "I1"},
	"the policy counts from the lease alone":             {"silent instances refuse by policy", "I2"},
	"forget makes safe":                                  {"a lease ends, and an operator forgets", "I1"},
	"two runs of one holder":                             {"two runs of one holder", "I9"},
	"take-over without a run id":                         {"a run is taken over", "I9"},
}

// patience is how many schedules a fault may survive.
const patience = 1000

// TestFault runs one scenario with a fault until an invariant breaks. TestFaults calls it.
func TestFault(t *testing.T) {
	t.Parallel()
	if *fault == "" {
		t.Skip("TestFaults runs it")
	}
	for seed := *from; seed < *from+patience; seed++ {
		broken, trace := play(t, *only, seed)
		for _, b := range broken {
			if strings.HasPrefix(b, *breaks) {
				t.Logf("after %d schedules: %s", seed-*from+1, b)
				return
			}
		}
		if len(broken) > 0 {
			t.Logf("seed %d breaks %v\n%s", seed, broken, strings.Join(trace, "\n"))
		}
	}
	require.Fail(t, "no schedule breaks "+*breaks)
}

// TestFaults compiles the gate, the operator and the store with delays and with the faults. Without
// a fault no invariant breaks. Each fault breaks one.
func TestFaults(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		edited(t, "../..")
		t.Skip("it runs a program for each fault")
	}
	program := build(t)
	run := func(t *testing.T, args ...string) {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
		require.NoError(t, err, "%s", out)
		t.Logf("%s", out)
	}
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		run(t, "-test.run", "^TestSchedules$", "-protocol.seeds", strconv.Itoa(*seeds))
	})
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, "-test.run", "^TestFault$", "-test.v", "-protocol.fault", name, "-protocol.scenario", f.scenario, "-protocol.breaks", f.breaks)
		})
	}
}
