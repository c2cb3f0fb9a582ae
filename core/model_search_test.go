//go:build !race

package core

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
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

// instanceMoves are the steps of one instance, and the faults that it can have.
func (m *model) instanceMoves(w *fleet, i int, try func(string, int, func(*fleet) string)) {
	in := &w.in[i]
	s := &m.state[in.state]
	alive := in.life == running || in.life == leaving
	switch {
	case in.life == absent && i >= m.instances && m.joiner && w.may[mayJoin] > 0:
		try("joins", i, func(n *fleet) string {
			n.may[mayJoin]--
			return m.join(n, i)
		})
		return
	case in.late.on:
		try("a late row reaches the store", i, func(n *fleet) string {
			l := &n.in[i].late
			m.write(n, l.key, l.row, l.seq)
			*l = lateRow{}
			return ""
		})
	}
	open := s.now.closure == nil
	if (alive || in.life == exited && m.is("admit after the row is deleted")) && in.request == noRequest && open && w.may[mayRequest] > 0 {
		try("admits a request", i, func(n *fleet) string {
			n.may[mayRequest]--
			n.in[i].request, n.in[i].bypass = inCurrent, false
			return ""
		})
	}
	if alive && in.request == noRequest && !open && w.may[mayBypass] > 0 && !s.now.closure.alone {
		try("admits a bypassed request", i, func(n *fleet) string {
			n.may[mayBypass]--
			n.in[i].request, n.in[i].bypass = inCurrent, true
			return ""
		})
	}
	if alive && in.request != noRequest {
		try("the request ends", i, func(n *fleet) string {
			n.in[i].request = noRequest
			return m.feed(n, i, happening{}, 0)
		})
	}
	if alive {
		m.followerMoves(w, i, try)
	}
	switch {
	case in.life == running && w.may[mayLeave] > 0:
		try("begins to shut down", i, func(n *fleet) string {
			n.may[mayLeave]--
			n.in[i].life = leaving
			return m.feed(n, i, happening{kind: leaveEvent}, 0)
		})
	case in.life == leaving && (in.request == noRequest || m.is("deregister before quiet")):
		try("stops", i, func(n *fleet) string {
			n.in[i].life, n.in[i].put, n.in[i].read = halted, putFlight{}, readFlight{}
			if m.is("admit after the row is deleted") {
				return ""
			}
			return m.feed(n, i, happening{kind: stopEvent}, 0)
		})
	case in.life == halted:
		try("deletes its row", i, func(n *fleet) string {
			n.in[i].life = exited
			n.rows[in.key] = slot{kind: left, seen: n.now, lease: n.now}
			return ""
		})
	}
	if alive && w.may[mayCrash] > 0 {
		try("crashes", i, func(n *fleet) string {
			n.may[mayCrash]--
			c := &n.in[i]
			late := c.late
			if c.put.stage == 1 {
				late = lateRow{true, c.put.key, c.put.row, c.put.seq}
			}
			*c = member{life: crashed, key: c.key, state: c.state, late: late, seq: c.seq}
			return ""
		})
	}
}

