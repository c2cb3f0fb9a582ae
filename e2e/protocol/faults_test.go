package protocol

const module = "github.com/go-downtime/downtime"

// on is the condition that a fault is switched on.
func on(fault string) string { return `seam.Is("` + fault + `")` }

// edits add delays to the shipped code, and the faults behind switches. With all switches off, the
// edited code makes the same decisions as the shipped code.
var edits = []edit{
	// Delays between the steps of a request.
	{"core/admit.go", `	c.entered.Add(1)
	if g.current.Load() == s {
		return true
	}
`, `	seam.Point()
	if ` + on("load, then count") + ` {
		if g.current.Load() != s {
			return false
		}
		seam.Point()
		c.entered.Add(1)
		return true
	}
	c.entered.Add(1)
	seam.Point()
	if g.current.Load() == s || s.open() && ` + on("no second look in Enter") + ` || !s.open() && ` + on("no second look in Admit") + ` {
		return true
	}
`},
	{"core/admit.go", `		if c := s.admitted.of(r); g.enter(s, c) {
`, `		if c := s.admitted.of(r); g.enter(s, c) {
			if ` + on("leave through another cell") + ` {
				c = &s.admitted[0]
			}
`},
	{"core/ticket.go", `	if t.cell != nil {
		t.cell.left.Add(1)
`, `	if t.cell != nil {
		seam.Point()
		t.cell.left.Add(1)
`},
	// Delays between the steps of the follower. Its mutex is one that time passes under.
	{"core/follower.go", "	mu      sync.Mutex\n", "	mu      seam.Mutex\n"},
	{"core/follower.go", `	"sync"
`, ``},
	{"core/logqueue.go", "flush(mu *sync.Mutex)", "flush(mu sync.Locker)"},
	{"core/follower.go", "f.state.begun, f.state.seed = now, rand.Uint64()", "f.state.begun, f.state.seed = now, seam.Uint64()"},
	{"core/follower.go", `	"math/rand/v2"
`, ``},
	{"core/follower.go", `func (f *follower) handle(event any) {
`, `func (f *follower) handle(event any) {
	seam.Point()
`},
	{"core/follower.go", `	f.current.Store(next)
	if old.open() && !f.state.leaving {
`, `	early := retire(old, next)
	if ` + on("cells read before the swap") + ` {
		early.admitted.look()
	}
	seam.Point()
	f.current.Store(next)
	seam.Point()
	if old.open() && !f.state.leaving {
`},
	{"core/follower.go", `	f.retired = append(f.retired, retire(old, next))
`, `	switch {
	case ` + on("cells read before the swap") + `:
		f.retired = append(f.retired, early)
	case ` + on("wait only for the last predecessor") + `:
		f.retired = []*retired{retire(old, next)}
	default:
		f.retired = append(f.retired, retire(old, next))
	}
`},
	{"core/cell.go", `		left := c.left.Load()
		if c.entered.Load() != left {
`, `		left := c.left.Load()
		if q.from == 0 {
			seam.Point()
		}
		if c.entered.Load() != left {
`},
	{"core/follower.go", "		in.quiet = in.quiet && (admitted || !r.waits)\n", "		in.quiet = in.quiet && (admitted || !r.waits || " + on("drained on adoption") + ")\n"},
	{"core/snapshot.go", "	return next.closure.alone && !s.closure.alone\n", "	return next.closure.alone && !s.closure.alone && !" + on("run does not wait for bypassed requests") + "\n"},
	{"core/row.go", "	row.Drained = append([]string{}, s.now.drained...)\n", `	row.Drained = append([]string{}, s.now.drained...)
	if ` + on("drained as one boolean") + ` && len(row.Drained) > 0 || ` + on("refuses by the clock, not by the snapshot") + ` && s.known.doc != nil {
		row.Drained = nil
		for _, p := range s.known.doc.Periods {
			if ` + on("drained as one boolean") + ` || p.InForce(time.Now().Add(s.known.offset)) {
				row.Drained = append(row.Drained, p.ID)
			}
		}
		slices.Sort(row.Drained)
	}
`},
	{"core/step.go", "	c := conclude(f, in.now)\n", `	c := conclude(f, in.now)
	if ` + on("staleness opens") + ` && !k.stale.IsZero() {
		c.closure = nil
	}
`},
	{"core/stepread.go", "	if e.doc.Supersedes(k.doc, k.regress != nil) {\n", "	if e.doc.Supersedes(k.doc, k.regress != nil) || " + on("a new store_id opens") + " && e.doc.StoreID != k.doc.StoreID {\n"},
	{"core/stepread.go", "		k.offset, k.clockError = storeOffset(e.blob.Now, e.asked, e.answered)\n", `		k.offset, k.clockError = storeOffset(e.blob.Now, e.asked, e.answered)
		if ` + on("the error of the clock is ignored") + ` {
			k.clockError = 0
		}
`},
	{"core/state.go", "	return k.served && k.ahead == nil && (", "	return " + on("serve before the first read") + " && !k.ever || k.served && k.ahead == nil && ("},
	{"core/stepread.go", "!s.row.since.IsZero() && !e.asked.Before(s.row.since) {\n", "!s.row.since.IsZero() && (!e.asked.Before(s.row.since) || " + on("read before registering") + ") {\n"},
	{"core/stepread.go", "	if row := &s.row; r.asked.IsZero() && row.busy", "	if row := &s.row; !" + on("read before registering") + " && r.asked.IsZero() && row.busy"},
	{"core/steprow.go", "s.known.ever && e.token != \"\" && e.token == s.known.token {\n", "s.known.ever && (" + on("read before registering") + " || e.token != \"\" && e.token == s.known.token) {\n"},
	{"core/steprow.go", "		r.due = in.now.Add(s.spread(renewEvery))\n", `		r.due = in.now.Add(s.spread(renewEvery))
		if ` + on("serve after registering, before reading") + ` {
			s.known.served, s.known.listed = true, true
		}
`},
	{"core/shutdown.go", `	err := f.idle(ctx)
	f.handle(stop{})
	if err == nil {
`, `	err := f.idle(ctx)
	if ` + on("deregister before quiet") + ` {
		err = nil
	}
	f.handle(stop{})
	if err == nil && !` + on("deregister before quiet") + ` {
`},
	{"core/conclude.go", "	case f.stopped:\n", "	case f.stopped && !" + on("admit after the row is deleted") + ":\n"},

	// The store.
	{"store/memstore/rows.go", `	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.pruneLocked()
	if s.rows[key].Life == store.Deleted {
		return "", now, store.ErrRowDeleted
	}
`, `	s.mu.Lock()
	defer s.mu.Unlock()
	token := s.token
	if ` + on("the token is read before the row is visible") + ` {
		s.mu.Unlock()
		seam.Sleep(700 * time.Millisecond)
		s.mu.Lock()
	}
	now := s.pruneLocked()
	if s.rows[key].Life == store.Deleted && !` + on("a late row replaces a tombstone") + ` {
		return "", now, store.ErrRowDeleted
	}
`},
	{"store/memstore/rows.go", "	return s.token, now, nil\n", "	return token, now, nil\n"},
	{"store/memstore/rows.go", "	now := time.Now()\n", `	now := time.Now()
	if ` + on("a lease is the time to live of its row") + ` {
		maps.DeleteFunc(s.rows, func(_ string, row store.Row) bool { return row.Life == store.Live && !row.Lease.After(now) })
	}
`},
	{"store/memstore/memstore.go", "	token := store.TokenOf(next)\n", `	token := store.TokenOf(next)
	if ` + on("counter as token") + ` {
		_, rest, _ := strings.Cut(string(next), "\"revision\":")
		revision, _, _ := strings.Cut(rest, ",")
		token = store.TokenOf([]byte(strings.TrimSpace(revision)))
	}
`},
	{"store/memstore/memstore.go", `	"sync"
	"time"
`, `	"strings"
	"sync"
	"time"
`},

	// The operator.
	{"operator/fleet.go", "	for _, r := range set.Rows {\n		i := j.instance(r)\n", `	for _, r := range set.Rows {
		if _, ok := seen[r.Key]; !ok && b.Mark.Revision > 0 && ` + on("members only from before the write") + ` {
			continue
		}
		i := j.instance(r)
`},
	{"operator/wait.go", "	b.Seen = slices.Clone(b.Seen)\n", `	b.Seen = slices.Clone(b.Seen)
	if ` + on("members only from after the write") + ` {
		b.Seen = nil
	}
	if ` + on("a later period is taken for its own") + ` {
		b.Period, b.Mark = period.Period{}, period.Mark{}
	}
	var first store.Blob
`},
	{"operator/wait.go", "		j := Judge(set, err, b)\n", `		if first.Bytes == nil {
			first = set.Blob
		} else if ` + on("the document is not read again") + ` {
			set.Blob.Bytes, set.Blob.Token = first.Bytes, first.Token
		}
		j := Judge(set, err, b)
`},
	{"operator/wait.go", "	at := make(map[string]int, len(b.Seen))\n", `	if ` + on("members only from before the write") + ` {
		return
	}
	at := make(map[string]int, len(b.Seen))
`},
	{"operator/fleet.go", "	if rowsValid(err) {\n", "	if rowsValid(err) && !" + on("a vanished row is ignored") + " {\n"},
	{"operator/barrier.go", "	case j.Since.IsZero() || j.Time.Sub(j.Since) < youngSet:\n", "	case (j.Since.IsZero() || j.Time.Sub(j.Since) < youngSet) && !" + on("a young set of rows is ignored") + ":\n"},
	{"operator/barrier.go", "	case i.Silent():\n		return j.silent(i, b)\n", `	case i.Silent() && ` + on("an expired lease counts as drained") + `:
		return Done, ""
	case i.Silent():
		return j.silent(i, b)
`},
	{"operator/barrier.go", "	case j.IsDrained(i) && i.Revision >= b.Mark.Revision:\n", "	case j.IsDrained(i) && (i.Revision >= b.Mark.Revision || " + on("the revision of a row is ignored") + "):\n"},
	{"operator/instance.go", "	case i.StoreID != d.StoreID, i.Revision < d.CloseRev:\n", "	case i.StoreID != d.StoreID, i.Revision < d.CloseRev && !" + on("close_rev is ignored") + " && !" + on("the revision of a row is ignored") + ":\n"},
	{"operator/barrier.go", "!i.Lease.Add(b.AcceptSilent).After(b.Read) {\n", "(!i.Lease.Add(b.AcceptSilent).After(b.Read) || " + on("accepts instances that went silent during the wait") + ") {\n"},
	{"operator/barrier.go", "		if from.Before(b.Confirmed) {\n", "		if from.Before(b.Confirmed) && !" + on("the policy counts from the lease alone") + " {\n"},
	{"operator/barrier.go", `		return Accepted, "was forgotten"
`, `		if ` + on("forget makes safe") + ` {
			return Done, ""
		}
		return Accepted, "was forgotten"
`},
	{"operator/during.go", "		case p.RunID != \"\" && life == store.Live:\n", "		case p.RunID != \"\" && life == store.Live && !" + on("two runs of one holder") + ":\n"},
	{"operator/during.go", "	p.End, p.RunID = time.Time{}, run.ID\n", `		p.End = time.Time{}
		if run.TakenOver == "" || !` + on("take-over without a run id") + ` {
			p.RunID = run.ID
		}
`},
	{"operator/during.go", "	return err == nil && d.Periods[i].RunID == r.ID\n", "	return err == nil && (d.Periods[i].RunID == r.ID || " + on("take-over without a run id") + ")\n"},
}
