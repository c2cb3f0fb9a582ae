//go:build !race

package core

import (
	"slices"
	"strings"
	"time"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// list is one listing of the store.
func (m *model) list(w *fleet) [modelKeys]slot {
	rows := w.rows
	for k := range rows {
		s := &rows[k]
		switch {
		case s.kind == 0:
			continue
		case s.kind != present:
			s.life = store.Deleted
		case m.dead && w.in[k/2].life == crashed:
			s.life = store.Gone
		case s.lease <= w.now:
			s.life = store.Expired
		default:
			s.life = store.Live
		}
	}
	return rows
}

// coordinatorMoves are the steps of the coordinator: list, write, list and judge.
func (m *model) coordinatorMoves(w *fleet, try func(string, int, func(*fleet) string)) {
	if m.period == "" {
		return
	}
	switch co := &w.co; {
	case co.phase == idle && (m.look || m.period == "w"):
		p, ok := m.docs[w.doc].doc.Find("w")
		if ok && p.InForce(modelTime(w.now)) {
			try("the coordinator reads the document", -1, func(n *fleet) string {
				n.co = coordinator{phase: waiting, base: w.doc, mark: w.doc, read: w.now, confirmed: w.now}
				return ""
			})
		}
	case co.phase == idle:
		try("the coordinator lists the rows", -1, func(n *fleet) string {
			n.co = coordinator{phase: based, base: w.doc, read: w.now, seen: m.list(w)}
			for k, s := range n.co.seen {
				if s.life == store.Expired {
					n.co.silent |= 1 << k
				}
			}
			return ""
		})
	case co.phase == based:
		try("the coordinator takes the site down", -1, func(n *fleet) string {
			if n.doc != n.co.base {
				n.co = coordinator{} // a conflict
				return ""
			}
			next := m.next(plan{n.doc, "start d", "first"})
			n.doc, n.co.mark, n.co.confirmed, n.co.phase = next, next, n.now, waiting
			return ""
		})
	case co.phase == waiting:
		try("the coordinator judges", -1, m.judges)
	}
}

// judges is one round of Operator.Wait.
func (m *model) judges(n *fleet) string {
	rows := m.list(n)
	r := m.judged(n, rows)
	co := &n.co
	for k, s := range rows { // as Barrier.see does
		if s.kind != 0 && (co.seen[k].kind != present || s.kind != present || co.seen[k].seq <= s.seq) {
			co.seen[k] = s
		}
	}
	switch judgments[r.result] {
	case operator.Safe, operator.Presumed:
		*co = coordinator{phase: declared, mark: co.mark, result: r.result, until: r.until, accepted: r.accepted, byPolicy: r.byPolicy}
		for i, in := range n.in {
			if in.void {
				co.accepted |= 1 << i // an override has ended what the last row said
			}
		}
		if p, ok := m.docs[n.doc].doc.Find(m.period); !ok || !p.InForce(modelTime(n.now)) {
			return "I1: safe, about a period that is not in force"
		}
		if r.unjustified {
			return "I1: accepts an instance as silent that was not silent before the write"
		}
	case operator.Superseded:
		*co = coordinator{phase: over}
	}
	return ""
}

type judgeKey struct {
	doc             docID
	now, since      int16
	rows, seen      [modelKeys]slot
	mark            docID
	read, confirmed int16
	silent          uint8
}

type judgeResult struct {
	result             uint8
	until              int16
	accepted, byPolicy uint8
	unjustified        bool
}

// judged calls the real Judge, once for each distinct listing and barrier.
func (m *model) judged(w *fleet, rows [modelKeys]slot) judgeResult {
	key := judgeKey{w.doc, w.now, w.since, rows, w.co.seen, w.co.mark, w.co.read, w.co.confirmed, w.co.silent}
	if r, ok := m.judge[key]; ok {
		return r
	}
	d := m.docs[w.doc]
	set := store.Rowset{Blob: store.Blob{Token: d.token, Bytes: d.bytes, Now: modelTime(w.now)}, Rows: m.storeRows(rows)}
	if w.since != noSet {
		set.Since = modelTime(w.since)
	}
	written := m.docs[w.co.mark].doc
	p, _ := written.Find(m.period)
	b := operator.Barrier{Period: p, Mark: written.Mark(), Read: modelTime(w.co.read), Confirmed: modelTime(w.co.confirmed), Seen: m.storeRows(w.co.seen)}
	if m.look {
		b = operator.Barrier{}
	}
	if m.accept {
		b.AcceptSilent = time.Duration(modelLease) * time.Second
	}
	m.spoil(w, &set, &b)
	j := operator.Judge(set, nil, b)
	r := judgeResult{result: uint8(slices.Index(judgments, j.Result)), until: noSet}
	if !j.Until.IsZero() {
		r.until = int16(j.Until.Sub(modelEpoch) / time.Second)
	}
	for _, i := range j.Accepted() {
		k := keyIndex(i.ID)
		r.accepted |= 1 << (k / 2)
		switch {
		case strings.Contains(i.Why, "by its policy"):
			r.byPolicy |= 1 << (k / 2)
		case strings.Contains(i.Why, "was silent before the write"):
			r.unjustified = r.unjustified || w.co.silent&(1<<k) == 0
		}
	}
	m.judge[key] = r
	return r
}

func (m *model) storeRows(rows [modelKeys]slot) []store.Row {
	var out []store.Row
	for k, s := range rows {
		if s.kind == 0 {
			continue
		}
		r := store.Row{Key: keyName(uint8(k)), Seen: modelTime(s.seen), Lease: modelTime(s.lease), Life: s.life}
		switch s.kind {
		case left:
			r.Note = []byte(period.NoteLeft)
		case forgotten:
			r.Note = []byte("forgotten by ann")
		default:
			r.Bytes = m.encoded(s.row, s.seq)
		}
		out = append(out, r)
	}
	return out
}