// followerMoves are the steps of the follower of a running instance.
func (m *model) followerMoves(w *fleet, i int, try func(string, int, func(*fleet) string)) {
	in := &w.in[i]
	s := &m.state[in.state]
	try("looks at the clock", i, func(n *fleet) string { return m.feed(n, i, happening{}, 0) })
	stale := m.byPtr[s.known.doc] != w.doc || !s.known.served || s.known.lost || m.policy == Refuse || m.skew != 0
	switch {
	case in.read.on:
		try("its read is answered", i, func(n *fleet) string { return m.answerRead(n, i, false) })
		if w.may[mayFail] > 0 {
			try("its read fails", i, func(n *fleet) string {
				n.may[mayFail]--
				return m.answerRead(n, i, true)
			})
		}
	case stale:
		try("reads the document", i, func(n *fleet) string {
			broken := m.feed(n, i, happening{}, readDue)
			if broken == "" && s.known.served && !m.slow {
				return m.answerRead(n, i, false)
			}
			return broken
		})
		if s.row.since.IsZero() {
			try("reads the document before its row is written", i, func(n *fleet) string { return m.feed(n, i, happening{}, readDue|rowOverdue) })
		}
	}
	switch in.put.stage {
	case 0:
		if !s.row.busy {
			try("sends its row", i, func(n *fleet) string {
				broken := m.feed(n, i, happening{}, rowDue)
				if r := n.rows[n.in[i].key]; broken == "" && n.in[i].put.stage == 1 && r.row == n.in[i].put.row && r.seq == in.seq && r.seen == n.now {
					*n = *w // nothing is new
				}
				return broken
			})
		}
	case 1:
		try("its row is written", i, func(n *fleet) string { return m.deliverPut(n, i) })
		if w.may[mayFail] > 0 {
			try("its row is lost", i, func(n *fleet) string {
				n.may[mayFail]--
				n.in[i].put = putFlight{}
				return m.feed(n, i, happening{kind: rowEvent, failed: true}, 0)
			})
		}
		if w.may[mayLate] > 0 && !in.late.on {
			try("it gives up its row, which is still on its way", i, func(n *fleet) string {
				n.may[mayLate]--
				p := n.in[i].put
				n.in[i].late, n.in[i].put = lateRow{true, p.key, p.row, p.seq}, putFlight{}
				return m.feed(n, i, happening{kind: rowEvent, failed: true}, 0)
			})
		}
	case 2:
		try("the answer to its row arrives", i, func(n *fleet) string { return m.answerPut(n, i) })
	}
	if m.may[mayOverride] > 0 {
		for value, name := range map[direction]string{directionUp: "an override says up", directionDown: "an override says down", directionNone: "the override ends"} {
			if s.file.value != value && (w.may[mayOverride] > 0 || value == directionNone) {
				try(name, i, func(n *fleet) string {
					spend(n, mayOverride)
					n.in[i].void = n.in[i].void || value == directionUp
					n.in[i].put.since = n.in[i].put.since && value != directionUp
					return m.feed(n, i, happening{kind: fileEvent, value: value}, 0)
				})
			}
		}
	}
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

// spoil makes the coordinator of a mutant: it changes what Judge sees.
func (m *model) spoil(w *fleet, set *store.Rowset, b *operator.Barrier) {
	rewrite := func(change func(r *period.Row)) {
		for n, r := range set.Rows {
			if row, err := period.DecodeRow(r.Key, r.Bytes); err == nil {
				change(&row)
				set.Rows[n].Bytes, _ = row.Encode()
			}
		}
	}
	d := m.docs[w.doc].doc
	switch m.fault {
	case "members only from before the write":
		set.Rows = slices.DeleteFunc(set.Rows, func(r store.Row) bool {
			return !slices.ContainsFunc(b.Seen, func(s store.Row) bool { return s.Key == r.Key })
		})
	case "members only from after the write", "a vanished row is ignored":
		b.Seen = nil
	case "a young set of rows is ignored":
		set.Since = modelTime(oldSet)
	case "an expired lease counts as drained":
		for n := range set.Rows {
			if set.Rows[n].Life == store.Expired {
				set.Rows[n].Life = store.Gone
			}
		}
	case "the revision of a row is ignored":
		rewrite(func(r *period.Row) { r.StoreID, r.Revision, r.WriteID = d.StoreID, d.Revision, d.WriteID })
	case "close_rev is ignored":
		changed, was := *d, d.Mark()
		changed.CloseRev = 0
		changed.Seal()
		set.Blob.Bytes, _ = changed.Fit(store.MaxBytes)
		rewrite(func(r *period.Row) {
			if r.Mark() == was {
				r.WriteID = changed.WriteID
			}
		})
		if b.Mark == was {
			b.Mark = changed.Mark()
		}
	case "drained_until is ignored":
		rewrite(func(r *period.Row) { r.DrainedUntil = time.Time{} })
	case "a later period is taken for its own":
		b.Period, b.Mark = period.Period{}, period.Mark{}
	case "the document is not read again":
		set.Blob.Bytes, set.Blob.Token = m.docs[w.co.mark].bytes, m.docs[w.co.mark].token
	case "accepts instances that went silent during the wait":
		b.Read = set.Blob.Now
	case "the policy counts from the lease alone":
		b.Confirmed = modelTime(oldSet)
	case "forget makes safe":
		for n, r := range set.Rows {
			if r.Life == store.Deleted {
				set.Rows[n].Note = []byte(period.NoteLeft)
			}
		}
	}
}

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

// compress renumbers the sequence numbers of the rows of each instance, so that they stay small.
func (m *model) compress(n *fleet) {
	for i := range n.in {
		in := &n.in[i]
		for key := in.key &^ 1; key <= in.key|1; key++ {
			var at [5]*uint8
			count := 0
			add := func(ok bool, p *uint8) {
				if ok {
					at[count] = p
					count++
				}
			}
			add(in.key == key, &in.seq)
			add(in.put.stage != 0 && in.put.key == key, &in.put.seq)
			add(in.late.on && in.late.key == key, &in.late.seq)
			add(n.rows[key].kind == present, &n.rows[key].seq)
			add(n.co.seen[key].kind == present, &n.co.seen[key].seq)
			seqs := at[:count]
			slices.SortFunc(seqs, func(p, q *uint8) int { return int(*p) - int(*q) })
			rank, last := uint8(0), -1
			for _, p := range seqs {
				if int(*p) != last {
					rank++
				}
				last, *p = int(*p), rank
			}
		}
	}
}

// found is the result of a search.
type found struct {
	states, transitions, depth int
	broken                     string   // the invariant
	trace                      []string // the shortest one that breaks it
	limit                      bool     // the search ended because of the limit
	stuck                      int      // states from which no answer can be reached
	answered                   int
	stuckTrace                 []string
}

// search visits every reachable fleet, breadth first, until an invariant breaks.
func (m *model) search(start fleet, limit int) found {
	type visit struct {
		parent int32
		action action
	}
	var (
		seed    = maphash.MakeSeed()
		ids     = map[uint64]int32{}
		visits  []visit
		edges   [][2]int32
		goal    []bool
		level   []fleet
		next    []fleet
		levelID []int32
		nextID  []int32
		f       found
		buffer  []move
	)
	add := func(w *fleet, parent int32, a action) {
		k := maphash.Comparable(seed, *w)
		id, ok := ids[k]
		if !ok {
			id = int32(len(visits))
			ids[k] = id
			visits = append(visits, visit{parent, a})
			goal = append(goal, w.co.phase == declared || w.co.phase == over || w.co.phase == idle)
			next, nextID = append(next, *w), append(nextID, id)
		}
		if parent >= 0 {
			edges = append(edges, [2]int32{parent, id})
		}
	}
	trace := func(id int32) []action {
		var steps []action
		for ; visits[id].parent >= 0; id = visits[id].parent {
			steps = append(steps, visits[id].action)
		}
		slices.Reverse(steps)
		return steps
	}
	add(&start, -1, action{})
	for len(next) > 0 {
		level, next, levelID, nextID = next, level[:0], nextID, levelID[:0]
		f.depth++
		for n := range level {
			buffer = m.moves(&level[n], buffer)
			for _, mv := range buffer {
				f.transitions++
				if mv.broken != "" {
					f.broken, f.states = mv.broken, len(visits)
					f.trace = m.replay(start, append(trace(levelID[n]), mv.action))
					return f
				}
				add(&mv.fleet, levelID[n], mv.action)
			}
		}
		if len(visits) > limit {
			f.limit = true
			break
		}
	}
	f.states = len(visits)
	if f.limit {
		return f
	}
	// From which states can an answer be reached?
	into := make([][]int32, len(visits))
	for _, e := range edges {
		into[e[1]] = append(into[e[1]], e[0])
	}
	reach := slices.Clone(goal)
	var todo []int32
	for id, ok := range goal {
		if ok {
			todo = append(todo, int32(id))
			f.answered++
		}
	}
	for len(todo) > 0 {
		id := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, from := range into[id] {
			if !reach[from] {
				reach[from] = true
				todo = append(todo, from)
			}
		}
	}
	for id, ok := range reach {
		if !ok {
			if f.stuck++; f.stuck == 1 {
				f.stuckTrace = m.replay(start, trace(int32(id)))
			}
		}
	}
	return f
}

// replay repeats the steps and describes each fleet.
func (m *model) replay(w fleet, steps []action) []string {
	lines := []string{m.describe(&w)}
	for _, a := range steps {
		for _, mv := range m.moves(&w, nil) {
			if mv.action == a {
				w = mv.fleet
				line := fmt.Sprintf("%v → %s", a, m.describe(&w))
				if mv.broken != "" {
					line += "\n" + mv.broken
				}
				lines = append(lines, line)
				break
			}
		}
	}
	return lines
}
