//go:build !race

package core

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// The barrier protocol, checked exhaustively. The model has a store, up to three instances, a
// coordinator that takes the site down and waits, and a second operator. A breadth-first search
// visits every order of their steps and of faults: a crash, a lost message, a late row, a lost set
// of rows, an override, an older document that is put back. docs/fleet.md has the protocol and its
// invariants.
//
// The model runs the code, not a copy of it. [settings.step] decides for each instance, with
// [settings.fillRow] for its rows and refusesLess for its snapshots. [operator.Judge] decides for
// the coordinator, on encoded documents and rows. The results of these pure functions are
// remembered, so that a search of 100,000 states takes seconds. The search replaces the timers of
// step: a read, a row and a look at the clock are steps that may happen at any time, or never.
//
// These parts are the model's own: the request path, whose order of memory accesses
// drain_model_test.go checks on the real cells; the store, whose promises package storetest checks with
// the same mutants; and the loop around Judge.

var modelEpoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func modelTime(seconds int16) time.Time { return modelEpoch.Add(time.Duration(seconds) * time.Second) }

const (
	modelInstances = 3
	modelKeys      = 2 * modelInstances // an instance whose row was deleted takes a second key
	modelLease     = int16(leaseTime / time.Second)
	noSet          = int16(-30000) // Since of a set of rows that does not exist
	oldSet         = int16(-3600)
)

// IDs are indices into the tables of a model. 0 is none.
type (
	docID   uint8
	rowID   uint16
	stateID uint32
)

// slot is one row in the store.
type slot struct {
	kind        uint8 // see below
	row         rowID
	seq         uint8
	seen, lease int16
	life        store.Life // only in listings
}

const (
	present   uint8 = 1 + iota
	left            // a tombstone of an instance that was shut down
	forgotten       // a tombstone that an operator left
)

// readFlight is a read that was sampled at the store and whose answer is on its way.
type readFlight struct {
	on, before, visible bool // before: it began before the row was written; visible: and the row was visible
	doc                 docID
	asked, sampled      int16 // asked by the clock of the instance
	rows                [modelKeys]rowID
}

// putFlight is a write of a row.
type putFlight struct {
	stage uint8 // 0: none; 1: on its way; 2: written, and the answer is on its way
	since bool  // it was made after the last override "up" ended
	key   uint8
	row   rowID
	seq   uint8
	token docID
}

// lateRow is a write of a row that its instance has given up, and that still reaches the store.
type lateRow struct {
	on  bool
	key uint8
	row rowID
	seq uint8
}

const (
	absent uint8 = iota
	running
	leaving // Shutdown waits for requests
	halted  // Shutdown has waited
	exited
	crashed
)

// How a snapshot counts the request that runs.
const (
	noRequest      uint8 = iota
	inCurrent            // the installed snapshot counts it
	inRetired            // a replaced one, which no drain waits for
	inRetiredWaits       // a replaced one, which a drain waits for
)

type member struct {
	life    uint8
	key     uint8
	state   stateID
	seq     uint8
	request uint8
	bypass  bool // a predicate let the request pass
	read    readFlight
	put     putFlight
	late    lateRow
	visible bool // its row was visible once
	fresh   bool // it has adopted a document that it read while its row was visible
	void    bool // an override said "up", and no row of a later state was written
}

const (
	idle uint8 = iota
	based
	waiting
	declared
	over // an operator has reopened the site, or the period has ended
)

type coordinator struct {
	phase           uint8
	read, confirmed int16
	base, mark      docID
	seen            [modelKeys]slot
	result          uint8
	until           int16
	accepted        uint8 // a bit for each instance
	byPolicy        uint8
	silent          uint8 // the keys that were silent in the base
}

// The environment can do each of these only so many times.
const (
	mayCrash = iota
	mayJoin
	mayAdvance
	mayLate
	mayFail
	mayOperate
	mayLeave
	mayLose
	mayOverride
	mayForget
	mayRestore
	mayBypass
	mayRequest
	budgets
)

