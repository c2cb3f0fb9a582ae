//go:build !race

package core

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// An instance of the model: step, with timers that fire when the search wants it.

type eventKind uint8

const (
	tickEvent eventKind = iota
	readEvent
	rowEvent
	fileEvent
	leaveEvent
	stopEvent
)

// happening is an event of step, as a key of the remembered results.
type happening struct {
	kind            eventKind
	failed, deleted bool
	before          bool // the read began before the row was written
	doc             docID
	asked, sampled  int16
	rows            [modelKeys]rowID
	token           docID
	value           direction
}

// Timers that fire in a call of step.
const (
	readDue uint8 = 1 << iota
	rowDue
	rowOverdue // the first write of the row takes so long that the read begins
)

type stepCall struct {
	state       stateID
	event       happening
	now         int16 // by the clock of the instance
	quiet, idle bool
	timers      uint8
	fresh       uint8 // key of the next row
}

type stepResult struct {
	state              stateID
	install, read, put bool
	row                rowID
	open, alone        bool // the installed snapshot
	replacedLess       bool // the replaced snapshot refuses less
	unregistered       bool // a read that began now began before the row was written
	breaks             string
}

var (
	errModel = errors.New("no answer")
	modelFar = modelEpoch.Add(10000 * time.Hour)
	modelAgo = modelEpoch.Add(-10000 * time.Hour)
)

func modelSettings(s scenario) *settings {
	set, err := Config{
		Store: &nowhere{}, Logger: slog.New(slog.DiscardHandler), PollInterval: time.Second, OnStoreLost: s.policy, MaxStale: s.maxStale, OverrideEnv: "-",
	}.resolve()
	if err != nil {
		panic(err)
	}
	return set
}

// step calls the real step, once for each distinct call.
func (m *model) step(c stepCall) stepResult {
	if r, ok := m.calls[c]; ok {
		return r
	}
	now, s := modelTime(c.now), m.state[c.state]
	s.begun, s.seed = modelFar, 1
	s.read.due, s.row.due, s.file.due, s.row.asked = modelFar, modelFar, modelFar, now
	if c.timers&readDue != 0 {
		s.read.due = now
	}
	if c.timers&rowDue != 0 {
		s.row.due = now
	}
	if c.timers&rowOverdue != 0 {
		s.row.asked = modelAgo
	}
	if !s.read.busy && !s.read.asked.IsZero() {
		s.read.asked = now
	}
	if m.is("the error of the clock is ignored") {
		s.known.clockError = 0
	}
	event := m.event(&s, c)
	wasClosure, wasDoc, wasRegress := s.now.closure, s.known.doc, s.known.regress
	if m.is("serve before the first read") && s.known.doc == nil {
		s.known.served, s.known.listed = true, true
	}
	if m.is("read before registering") && !s.read.asked.IsZero() || m.is("read before registering") && s.known.ever {
		s.row.since = modelAgo
	}
	if m.is("serve after registering, before reading") && c.event.kind == rowEvent && !c.event.failed {
		s.known.served, s.known.listed = true, true
	}
	if e, ok := event.(readDone); ok && m.is("a new store_id opens") && e.doc != nil && wasDoc != nil && e.doc.StoreID != wasDoc.StoreID {
		s.known.doc = nil
	}
	in := input{now: now, pace: time.Second, quiet: c.quiet || m.is("drained on adoption"), idle: c.idle, key: keyName(c.fresh)}
	s, out := m.set.step(s, event, in)
	if m.is("staleness opens") && !s.known.stale.IsZero() && s.now.closure != nil {
		s.now.closure, out.install = nil, wasClosure != nil
	}
	r := stepResult{
		install: out.install, read: out.read, put: out.put,
		open: s.now.closure == nil, alone: s.now.closure != nil && s.now.closure.alone, unregistered: s.row.since.IsZero(),
	}
	if out.install {
		r.replacedLess = (&snapshot{closure: wasClosure}).refusesLess(&snapshot{closure: s.now.closure})
	}
	r.breaks = m.breaksSix(c, &s, wasClosure, wasDoc, wasRegress)
	if out.put {
		row := m.set.fillRow(m.set.ownRow(modelEpoch), &s, counters{decided: tally{Open: {1}}}, in.pace)
		row.ID = s.row.key
		switch inForce := ids(s.inForce(now.Add(s.known.offset))); {
		case m.is("refuses by the clock, not by the snapshot") && c.quiet:
			row.Drained = inForce
		case m.is("drained as one boolean") && len(row.Drained) > 0:
			row.Drained = ids(s.known.doc.Periods)
		}
		r.row = m.addRow(row, keyIndex(s.row.key))
	}
	r.state = m.intern(s)
	m.calls[c] = r
	return r
}

