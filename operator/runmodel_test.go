//go:build !race

package operator

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var holder1, holder2, named = modelOptions{holder: "holder1"}, modelOptions{holder: "holder2"}, modelOptions{holder: "holder1", named: true}

// runScenarios are the searches. The clock of the store makes a tick; two ticks are a lease.
var runScenarios = map[string]runScenario{
	"two runs of one holder":         {runs: []modelOptions{holder1, holder1}, crashes: 1, ticks: 3},
	"three runs of one holder":       {runs: []modelOptions{holder1, holder1, holder1}, ticks: 2},
	"an operator forgets a run":      {runs: []modelOptions{holder1, holder1}, forgets: 1, ticks: 3, operate: []string{operatorEndsAll}},
	"runs of two holders":            {runs: []modelOptions{holder1, holder2}, crashes: 1, ticks: 2, operate: []string{operatorStarts, operatorEndsAll}},
	"an operator of the holder":      {runs: []modelOptions{holder1, holder1}, crashes: 1, ticks: 2, operate: []string{operatorStarts, operatorEndsHolder}},
	"runs take an operator's period": {runs: []modelOptions{named, named}, crashes: 1, ticks: 3, started: true, operate: []string{operatorEndsAll, operatorStarts}},
	"a run takes another's period":   {runs: []modelOptions{{holder: "holder2", named: true}, holder2}, crashes: 1, ticks: 3, started: true},
	"one of two runs takes a period": {runs: []modelOptions{named, holder1}, crashes: 1, ticks: 3, started: true},
}

// TestRunModelHolds searches every order of the steps of [Operator.During]: its reads and writes, its
// row, the loss of its lease, crashes, and writes of an operator. The changes of the document are
// those of the released code. The search visits 439,132 states by 1,816,511 steps. A search runs on
// one goroutine, so it is left out under the race detector.
func TestRunModelHolds(t *testing.T) {
	t.Parallel()
	seen := map[outcome]bool{}
	states, steps := 0, 0
	for name, s := range runScenarios {
		f := s.search("", "")
		t.Logf("%s: %d states, %d steps, depth %d", name, f.states, f.steps, f.depth)
		require.Empty(t, f.broken, "%s:\n%s", name, strings.Join(f.trace, "\n"))
		states, steps = states+f.states, steps+f.steps
		for o := range f.outcomes {
			seen[o] = true
		}
	}
	t.Logf("%d states, %d steps", states, steps)
	for o := succeeded; o <= failed; o++ {
		require.True(t, seen[o], "no run returned %q", outcomes[o])
	}
}

// runMutants are the faults, each with a scenario, and a part of the invariant that it breaks.
var runMutants = map[string]struct{ scenario, breaks string }{
	"two runs share one period":                             {"two runs of one holder", "I9"},
	"take-over without a run id":                            {"three runs of one holder", "I9"},
	"a live run is taken over":                              {"two runs of one holder", "I9"},
	"the row is written after the document":                 {"two runs of one holder", "I9"},
	"the swap does not compare":                             {"two runs of one holder", "I9"},
	"a run begins although its lease has ended":             {"two runs of one holder", "I9"},
	"a run does not look at its period before its function": {"an operator of the holder", "had lost its period"},
	"the end does not compare the run id":                   {"two runs of one holder", "not its own"},
	"the end removes all periods of the holder":             {"an operator of the holder", "not its own"},
	"a period that is taken keeps its holder":               {"a run takes another's period", "I9"},
	"the period of a dead run is ended first":               {"two runs of one holder", "not its own"},
	"a taken over run succeeds":                             {"two runs of one holder", "has lost its period"},
	"another period is ignored":                             {"runs of two holders", "the site is down"},
}

func TestRunModelFindsEveryMutant(t *testing.T) {
	t.Parallel()
	for fault, want := range runMutants {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			f := runScenarios[want.scenario].search(fault, want.breaks)
			require.NotEmpty(t, f.broken, "no counterexample in %d states", f.states)
			t.Logf("%d steps, after %d states:\n%s", len(f.trace)-1, f.states, strings.Join(f.trace, "\n"))
			require.LessOrEqual(t, len(f.trace)-1, 18)
		})
	}
}

// runsFound is the result of a search.
type runsFound struct {
	states, steps, depth int
	outcomes             map[outcome]int
	broken               string
	trace                []string // the shortest one that breaks the invariant
}

// search visits every reachable state, breadth first, until an invariant breaks whose text has
// breaks.
func (s runScenario) search(fault, breaks string) runsFound {
	type visit struct {
		runMove

		parent, depth int
	}
	m := &runModel{s, fault}
	start := runWorld{crashes: s.crashes, ticks: s.ticks, forgets: s.forgets}
	if s.started {
		start.periods[ofOperator] = modelPeriod{in: true, holder: 1}
	}
	visits, known := []visit{{runMove{-1, "", start, ""}, -1, 0}}, map[runWorld]bool{start: true}
	f := runsFound{outcomes: map[outcome]int{}}
	for at := 0; at < len(visits); at++ {
		for _, mv := range m.moves(&visits[at].world) {
			f.steps++
			next := visit{mv, at, visits[at].depth + 1}
			if mv.broken != "" && strings.Contains(mv.broken, breaks) {
				f.broken, f.states = mv.broken, len(visits)
				f.trace = []string{mv.broken}
				for v := next; ; v = visits[v.parent] {
					f.trace = append(f.trace, v.String()+" → "+m.describe(&v.world))
					if v.parent < 0 {
						break
					}
				}
				slices.Reverse(f.trace)
				return f
			}
			if !known[mv.world] {
				known[mv.world] = true
				visits = append(visits, next)
				f.depth = next.depth
			}
		}
		for _, r := range visits[at].world.runs {
			f.outcomes[r.outcome]++
		}
	}
	f.states = len(visits)
	return f
}
