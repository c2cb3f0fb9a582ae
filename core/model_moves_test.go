//go:build !race

package core

import (
	"fmt"

	"github.com/go-downtime/downtime/period"
)

// action is one step of the search: what happens, to which instance or key.
type action struct {
	name string
	who  int8 // -1: none
}

func (a action) String() string {
	if a.who < 0 {
		return a.name
	}
	return string(rune('a'+a.who)) + ": " + a.name
}

// move is a possible next state of the fleet. broken names the invariant that the step breaks; "" if none.
type move struct {
	action

	fleet  fleet
	broken string
}

// spend counts a fault.
func spend(n *fleet, budget int) {
	if n.may[budget] > 0 {
		n.may[budget]--
	}
}

// moves returns every possible next step.
func (m *model) moves(w *fleet, out []move) []move {
	out = out[:0]
	try := func(name string, who int, do func(n *fleet) string) {
		n := *w
		broken := do(&n)
		if broken == "" {
			broken = m.check(w, &n, name)
		}
		m.compress(&n)
		if n != *w || broken != "" {
			out = append(out, move{action{name, int8(who)}, n, broken})
		}
	}
	if w.co.phase == over {
		return out // no invariant is left that an earlier state does not have
	}
	for i := range w.in {
		m.instanceMoves(w, i, try)
	}
	m.coordinatorMoves(w, try)
	m.operatorMoves(w, try)
	if w.may[mayAdvance] > 0 || m.waitsForLease(w) {
		try(fmt.Sprintf("%d seconds pass", m.advance), -1, func(n *fleet) string {
			spend(n, mayAdvance)
			return m.pass(n)
		})
	}
	if w.may[mayLose] > 0 && w.co.phase != declared {
		try("the store loses the rows", -1, func(n *fleet) string {
			spend(n, mayLose)
			n.rows, n.since = [modelKeys]slot{}, noSet
			return ""
		})
	}
	if w.may[mayRestore] > 0 {
		try("an older document is put back", -1, func(n *fleet) string {
			spend(n, mayRestore)
			n.doc = 1
			return ""
		})
		try("the store gets a new document", -1, func(n *fleet) string {
			spend(n, mayRestore)
			n.doc = m.addDoc(period.Document{StoreID: "t", Revision: 1, Periods: []period.Period{}}, "init")
			return ""
		})
	}
	return out
}

// operatorMoves are the steps of a second operator.
func (m *model) operatorMoves(w *fleet, try func(string, int, func(*fleet) string)) {
	if w.may[mayOperate] > 0 && (m.period != "d" || w.co.phase != idle) {
		for _, op := range m.operate {
			if next := m.next(plan{w.doc, op, "second"}); next != 0 {
				try("a second operator: "+op, -1, func(n *fleet) string {
					n.may[mayOperate]--
					n.doc = next
					return ""
				})
			}
		}
	}
	if w.may[mayForget] == 0 {
		return
	}
	for k, s := range w.rows {
		switch bit := uint8(1) << k; {
		case w.forget&bit != 0:
			try("an operator forgets it", k/2, func(n *fleet) string {
				n.may[mayForget]--
				n.forget &^= bit
				if n.rows[k].kind == present {
					n.rows[k] = slot{kind: forgotten, seen: n.now, lease: n.now}
				}
				return ""
			})
		case s.kind == present && s.lease <= w.now && k%2 == 0:
			try("an operator finds it silent", k/2, func(n *fleet) string {
				n.forget |= bit
				return ""
			})
		}
	}
}