func ids(periods []period.Period) []string {
	out := []string{}
	for _, p := range periods {
		out = append(out, p.ID)
	}
	slices.Sort(out)
	return out
}

func keyIndex(name string) uint8 { return 2*(name[0]-'a') + name[1] - '0' }

func (m *model) event(s *state, c stepCall) any {
	switch e := c.event; e.kind {
	case readEvent:
		done := readDone{n: s.read.n, asked: modelTime(e.asked), answered: modelTime(c.now)}
		if !s.row.since.IsZero() {
			s.row.since = modelAgo
			if e.before {
				s.row.since = modelFar
			}
		}
		d := m.docs[e.doc]
		done.blob = store.Blob{Token: d.token, Now: modelTime(e.sampled)}
		switch {
		case e.failed:
			done.err, done.blob = errModel, store.Blob{}
		case s.read.list:
			done.doc, done.listed, done.since = d.doc, true, modelEpoch.Add(-time.Hour)
			for _, id := range e.rows {
				if id != 0 {
					done.rows = append(done.rows, m.rows[id].row)
				}
			}
		case s.known.token == d.token:
			done.err = store.ErrUnchanged
		default:
			done.doc = d.doc
		}
		return done
	case rowEvent:
		done := rowDone{token: m.docs[e.token].token}
		if e.failed {
			done.err = errModel
		}
		if e.deleted {
			done.err = store.ErrRowDeleted
		}
		return done
	case fileEvent:
		return fileRead{value: e.value}
	case leaveEvent:
		return leave{}
	case stopEvent:
		return stop{}
	}
	return tick{}
}

// breaksSix says how a step breaks invariant I6; "" if it does not.
func (m *model) breaksSix(c stepCall, s *state, wasClosure *Closure, wasDoc, wasRegress *period.Document) string {
	now := modelTime(c.now).Add(s.known.offset)
	override, _, _ := m.set.overriding(s)
	opens := wasClosure != nil && s.now.closure == nil && override != directionUp
	switch {
	case wasDoc != nil && s.known.doc != wasDoc && s.known.doc != nil && !s.known.doc.Supersedes(wasDoc, wasRegress != nil):
		return "I6: adopts a document that does not continue its own"
	case opens && len(s.inForce(now)) > 0:
		return "I6: opens although a period is in force"
	case c.event.kind == readEvent && !c.event.failed && s.now.closure == nil && override != directionUp && len(m.docs[c.event.doc].doc.InForce(now)) > 0:
		return "I6: serves although it has read a document that refuses"
	}
	return ""
}

