//go:build !race

package core

// The steps of an instance, and the faults that it can have.

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
