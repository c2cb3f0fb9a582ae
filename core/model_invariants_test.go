//go:build !race

package core

import (
	"fmt"

	"github.com/go-downtime/downtime/period"
)

// check returns the invariant that the step from w to n breaks; "" if none.
func (m *model) check(w, n *fleet, name string) string {
	for k := range n.rows {
		was, is := w.rows[k].kind, n.rows[k].kind
		switch {
		case (was == left || was == forgotten) && is != was:
			return "I8: a tombstone is not final"
		case was == present && is == 0 && name != "the store loses the rows":
			return "I8: a row has disappeared without a tombstone"
		}
	}
	for i := range n.in {
		in := &n.in[i]
		if in.life == running && in.request == inCurrent && !in.bypass && !in.fresh && m.state[in.state].file.value != directionUp {
			return "I5: an instance admits a request before it has read the document as a registered instance"
		}
	}
	if n.co.phase != declared {
		return ""
	}
	p, ok := m.docs[n.doc].doc.Find(m.period)
	if !ok || !p.InForce(modelTime(n.now)) || n.co.until != noSet && n.now >= n.co.until {
		n.co = coordinator{phase: over}
		return ""
	}
	for i := range n.in {
		in, bit := &n.in[i], uint8(1)<<i
		switch {
		case in.life == absent || in.life == crashed:
		case in.void:
			n.co.accepted |= bit
		case n.co.byPolicy&bit != 0 && m.state[in.state].now.closure == nil:
			return "I2: presumed by policy, and the silent instance serves"
		case n.co.accepted&bit == 0 && in.request != noRequest && (!in.bypass || p.Bypass == period.Suspended):
			return fmt.Sprintf("I1: %s, and a request that the period covers runs", judgments[n.co.result])
		}
	}
	return ""
}