// intern returns the id of the state, without what only the timers need.
func (m *model) intern(s state) stateID {
	s.begun, s.seed, s.waited = modelFar, 1, true
	r := &s.read
	r.due, r.hinted, r.heard, r.owed, r.n, r.fails = time.Time{}, time.Time{}, 0, false, 1, 0
	r.again = r.again && !s.known.served
	if !r.busy && !r.asked.IsZero() {
		r.asked = modelAgo
	}
	k := &s.known
	k.listAfter, k.warning = time.Time{}, ""
	if k.err != nil {
		k.err = errModel
	}
	if m.policy == Keep {
		k.at, k.stale, k.lost, k.err = modelFar, time.Time{}, false, nil
	}
	w := &s.row
	w.seq, w.due, w.news, w.told, w.asked, w.warned = 0, time.Time{}, time.Time{}, period.Row{}, time.Time{}, false
	w.fails, w.registered = 0, false
	if w.err != nil {
		w.err = errModel
	}
	if !w.since.IsZero() {
		w.since, w.err = modelAgo, nil
	}
	if k.served {
		w.token = ""
	}
	s.file.due, s.file.busy, s.file.read = time.Time{}, false, true
	n := &s.now
	n.verdict, n.judgedAt, n.edge, n.look, n.pause, n.logged, n.overdue = period.Verdict{}, time.Time{}, time.Time{}, time.Time{}, 0, true, false
	n.closedAt = modelAgo
	ahead := period.Mark{}
	if k.ahead != nil {
		ahead = k.ahead.Mark()
	}
	closure := "open"
	if c := n.closure; c != nil {
		closure = fmt.Sprint(c.Cause, c.Override, c.Period, c.Since.Unix(), c.Until.Unix(), c.periods, c.alone)
	}
	name := fmt.Sprint(
		m.byPtr[k.doc], m.byPtr[k.regress], k.token, k.ever, k.served, k.listed, k.compared, ahead, k.at.Unix(), k.lost, k.stale.Unix(), k.offset, k.clockError,
		"|", r.late, r.again, r.busy, r.list, r.asked.Unix(), r.fails,
		"|", w.key, w.token, w.busy, w.registered, w.since.IsZero(), w.gaveUp, w.fails, w.err != nil,
		"|", s.file.value, s.file.since.Unix(), s.leaving, s.stopped,
		"|", closure, n.drained, n.quiet, n.override, n.keptSince.Unix(),
	)
	id, ok := m.sOf[name]
	if !ok {
		id = stateID(len(m.state))
		m.state = append(m.state, s)
		m.sOf[name] = id
	}
	return id
}

// local is the clock of an instance.
func (m *model) local(w *fleet, i int) int16 {
	if i == 0 {
		return w.now + m.skew
	}
	return w.now
}

// feed passes an event to an instance and carries out the output, as the follower does. It
// returns the invariant that breaks; "" if none does.
func (m *model) feed(w *fleet, i int, e happening, timers uint8) string {
	in := &w.in[i]
	for {
		retired := in.request == inRetired || in.request == inRetiredWaits
		r := m.step(stepCall{in.state, e, m.local(w, i), in.request != inRetiredWaits, !retired, timers, in.key | 1})
		if r.breaks != "" {
			return r.breaks
		}
		if r.install {
			m.replaced(in, r)
		}
		in.state = r.state
		if r.read {
			in.read = readFlight{on: true, before: r.unregistered, visible: in.visible, doc: w.doc, asked: m.local(w, i), sampled: w.now}
			if m.state[r.state].read.list {
				for k, s := range w.rows {
					if s.kind == present && uint8(k) != in.key {
						in.read.rows[k] = s.row
					}
				}
			}
		}
		if r.put {
			in.seq++
			key := m.rows[r.row].key
			if key != in.key {
				in.key, in.seq = key, 1
			}
			in.put = putFlight{stage: 1, since: m.state[r.state].file.value != directionUp, key: key, row: r.row, seq: in.seq, token: w.doc}
			if broken := m.breaksRow(w, i, r); broken != "" {
				return broken
			}
		}
		if !r.install {
			return ""
		}
		e, timers = happening{}, 0
	}
}

