package protocol

import (
	"context"
	"slices"
	"time"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// This file checks the invariants of docs/fleet.md. The parties of the world call it before and after
// each step that an invariant is about.

// reading is what an instance knows since an instant: its document, and one that does not continue it.
type reading struct {
	at             time.Time
	known, regress *period.Document
}

// claim is a barrier that a coordinator has declared reached.
type claim struct {
	period    string
	suspended bool
	presumed  bool
	until     time.Time
	accepted  map[string]bool // keys of instances that it says nothing about
	byPolicy  map[string]bool
	over      bool
}

// sample is called while a read is at the store.
func (w *world) sample(who int) (doc *period.Document, visible bool) {
	w.watchRows()
	doc = w.document()
	w.mu.Lock()
	defer w.mu.Unlock()
	if m := w.member(who); m != nil {
		visible = m.visible
	}
	return doc, visible
}

// heard is called when the answer to a read arrives.
func (w *world) heard(who int, doc *period.Document, token store.Token, visible bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.member(who)
	if m == nil {
		return
	}
	m.fresh, m.token = m.fresh || visible, token
	r := reading{at: time.Now()}
	if n := len(m.read); n > 0 {
		r.known, r.regress = m.read[n-1].known, m.read[n-1].regress
	}
	if doc == r.known || doc == nil {
		return
	}
	if doc.Supersedes(r.known, r.regress != nil) {
		r.known, r.regress = doc, nil
	} else {
		r.regress = doc
	}
	m.read = append(m.read, r)
}

// confirmed is called when the answer to a row arrives, with the token that was read after it.
func (w *world) confirmed(who int, token store.Token) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if m := w.member(who); m != nil && token == m.token {
		m.fresh = true
	}
}

// sends is called when an instance sends its row: I3 and I4.
func (w *world) sends(who int, key string, b []byte) {
	doc := w.document()
	row, err := period.DecodeRow(key, b)
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.member(who)
	if err != nil || m == nil {
		return
	}
	if !w.lost && doc != nil && row.StoreID == doc.StoreID && row.Revision > doc.Revision || row.Seq <= m.seq[key] || row.Revision < m.rev[key] {
		w.breaksLocked("I3: the row of %s is ahead of the document, or goes back", m.name)
	}
	m.seq[key], m.rev[key] = row.Seq, row.Revision
	for _, id := range row.Drained {
		var p period.Period
		for _, d := range w.decoded { // the document may have moved on
			if found, ok := d.Find(id); ok && d.Revision == row.Revision && d.StoreID == row.StoreID {
				p = found
			}
		}
		if p.Kind == period.Window && w.now().Before(p.Start) {
			w.breaksLocked("I4: the row of %s says that %s is drained, and the period has not begun", m.name, id)
		}
		for _, bypassed := range m.running {
			if !bypassed || p.Bypass == period.Suspended {
				w.breaksLocked("I4: the row of %s says that %s is drained, and a request that it covers runs", m.name, id)
				break
			}
		}
	}
}

// written is called when a row has reached the store. It reports whether the store still holds the
// document of the token that it returned.
func (w *world) written(who int, key string, token store.Token, err error) bool {
	w.watchRows()
	blob, _ := w.store().Get(context.Background(), "")
	w.mu.Lock()
	defer w.mu.Unlock()
	if m := w.member(who); m != nil && err == nil {
		m.visible = w.rows[key].Life != 0
	}
	return token == blob.Token
}

// watchRows compares the rows of the store with those before: I8.
func (w *world) watchRows() {
	set, _ := w.store().ListRows(context.Background(), "")
	w.mu.Lock()
	defer w.mu.Unlock()
	now := map[string]store.Row{}
	for _, r := range set.Rows {
		now[r.Key] = r
	}
	for key, was := range w.rows {
		r, ok := now[key]
		switch {
		case was.Life == store.Deleted && (!ok || r.Life != store.Deleted):
			w.breaksLocked("I8: the tombstone of row %s is not final", key)
		case !ok && !w.lost:
			w.breaksLocked("I8: row %s has disappeared without a tombstone", key)
		}
	}
	w.rows = now
}

