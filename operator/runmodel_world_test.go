//go:build !race

package operator

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// phase is where a run is in [Operator.During].
type phase uint8

const (
	idle phase = iota
	reading
	writing
	waiting // for the barrier
	looking // whether it still owns its period
	ready
	working // its function runs
	endReading
	endWriting
	returned
	crashed
)

var phases = []string{"idle", "reading", "writing", "waiting", "looking", "ready", "working", "reading to end", "writing the end", "returned", "crashed"}

// outcome is the result of a run.
type outcome uint8

const (
	unknown outcome = iota
	succeeded
	stillDown  // the command exits with 123
	takenOver  // the command exits with 122
	notReached // the command exits with 124
	isRefused  // by [ErrRunning]; the command exits with 125
	failed     // the function failed
)

var outcomes = []string{"", "succeeded", "still down", "taken over", "barrier not reached", "refused", "function failed"}

const (
	modelRuns    = 3
	ofOperator   = modelRuns // the slot of the period that the operator started
	modelLease   = 2         // in ticks
	modelPeriods = modelRuns + 1
)

// runScenario is a search. It limits how often a fault happens, so that the search ends.
type runScenario struct {
	runs                    []modelOptions
	operate                 []string // the writes of an operator, in this order
	started                 bool     // the operator has started a period of holder1
	crashes, ticks, forgets uint8
}

// modelOptions are the options of one run.
type modelOptions struct {
	holder string
	named  bool // it takes the operator's period
}

// runWorld is one state: the document, the rows, and the runs.
type runWorld struct {
	periods                 [modelPeriods]modelPeriod // one for each run that can create it, and the operator's
	runs                    [modelRuns]modelRun
	operated                uint8
	crashes, ticks, forgets uint8 // that can still happen
}

type modelPeriod struct {
	in     bool
	holder uint8 // 1 or 2
	owner  uint8 // the run in its run_id, plus one; 0 means none
}

type modelRun struct {
	phase   phase
	fresh   bool                  // the document is unchanged since the run read it
	seen    [modelRuns]store.Life // the rows, as the run has listed them
	life    store.Life            // of its row
	lease   uint8                 // ticks until its lease ends
	lapsed  bool                  // its lease ended before the run did
	period  uint8                 // its period, plus one
	lost    bool                  // another has ended its period or taken it over
	ended   bool                  // an operator has ended its period
	blind   bool                  // the period was lost when the run looked, and the run goes on
	ran     bool                  // its function was called
	steady  bool                  // its lease was live without a gap since then
	outcome outcome
}

// alive reports whether the process of the run runs.
func (r *modelRun) alive() bool { return r.phase > idle && r.phase < returned }

var modelNow = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

func slotID(slot int) string { return [modelPeriods]string{"p0", "p1", "p2", "p3"}[slot] }
func runID(i int) string     { return [modelRuns]string{"run0", "run1", "run2"}[i] }

func holderName(n uint8) string { return [...]string{"", "holder1", "holder2"}[n] }

// document returns the document of w.
func (m *runModel) document(w *runWorld) *period.Document {
	d := &period.Document{Periods: make([]period.Period, 0, modelPeriods)}
	for slot, p := range w.periods {
		if !p.in {
			continue
		}
		holder, id := holderName(p.holder), ""
		if p.owner > 0 {
			id = runID(int(p.owner) - 1)
		}
		d.Periods = append(d.Periods, period.Period{
			ID: slotID(slot), Kind: period.Deployment, Start: modelNow.Add(-time.Minute), Enabled: true,
			Holder: holder, RunID: id, Version: 1, CreatedBy: holder, CreatedAt: modelNow.Add(-time.Minute),
		})
	}
	return d
}

// swap puts d in the place of the document. A period with a new id is that of slot. It returns the
// slot of id.
func (w *runWorld) swap(d *period.Document, slot int, id string) int {
	before := w.periods
	w.periods = [modelPeriods]modelPeriod{}
	at := -1
	for _, p := range d.Periods {
		n := slot
		for known := range modelPeriods {
			if slotID(known) == p.ID {
				n = known
			}
		}
		w.periods[n].in, w.periods[n].holder = true, 1
		if p.Holder == holderName(2) {
			w.periods[n].holder = 2
		}
		for i := range modelRuns {
			if runID(i) == p.RunID {
				w.periods[n].owner = uint8(i + 1)
			}
		}
		if p.ID == id {
			at = n
		}
	}
	for i := range w.runs {
		r := &w.runs[i]
		r.fresh = false
		if r.period > 0 && before[r.period-1].owner == uint8(i+1) && w.periods[r.period-1].owner != uint8(i+1) {
			r.lost, r.ended = true, !w.periods[r.period-1].in && slot == ofOperator
		}
	}
	return at
}

// rows returns the rows with these lives.
func modelRows(lives [modelRuns]store.Life) []store.Row {
	var rows []store.Row
	for i, life := range lives {
		if life != 0 {
			rows = append(rows, store.Row{Key: runID(i), Life: life})
		}
	}
	return rows
}

// run returns the run i as During has it.
func (w *runWorld) run(i int) *Run {
	r := &Run{ID: runID(i)}
	if slot := w.runs[i].period; slot > 0 {
		r.Period.ID = slotID(int(slot) - 1)
	}
	return r
}

func (m *runModel) describe(w *runWorld) string {
	var parts []string
	for slot, p := range w.periods {
		if p.in {
			owner := "no run"
			if p.owner > 0 {
				owner = runID(int(p.owner) - 1)
			}
			parts = append(parts, slotID(slot)+" of "+owner)
		}
	}
	if parts == nil {
		parts = []string{"up"}
	}
	parts = slices.Clip(parts)
	for i := range m.runs {
		r := &w.runs[i]
		s := runID(i) + " " + phases[r.phase]
		if r.phase == returned {
			s = runID(i) + " " + outcomes[r.outcome]
		}
		if r.life != 0 {
			s += fmt.Sprintf(", row %s", r.life)
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, " | ")
}
