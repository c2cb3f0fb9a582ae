//go:build !race

package operator

import (
	"errors"
	"slices"
	"time"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// runModel is a scenario with a fault; "" means none.
type runModel struct {
	runScenario

	fault string
}

// The writes of an operator.
const (
	operatorStarts     = "an operator starts a period"
	operatorEndsAll    = "an operator ends every period"
	operatorEndsHolder = "an operator ends those of holder1"
)

// runMove is one step and the state after it.
type runMove struct {
	run    int // that makes the step; -1 if none does
	name   string
	world  runWorld
	broken string // the invariant that the step breaks
}

// String names the step.
func (mv runMove) String() string {
	if mv.run < 0 {
		return mv.name
	}
	return runID(mv.run) + " " + mv.name
}

// moves returns every step from w.
func (m *runModel) moves(w *runWorld) []runMove {
	var out []runMove
	step := func(i int, name string, change func(n *runWorld, r *modelRun)) {
		n := *w
		change(&n, &n.runs[i])
		out = append(out, runMove{i, name, n, m.check(w, &n, i)})
	}
	other := func(name string, change func(n *runWorld)) {
		n := *w
		change(&n)
		out = append(out, runMove{-1, name, n, ""})
	}
	for i := range m.runs {
		m.runMoves(w, i, step)
		if w.runs[i].life == store.Expired && w.forgets > 0 {
			other("an operator forgets "+runID(i), func(n *runWorld) {
				n.forgets--
				n.runs[i].life = store.Deleted
			})
		}
	}
	if w.ticks > 0 {
		other("time passes", func(n *runWorld) {
			n.ticks--
			for i := range n.runs {
				r := &n.runs[i]
				if r.life != store.Live {
					continue
				}
				if r.lease--; r.lease == 0 {
					r.life, r.lapsed, r.steady = store.Expired, true, false
				}
			}
		})
	}
	if int(w.operated) < len(m.operate) {
		name := m.operate[w.operated]
		other(name, func(n *runWorld) {
			n.operated++
			m.operatorWrites(n, name)
		})
	}
	return out
}

// operatorWrites is one write of an operator.
func (m *runModel) operatorWrites(n *runWorld, name string) {
	d := m.document(n)
	var err error
	switch name {
	case operatorStarts:
		_, err = Operator{Actor: "holder1"}.start(d, modelNow, StartOptions{Holder: "holder1"})
	case operatorEndsAll:
		_, err = end(d, modelNow, EndOptions{All: true})
	case operatorEndsHolder:
		_, err = end(d, modelNow, EndOptions{Holder: "holder1"})
	}
	if err == nil {
		n.swap(d, ofOperator, "")
	}
}

// runMoves calls step for each step of the run i.
func (m *runModel) runMoves(w *runWorld, i int, step func(i int, name string, change func(n *runWorld, r *modelRun))) {
	r := &w.runs[i]
	if r.alive() {
		if w.crashes > 0 {
			step(i, "crashes", func(n *runWorld, r *modelRun) {
				n.crashes--
				r.phase, r.fresh, r.seen = crashed, false, [modelRuns]store.Life{}
			})
		}
		if r.life != store.Deleted && r.lease < modelLease {
			step(i, "renews its row", func(_ *runWorld, r *modelRun) { r.life, r.lease = store.Live, modelLease })
		}
	}
	switch r.phase {
	case idle:
		if i > 0 && m.runs[i] == m.runs[i-1] && w.runs[i-1].phase == idle {
			break // equal runs begin in their order
		}
		step(i, "writes its row", func(_ *runWorld, r *modelRun) {
			r.phase = reading
			if m.fault != "the row is written after the document" {
				r.life, r.lease = store.Live, modelLease
			}
		})
	case reading:
		step(i, "reads the document and the rows", func(n *runWorld, r *modelRun) { m.reads(n, i, r) })
	case writing:
		step(i, "writes", func(n *runWorld, r *modelRun) { m.writes(n, i, r) })
	case waiting:
		if w.periods[r.period-1].in {
			step(i, "reaches its barrier", func(_ *runWorld, r *modelRun) { r.phase = looking })
		}
		step(i, "gives up its barrier", func(_ *runWorld, r *modelRun) { r.phase = endReading })
	case looking:
		step(i, "looks at its period", func(n *runWorld, r *modelRun) {
			r.phase, r.blind = ready, r.lost
			if !m.owns(n, i) && m.fault != "a run does not look at its period before its function" {
				r.phase, r.blind = endReading, false
			}
		})
	case ready:
		step(i, "calls its function", func(_ *runWorld, r *modelRun) {
			lease := &Lease{lasts: time.Hour, begun: time.Now(), lapsed: r.lapsed}
			if r.phase = endReading; lease.kept() || m.fault == "a run begins although its lease has ended" {
				r.phase, r.ran, r.steady = working, true, r.life == store.Live
			}
		})
	case working:
		step(i, "has worked", func(_ *runWorld, r *modelRun) { r.phase = endReading })
		step(i, "has failed", func(_ *runWorld, r *modelRun) { r.returns(failed) })
	case endReading:
		step(i, "reads the document", func(n *runWorld, r *modelRun) {
			r.phase, r.fresh = endWriting, true
			if err := m.remove(m.document(n), n, i); errors.Is(err, ErrTakenOver) {
				r.returnsUnended()
			}
		})
	case endWriting:
		step(i, "ends its period", func(n *runWorld, r *modelRun) { m.ends(n, i, r) })
	}
}

// reads is the read of the document with the rows, and what the run decides by it.
func (m *runModel) reads(n *runWorld, i int, r *modelRun) {
	r.phase, r.fresh = writing, true
	for j := range n.runs {
		r.seen[j] = n.runs[j].life
		if m.fault == "a live run is taken over" && r.seen[j] == store.Live {
			r.seen[j] = store.Expired
		}
	}
	_, err := m.take(m.document(n), n.run(i), i, r)
	if errors.Is(err, ErrRunning) && m.fault == "two runs share one period" {
		for slot, p := range n.periods {
			if p.owner > 0 {
				r.phase, r.period = waiting, uint8(slot+1)
			}
		}
	} else if err != nil {
		r.returns(isRefused)
	}
}

// take is the change of [Operator.begin].
func (m *runModel) take(d *period.Document, run *Run, i int, r *modelRun) (string, error) {
	opts := RunOptions{Holder: m.runs[i].holder}
	if m.runs[i].named {
		opts.Period = slotID(ofOperator)
	}
	if m.fault == "the period of a dead run is ended first" {
		if at, err := takeable(d, modelNow, opts, modelRows(r.seen)); err == nil && at >= 0 {
			d.Periods = append(d.Periods[:at:at], d.Periods[at+1:]...)
		}
	}
	before := slices.Clone(d.Periods)
	_, p, err := Operator{Actor: opts.Holder}.take(d, modelNow, run, opts, modelRows(r.seen))
	for n, was := range before {
		switch {
		case m.fault == "take-over without a run id" && run.TakenOver != "":
			d.Periods[n].RunID = was.RunID
		case m.fault == "a period that is taken keeps its holder":
			d.Periods[n].Holder = was.Holder
		}
	}
	return p.ID, err
}

// writes is the swap of the document that begins or takes the period.
func (m *runModel) writes(n *runWorld, i int, r *modelRun) {
	if !r.fresh {
		r.phase, r.seen = reading, [modelRuns]store.Life{}
		if m.fault != "the swap does not compare" {
			return
		}
	}
	d := m.document(n)
	if m.fault == "the swap does not compare" && !r.fresh {
		d.Periods = nil // the run has read an empty document
	}
	r.phase = waiting
	id, err := m.take(d, n.run(i), i, r)
	if err != nil {
		r.returns(isRefused)
		return
	}
	r.seen = [modelRuns]store.Life{}
	r.period = uint8(n.swap(d, i, id) + 1)
}

// owns is what the run sees of its period.
func (m *runModel) owns(n *runWorld, i int) bool {
	switch m.fault {
	case "two runs share one period", "take-over without a run id":
		return n.periods[n.runs[i].period-1].in
	}
	return n.run(i).owns(m.document(n))
}

// remove is the change of [Operator.endRun].
func (m *runModel) remove(d *period.Document, n *runWorld, i int) error {
	run := n.run(i)
	switch m.fault {
	case "the end does not compare the run id", "take-over without a run id":
		if at, err := index(d, run.Period.ID); err == nil {
			run.ID = d.Periods[at].RunID
		}
	case "the end removes all periods of the holder":
		if run.owns(d) {
			_, err := end(d, modelNow, EndOptions{Holder: m.runs[i].holder})
			return err
		}
	case "a taken over run succeeds":
		if !run.owns(d) {
			return nil
		}
	}
	return run.remove(d)
}

// ends is the swap that ends the period.
func (m *runModel) ends(n *runWorld, i int, r *modelRun) {
	if !r.fresh {
		r.phase = endReading
		return
	}
	d := m.document(n)
	if err := m.remove(d, n, i); err != nil {
		r.returnsUnended()
		return
	}
	lost := r.lost
	n.swap(d, i, "")
	r.lost = lost // the run has ended it itself
	switch {
	case !r.ran:
		r.returns(notReached)
	case len(d.InForce(modelNow)) > 0 && m.fault != "another period is ignored":
		r.returns(stillDown)
	default:
		r.returns(succeeded)
	}
}

// returns ends the run and deletes its row.
func (r *modelRun) returns(o outcome) {
	*r = modelRun{phase: returned, life: store.Deleted, outcome: o, period: r.period, ran: r.ran, lost: r.lost}
}

func (r *modelRun) returnsUnended() {
	if r.returns(takenOver); !r.ran {
		r.outcome = notReached
	}
}