// replaced moves the running request to the replaced snapshots.
func (m *model) replaced(in *member, r stepResult) {
	switch in.request {
	case inCurrent:
		in.request = inRetired
		if r.replacedLess {
			in.request = inRetiredWaits
		}
	case inRetired, inRetiredWaits:
		if m.is("wait only for the last predecessor") {
			in.request = inRetired
			return
		}
		old, next := &snapshot{}, &snapshot{}
		if in.bypass {
			old.closure = &Closure{}
		}
		if !r.open {
			next.closure = &Closure{alone: r.alone}
		}
		if old.refusesLess(next) {
			in.request = inRetiredWaits
		}
	}
	if in.bypass && m.is("run does not wait for bypassed requests") && in.request == inRetiredWaits {
		in.request = inRetired
	}
}

// breaksRow checks the row that the instance sends against invariants I3 and I4.
func (m *model) breaksRow(w *fleet, i int, r stepResult) string {
	in, row := &w.in[i], &m.rows[r.row].row
	if row.StoreID == m.docs[w.doc].doc.StoreID && row.Revision > m.docs[w.doc].doc.Revision && w.may[mayRestore] == m.may[mayRestore] {
		return "I3: a row is ahead of the document"
	}
	if in.request == noRequest {
		return ""
	}
	for _, id := range row.Drained {
		p, _ := m.state[r.state].known.doc.Find(id)
		if !in.bypass || p.Bypass == period.Suspended {
			return fmt.Sprintf("I4: a row says that %s is drained, and a request that it covers runs", id)
		}
	}
	return ""
}

// steady returns an instance that has registered, read and reported.
func (m *model) steady(w *fleet, i int) member {
	in := &w.in[i]
	m.join(w, i)
	for range 8 {
		switch {
		case in.put.stage == 1:
			m.deliverPut(w, i)
		case in.put.stage == 2:
			m.answerPut(w, i)
		case in.read.on:
			m.answerRead(w, i, false)
		}
	}
	m.feed(w, i, happening{}, rowDue)
	m.deliverPut(w, i)
	return *in
}

// join starts an instance: its first step writes the row.
func (m *model) join(w *fleet, i int) string {
	in := &w.in[i]
	*in = member{life: running, key: uint8(2 * i)}
	var s state
	s.row.key = keyName(in.key)
	in.state = m.intern(s)
	return m.feed(w, i, happening{}, rowDue|readDue)
}

// deliverPut writes the row in the store. The answer to a gate that serves already comes at once.
func (m *model) deliverPut(w *fleet, i int) string {
	in := &w.in[i]
	if !m.write(w, in.put.key, in.put.row, in.put.seq) {
		in.put = putFlight{}
		return m.feed(w, i, happening{kind: rowEvent, deleted: true}, 0)
	}
	in.visible, in.void = true, in.void && !in.put.since
	if !m.is("the token is read before the row is visible") {
		in.put.token = w.doc
	}
	in.put.stage = 2
	if m.state[in.state].known.served {
		return m.answerPut(w, i)
	}
	return ""
}

// write writes a row. It returns false if there is a tombstone.
func (m *model) write(w *fleet, key uint8, row rowID, seq uint8) bool {
	s := &w.rows[key]
	if (s.kind == left || s.kind == forgotten) && !m.is("a late row replaces a tombstone") {
		return false
	}
	*s = slot{kind: present, row: row, seq: seq, seen: w.now, lease: w.now + modelLease}
	if w.since == noSet {
		w.since = w.now
	}
	return true
}

func (m *model) answerPut(w *fleet, i int) string {
	in := &w.in[i]
	token := in.put.token
	in.put = putFlight{}
	s := &m.state[in.state]
	in.fresh = in.fresh || s.known.ever && s.known.token == m.docs[token].token && !m.is("the token is read before the row is visible")
	return m.feed(w, i, happening{kind: rowEvent, token: token}, 0)
}

func (m *model) answerRead(w *fleet, i int, fails bool) string {
	in := &w.in[i]
	f := in.read
	in.read = readFlight{}
	in.fresh = in.fresh || !fails && f.visible
	return m.feed(w, i, happening{kind: readEvent, failed: fails, before: f.before, doc: f.doc, asked: f.asked, sampled: f.sampled, rows: f.rows}, 0)
}