type fleet struct {
	now, since int16
	doc        docID
	rows       [modelKeys]slot
	in         [modelInstances]member
	co         coordinator
	may        [budgets]uint8
	forget     uint8 // keys that an operator is about to forget
}

// modelDoc is one document.
type modelDoc struct {
	doc   *period.Document // as a gate decodes it
	bytes []byte
	token store.Token
}

type modelRow struct {
	row   period.Row
	key   uint8
	bytes map[uint8][]byte // by seq
}

// scenario is what one search may do.
type scenario struct {
	instances int
	joiner    bool
	policy    StoreLostPolicy
	maxStale  time.Duration
	slow      bool  // a read of a gate that serves is answered later; else at once: rows may be late anyway
	prompt    bool  // an instance never stands still: its timers fire in time
	advance   int16 // seconds of one step of the clock
	skew      int16 // how far the clock of instance 0 is ahead
	dead      bool  // the store knows that a crashed instance is dead
	window    [2]int16
	period    string // that the coordinator waits for: "d", a deployment that it begins, or "w", a window
	look      bool   // it judges without a write, as the list of the fleet does
	suspends  bool   // the deployment suspends bypasses, as that of a run
	accept    bool   // the coordinator accepts silent instances
	operate   []string
	may       map[int]uint8
}

// model is one search.
type model struct {
	scenario

	fault string
	set   *settings
	docs  []modelDoc
	docOf map[string]docID
	byPtr map[*period.Document]docID
	rows  []modelRow
	rowOf map[string]rowID
	state []state
	sOf   map[string]stateID
	calls map[stepCall]stepResult
	judge map[judgeKey]judgeResult
	plans map[plan]docID
}

func (m *model) is(faults ...string) bool { return slices.Contains(faults, m.fault) }

func keyName(key uint8) string {
	return string(rune('a'+key/2)) + strconv.Itoa(int(key%2))
}

// addDoc returns the id of the document with this content, written by this writer. Two writers
// never write the same document.
func (m *model) addDoc(d period.Document, writer string) docID {
	d.WriteID = ""
	content, err := json.Marshal(d)
	if err != nil {
		panic(err)
	}
	name := writer + string(content)
	if id, ok := m.docOf[name]; ok {
		return id
	}
	d.Format = period.Format
	d.Seal()
	b, err := d.Fit(store.MaxBytes)
	if err != nil {
		panic(err)
	}
	decoded, err := period.DecodeWithoutLog(b)
	if err != nil {
		panic(err)
	}
	token := store.TokenOf(b)
	if m.is("counter as token") {
		token = store.Token(strconv.FormatInt(d.Revision, 10))
	}
	id := docID(len(m.docs))
	m.docs = append(m.docs, modelDoc{decoded, b, token})
	m.docOf[name], m.byPtr[decoded] = id, id
	return id
}

func (m *model) addRow(r period.Row, key uint8) rowID {
	r.Seq = 0
	b, err := r.Encode()
	if err != nil {
		panic(err)
	}
	name := string(b)
	id, ok := m.rowOf[name]
	if !ok {
		id = rowID(len(m.rows))
		m.rows = append(m.rows, modelRow{row: r, key: key, bytes: map[uint8][]byte{}})
		m.rowOf[name] = id
	}
	return id
}

// encoded is the row with this seq as the store keeps it.
func (m *model) encoded(id rowID, seq uint8) []byte {
	r := &m.rows[id]
	b, ok := r.bytes[seq]
	if !ok {
		row := r.row
		row.Seq = int64(seq)
		var err error
		if b, err = row.Encode(); err != nil {
			panic(err)
		}
		r.bytes[seq] = b
	}
	return b
}

// plan is one change of the document. It is a pure function of the document, as the changes of an
// operator are.
type plan struct {
	from docID
	op   string
	who  string
}

