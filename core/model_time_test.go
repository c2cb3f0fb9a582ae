//go:build !race

package core

import (
	"time"
)

// waitsForLease reports whether only the end of a lease leads to an answer.
func (m *model) waitsForLease(w *fleet) bool {
	for _, in := range w.in {
		if r := w.rows[in.key]; m.may[mayForget] > 0 && in.life == crashed && r.kind == present && r.lease > w.now {
			return true
		}
	}
	return w.since != noSet && w.now-w.since < 20 && m.may[mayLose] > 0
}

// pass lets time pass. A read that runs longer than its deadline fails.
func (m *model) pass(n *fleet) string {
	if m.may[mayLose] > 0 && n.since != oldSet {
		// An instance that reaches the store writes its row again within 20 s.
		for i := range n.in {
			if in := &n.in[i]; in.life == running && in.visible && n.rows[in.key].kind == 0 && n.since != noSet && n.now+m.advance-n.since >= 20 && !m.cut(n, i) {
				return ""
			}
		}
	}
	slow := time.Duration(m.advance)*time.Second >= readTimeout
	for i := range n.in {
		if in := &n.in[i]; m.prompt && in.life == running && !in.read.on {
			if broken := m.feed(n, i, happening{}, readDue); broken != "" {
				return broken
			}
		}
	}
	n.now += m.advance
	for i := range n.in {
		in := &n.in[i]
		if in.life != running && in.life != leaving {
			continue
		}
		if slow && in.read.on {
			if broken := m.answerRead(n, i, true); broken != "" {
				return broken
			}
		}
		if m.prompt {
			if broken := m.feed(n, i, happening{}, 0); broken != "" {
				return broken
			}
		}
	}
	if m.is("a lease is the time to live of its row") {
		for k, s := range n.rows {
			if s.kind == present && s.lease <= n.now {
				n.rows[k] = slot{}
			}
		}
	}
	return ""
}

// cut reports whether an instance is allowed to stay away from the store: the coordinator has seen
// its row.
func (m *model) cut(w *fleet, i int) bool { return w.co.seen[w.in[i].key].kind == present }
