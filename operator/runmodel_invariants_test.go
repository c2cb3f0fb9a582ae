//go:build !race

package operator

import (
	"fmt"

	"github.com/go-downtime/downtime/store"
)

// check returns the invariant that the step of the run i from w to n breaks; "" if none.
func (m *runModel) check(w, n *runWorld, i int) string {
	was, is := &w.runs[i], &n.runs[i]
	for slot, p := range w.periods {
		after := n.periods[slot]
		switch {
		case p.in && !after.in && (was.phase != endWriting || p.owner != uint8(i+1)):
			return fmt.Sprintf("%s opens the site of %s, which is not its own", runID(i), slotID(slot))
		case p.in && after.in && p.owner != after.owner && p.owner > 0:
			if old := &w.runs[p.owner-1]; old.alive() && !old.lapsed {
				return fmt.Sprintf("%s takes over %s, whose lease never ended", runID(i), runID(int(p.owner)-1))
			}
		}
	}
	if is.phase == working && was.phase != working {
		if is.blind {
			return runID(i) + " calls its function although it had lost its period when it looked"
		}
		for j := range m.runs {
			// An operator who ends the period of a run takes its protection away, while its function
			// may be running or about to begin.
			o := &n.runs[j]
			if j != i && !is.ended && (m.runs[j].holder == m.runs[i].holder || o.period == is.period) && o.ran && !o.ended && o.alive() && o.steady && o.life == store.Live {
				return fmt.Sprintf("I9: %s calls its function while the lease of %s is live", runID(i), runID(j))
			}
		}
	}
	if is.phase == returned && was.phase != returned {
		down := len(m.document(n).InForce(modelNow)) > 0
		switch {
		case is.outcome == succeeded && down:
			return runID(i) + " succeeds, and the site is down"
		case is.outcome == stillDown && !down:
			return runID(i) + " says that the site is down, and it is up"
		case is.ran && is.lost && is.outcome != takenOver && is.outcome != failed:
			return fmt.Sprintf("%s has lost its period, and returns %q", runID(i), outcomes[is.outcome])
		case is.outcome == takenOver && !is.lost:
			return runID(i) + " says that it was taken over, and it was not"
		}
	}
	return ""
}