// admits is called when a request begins: I1, I2, I5 and I6.
func (w *world) admits(m *member, n int, bypassed bool) {
	now := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if m.crashed {
		return
	}
	m.running[n] = bypassed
	if m.void {
		return
	}
	if !m.fresh && !bypassed {
		w.breaksLocked("I5: %s admits a request before it has read the document as a registered instance", m.name)
	}
	if !bypassed && m.mustRefuse(now) {
		w.breaksLocked("I6: %s serves although it has read a document that refuses", m.name)
	}
	for _, c := range w.claims {
		if !bypassed || c.suspended {
			w.checkLocked(c, m)
		}
	}
}

// mustRefuse reports whether all that the instance knows since lag ago has a deployment in force.
func (m *member) mustRefuse(now time.Time) bool {
	refuses := func(r reading) bool {
		for _, d := range []*period.Document{r.known, r.regress} {
			for _, p := range d.InForce(now) {
				if p.Kind == period.Deployment {
					return true
				}
			}
		}
		return false
	}
	for _, r := range slices.Backward(m.read) {
		if !refuses(r) {
			return false
		}
		if time.Since(r.at) > lag {
			return true
		}
	}
	return false
}

func (w *world) leaves(m *member, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(m.running, n)
}

// transition checks that a gate opens only if its document lets it: I6.
func (w *world) transition(m *member, t core.Transition) {
	at := w.shifted(t.At)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sayLocked("%s: %s, revision %d", m.name, t.Kind, t.New.Revision)
	if t.Kind != "opened" || m.void || m.crashed || len(m.read) == 0 {
		return
	}
	last := m.read[len(m.read)-1]
	if t.New.Revision != last.known.Mark().Revision && last.known != nil {
		for _, r := range m.read {
			if r.known.Mark().Revision == t.New.Revision {
				last = r
			}
		}
	}
	if p := append(last.known.InForce(at), last.regress.InForce(at)...); len(p) > 0 {
		w.breaksLocked("I6: %s opens although %s is in force", m.name, p[0].ID)
	}
}

// declares is called when a coordinator says that the barrier is reached: I1.
func (w *world) declares(c *claim, sampled *period.Document) {
	p, ok := sampled.Find(c.period)
	now := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sayLocked("safe: %s, presumed: %t", c.period, c.presumed)
	if !ok || !p.Enabled {
		w.breaksLocked("I1: safe, about a period that is not in force")
		return
	}
	c.until = p.End
	w.claims = append(w.claims, c)
	if !c.until.IsZero() && !now.Before(c.until) {
		c.over = true
	}
	for _, m := range w.members {
		if !m.has(c.byPolicy) { // its older requests are unknown
			w.checkLocked(c, m)
		}
	}
}

// checkLocked checks the running requests of m against a claim.
func (w *world) checkLocked(c *claim, m *member) {
	if c.over = c.over || !c.until.IsZero() && !w.now().Before(c.until); c.over || m.crashed || m.void {
		return
	}
	if m.has(c.accepted) {
		return
	}
	for _, bypassed := range m.running {
		if bypassed && !c.suspended {
			continue
		}
		if m.has(c.byPolicy) {
			w.breaksLocked("I2: %s is presumed to refuse by its policy, and serves", m.name)
			return
		}
		w.breaksLocked("I1: %s is declared safe, and %s runs a request that it covers", c.period, m.name)
		return
	}
}

// has reports whether a row of m is among these.
func (m *member) has(keys map[string]bool) bool {
	for key := range m.seq {
		if keys[key] {
			return true
		}
	}
	return false
}

// ends is called before a write that may reopen the site.
func (w *world) ends(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sayLocked("an operator ends or disables %s", id)
	for _, c := range w.claims {
		c.over = c.over || c.period == id || id == ""
	}
}

// loses gives the store other rows, or another document.
func (w *world) loses(what string, change func()) {
	w.say("the store loses %s", what)
	w.mu.Lock()
	w.lost, w.rows = true, map[string]store.Row{}
	w.mu.Unlock()
	change()
}