// next returns the document after an operation; 0 if the operation is not possible.
func (m *model) next(p plan) docID {
	if id, ok := m.plans[p]; ok {
		return id
	}
	prev := m.docs[p.from].doc
	d := *prev
	d.Periods = slices.Clone(prev.Periods)
	d.Revision++
	find := func(id string) int {
		return slices.IndexFunc(d.Periods, func(p period.Period) bool { return p.ID == id })
	}
	op, id, _ := strings.Cut(p.op, " ")
	i, possible := find(id), true
	switch {
	case op == "start" && i < 0:
		q := period.Period{ID: id, Kind: period.Deployment, Start: modelEpoch, Enabled: true, Version: 1, Holder: p.who}
		if m.suspends && id == "d" {
			q.Bypass = period.Suspended
		}
		d.Periods = append(d.Periods, q)
	case op == "end" && i >= 0:
		d.Periods = slices.Delete(d.Periods, i, i+1)
	case op == "disable" && i >= 0 && d.Periods[i].Enabled, op == "enable" && i >= 0 && !d.Periods[i].Enabled:
		d.Periods[i].Enabled = op == "enable"
		d.Periods[i].Version++
	case op == "shorten" && i >= 0 && d.Periods[i].End.Equal(modelTime(m.window[1])):
		d.Periods[i].End = d.Periods[i].End.Add(-time.Duration(m.advance) * time.Second)
		d.Periods[i].Version++
	default:
		possible = false
	}
	var next docID
	if possible {
		if period.Grew(prev, &d) {
			d.CloseRev = d.Revision
		}
		next = m.addDoc(d, p.who)
	}
	m.plans[p] = next
	return next
}

func newModel(s scenario, fault string) (*model, fleet) {
	m := &model{
		scenario: s, fault: fault, docOf: map[string]docID{}, byPtr: map[*period.Document]docID{}, rowOf: map[string]rowID{},
		sOf: map[string]stateID{}, calls: map[stepCall]stepResult{}, judge: map[judgeKey]judgeResult{}, plans: map[plan]docID{},
		docs: make([]modelDoc, 1), rows: make([]modelRow, 1), state: make([]state, 1),
	}
	m.set = modelSettings(s)
	var w fleet
	w.since = oldSet
	first := period.Document{StoreID: "s", Revision: 1, Periods: []period.Period{}}
	if s.window != [2]int16{} {
		p := period.Period{ID: "w", Kind: period.Window, Start: modelTime(s.window[0]), End: modelTime(s.window[1]), Enabled: true, Version: 1}
		first.Periods, first.CloseRev = []period.Period{p}, 1
	}
	w.doc = m.addDoc(first, "init")
	for k, n := range s.may {
		w.may[k] = n
	}
	for i := range s.instances {
		w.in[i] = m.steady(&w, i)
	}
	return m, w
}

// describe is one line about the fleet, for a counterexample.
func (m *model) describe(w *fleet) string {
	var b strings.Builder
	d := m.docs[w.doc].doc
	fmt.Fprintf(&b, "t=%d document r%d", w.now, d.Revision)
	for _, p := range d.Periods {
		fmt.Fprintf(&b, " %s", p.ID)
		if !p.Enabled {
			b.WriteString("(disabled)")
		}
	}
	for i, in := range w.in {
		if in.life == absent {
			continue
		}
		s := &m.state[in.state]
		fmt.Fprintf(&b, "; %s", keyName(uint8(2 * i))[:1])
		switch {
		case in.life == crashed:
			b.WriteString(" crashed")
		case in.life == exited:
			b.WriteString(" exited")
		case s.now.closure == nil:
			b.WriteString(" open")
		default:
			fmt.Fprintf(&b, " refuses (%v)", s.now.closure.Cause)
		}
		fmt.Fprintf(&b, " r%d", s.known.doc.Mark().Revision)
		if in.request != noRequest {
			b.WriteString(" request")
		}
		if r := w.rows[in.key]; r.kind == present {
			row := m.rows[r.row].row
			fmt.Fprintf(&b, " [row: %s r%d drained%v]", row.State, row.Revision, row.Drained)
		}
	}
	return b.String()
}

var judgments = []operator.Safety{
	"", operator.Safe, operator.Presumed, operator.NotDrained, operator.NoInstance, operator.Superseded, operator.Unknown,
}
