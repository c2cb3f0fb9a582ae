package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/go-downtime/downtime/core"
)

// logChecks are for a [core.Journal]; other stores skip them.
var logChecks = []check{
	{"begins without entries", noEntries},
	{"gives back an entry of each write, the newest first", entryRoundTrip},
	{"gives back every character and microsecond of an entry", entryCharacters},
	{"gives back the largest entry", entryLargest},
	{"gives back as many entries as are wanted", entryLimit},
	{"keeps MaxEntries entries", entriesBounded},
	{"writes no entry beside a refused write", entryOfRefused},
	{"writes no entry where none is given", entryOfNothing},
	{"keeps copies of entries", entryCopies},
	{"logs what the operator functions do", entriesOfOperators},
	{"loses no entry of concurrent writers", entriesConcurrent},
	{"shows one handle's entries to the other", entriesTwoHandles},
	{"obeys an ended context of entries", entriesEnded},
}

// journal skips the check if st is none.
func journal(t reporter, st core.Store) core.Journal {
	t.Helper()
	j, ok := st.(core.Journal)
	if !ok {
		t.Skip("the store is no core.Journal")
	}
	return j
}

// entries fails the check unless they can be read.
func (e *env) entries(t reporter, st core.Store, limit int) []core.Entry {
	t.Helper()
	entries, err := journal(t, st).Entries(e.ctx, limit)
	if err != nil {
		t.Fatalf("Entries(%d): %v", limit, err)
	}
	if entries == nil {
		t.Fatalf("Entries(%d) are nil, want an empty slice at least", limit)
	}
	return entries
}

// entry is one with a value in every field, of the write of d.
func entry(d *core.Document) core.Entry {
	before, after := full("a"), window("a")
	return core.Entry{
		Time: when, Revision: d.Revision, WriteID: d.WriteID, Action: core.ActionEdit,
		Actor: "ann", Origin: "command on web-1", HandEdited: true,
		Changes: []core.Change{{Before: &before, After: &after}, {Before: &before}, {After: &after}}, Omitted: 3,
	}
}

// log fails the check unless next could be written with its entry.
func (e *env) log(t reporter, st core.Store, base core.Mark, next *core.Document, entry core.Entry) {
	t.Helper()
	if err := st.Commit(e.ctx, base, next, entry); err != nil {
		t.Fatalf("Commit of revision %d with an entry: %v", next.Revision, err)
	}
}

// requireEntries fails t unless got are those of want, which are in the order of writing.
func requireEntries(t reporter, want []core.Entry, got []core.Entry) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d entries, want %d", len(got), len(want))
	}
	for i := range got {
		if w := want[len(want)-1-i]; !reflect.DeepEqual(got[i], w) {
			t.Fatalf("got as entry %d, the newest first,\n%s, want\n%s", i, describe(got[i]), describe(w))
		}
	}
}

// describe shows what pointers lead to.
func describe(e core.Entry) string {
	var b strings.Builder
	changes := e.Changes
	e.Changes = nil
	fmt.Fprintf(&b, "%+v", e)
	if changes == nil {
		b.WriteString(" no Changes (nil)")
	}
	for _, c := range changes {
		for name, p := range map[string]*core.Period{"before": c.Before, "after": c.After} {
			if p != nil {
				fmt.Fprintf(&b, " %s %+v", name, *p)
			}
		}
	}
	return b.String()
}

func noEntries(t reporter, e *env) {
	st := e.open()
	if n := len(e.entries(t, st, 0)); n > 0 {
		t.Fatalf("a new store has %d entries, want none", n)
	}
}

func entryRoundTrip(t reporter, e *env) {
	st := e.open()
	journal(t, st)
	var want []core.Entry
	base := core.Mark{}
	for n := range int64(3) {
		next := document(n + 1)
		w := entry(next)
		w.Time = when.Add(-time.Duration(n) * time.Hour) // the order is that of writing
		if n == 1 {
			w = core.Entry{Time: when, Revision: next.Revision, WriteID: next.WriteID, Action: core.ActionInit, Changes: []core.Change{}}
		}
		e.log(t, st, base, next, w)
		want = append(want, w)
		base = e.load(t, st, core.Mark{}).Mark
		requireEntries(t, want, e.entries(t, st, 0))
	}
	// What follows is what was written later, also after Reconcile or in a restored backup.
	for _, revision := range []int64{1000, 2} {
		next := document(revision)
		e.log(t, st, base, next, entry(next))
		want = append(want, entry(next))
		base = e.load(t, st, core.Mark{}).Mark
	}
	requireEntries(t, want, e.entries(t, st, 0))
}

func entryCharacters(t reporter, e *env) {
	st := e.open()
	journal(t, st)
	base := core.Mark{}
	for name, text := range texts {
		next := document(base.Revision + 1)
		w := entry(next)
		w.Actor, w.Origin = text, text+text
		p := full("a")
		p.Reason = text
		p.Start = when.Truncate(time.Second).Add(999_999 * time.Microsecond)
		w.Changes = []core.Change{{After: &p}}
		w.Time = p.Start
		e.log(t, st, base, next, w)
		got := e.entries(t, st, 1)
		if len(got) != 1 {
			t.Fatalf("%s: got %d entries, want the last one", name, len(got))
		}
		if !reflect.DeepEqual(got[0], w) {
			t.Fatalf("%s: got entry %s, want %s", name, describe(got[0]), describe(w))
		}
		base = e.load(t, st, core.Mark{}).Mark
	}
}

func entryLargest(t reporter, e *env) {
	st := e.open()
	journal(t, st)
	p := full(strings.Repeat("Z", core.MaxIDLen))
	p.Reason = strings.Repeat("\x01", core.MaxReasonLen) // six bytes each
	next := document(1)
	w := entry(next)
	w.Changes = nil
	for {
		more := append(w.Changes, core.Change{Before: &p, After: &p})
		larger := w
		larger.Changes = more
		if b, err := core.EncodeEntry(larger); err != nil || len(b) > core.MaxEntry {
			break
		}
		w = larger
	}
	e.log(t, st, core.Mark{}, next, w)
	requireEntries(t, []core.Entry{w}, e.entries(t, st, 0))
}

func entryLimit(t reporter, e *env) {
	st := e.open()
	journal(t, st)
	var want []core.Entry
	base := core.Mark{}
	for n := range int64(5) {
		next := document(n + 1)
		e.log(t, st, base, next, entry(next))
		want = append(want, entry(next))
		base = e.load(t, st, core.Mark{}).Mark
	}
	for _, limit := range []int{1, 2, 5, 6, core.MaxEntries, core.MaxEntries + 1} {
		requireEntries(t, want[max(0, len(want)-limit):], e.entries(t, st, limit))
	}
	for _, limit := range []int{0, -1} {
		requireEntries(t, want, e.entries(t, st, limit)) // means all
	}
}

func entriesBounded(t reporter, e *env) {
	// As many writes as this one makes take their time, where each of them waits for a disk.
	patient := *e
	ctx, cancel := context.WithTimeout(context.WithoutCancel(e.ctx), 10*e.timeout)
	defer cancel()
	patient.ctx, e = ctx, &patient
	st := e.open()
	journal(t, st)
	const more = 3
	base := core.Mark{}
	for n := range int64(core.MaxEntries + more) {
		next := document(n + 1)
		w := core.Entry{Time: when, Revision: next.Revision, WriteID: next.WriteID, Action: core.ActionInit, Changes: []core.Change{}}
		e.log(t, st, base, next, w)
		base = e.load(t, st, core.Mark{}).Mark
	}
	for _, limit := range []int{0, core.MaxEntries + more} {
		got := e.entries(t, st, limit)
		if len(got) != core.MaxEntries {
			t.Fatalf("Entries(%d) after %d writes are %d, want %d", limit, core.MaxEntries+more, len(got), core.MaxEntries)
		}
		for i, g := range got {
			if want := int64(core.MaxEntries + more - i); g.Revision != want {
				t.Fatalf("entry %d, the newest first, is of revision %d, want %d", i, g.Revision, want)
			}
		}
	}
}

func entryOfRefused(t reporter, e *env) {
	st := e.open()
	journal(t, st)
	first := document(1, window("a"))
	e.log(t, st, core.Mark{}, first, entry(first))
	state := e.load(t, st, core.Mark{})
	next := after(state.Document)
	for name, base := range variations(state.Mark) {
		requireConflict(t, st.Commit(e.ctx, base, next, entry(next)), "Commit over "+name)
	}
	requireConflict(t, st.Commit(e.ctx, core.Mark{}, next, entry(next)), "Commit with a zero base over a document")
	twice := after(state.Document, window("a"))
	if err := st.Commit(e.ctx, state.Mark, twice, entry(twice)); err == nil {
		t.Fatalf("Commit of an id twice: no error, want one")
	}
	large := entry(next)
	large.Actor = strings.Repeat("a", core.MaxEntry)
	if err := st.Commit(e.ctx, state.Mark, next, large); err == nil {
		t.Fatalf("Commit with an entry that EncodeEntry refuses: no error, want one")
	}
	ctx, cancel := context.WithCancel(e.ctx)
	cancel()
	if err := st.Commit(ctx, state.Mark, next, entry(next)); err == nil {
		t.Fatalf("Commit under a cancelled context: no error, want one")
	}
	requireSame(t, first, e.load(t, st, core.Mark{}).Document)
	requireEntries(t, []core.Entry{entry(first)}, e.entries(t, st, 0))
}

func entryOfNothing(t reporter, e *env) {
	st, first := e.written(t, window("a"))
	second := after(first.Document)
	e.log(t, st, first.Mark, second, entry(second))
	e.commit(t, st, e.load(t, st, core.Mark{}).Mark, document(3))
	requireEntries(t, []core.Entry{entry(second)}, e.entries(t, st, 0))
}

func entryCopies(t reporter, e *env) {
	st := e.open()
	journal(t, st)
	first := document(1)
	given, want := entry(first), entry(first)
	e.log(t, st, core.Mark{}, first, given)
	given.Changes[0].After.Reason = "changed"
	given.Changes[1] = core.Change{}
	requireEntries(t, []core.Entry{want}, e.entries(t, st, 0))
}

// entriesOfOperators looks at the log as people do.
func entriesOfOperators(t reporter, e *env) {
	st := e.open()
	journal(t, st)
	must := func(res core.Result, err error) core.Period {
		t.Helper()
		if err != nil {
			t.Fatalf("an operator function: %v", err)
		}
		return res.Period
	}
	must(core.Init(e.ctx, st, core.InitOptions{Actor: "root", Origin: "command on web-1"}))
	must(core.Start(e.ctx, st, core.StartOptions{Holder: "ann", Origin: "page from 192.0.2.7"}))
	must(core.Start(e.ctx, st, core.StartOptions{Holder: "ann", Actor: "bob", Emergency: new(true)}))
	must(core.End(e.ctx, st, core.EndOptions{Holder: "ann"}))
	planned := must(core.Schedule(e.ctx, st, core.WindowOptions{Actor: "ann", Start: when.AddDate(100, 0, 0)}))
	must(core.Edit(e.ctx, st, planned.ID, core.EditOptions{Actor: "bob", Reason: new("x")}))
	must(core.Cancel(e.ctx, st, planned.ID, core.CancelOptions{Actor: "cat"}))
	if _, err := core.Cancel(e.ctx, st, planned.ID, core.CancelOptions{Actor: "cat"}); !errors.Is(err, core.ErrNotFound) {
		t.Fatalf("Cancel of what is gone: %v, want ErrNotFound", err)
	}
	must(core.Reconcile(e.ctx, st, core.ReconcileOptions{Actor: "root"}))
	want := []string{
		"reconcile by root: ", "cancel by cat: -", "edit by bob: ~", "schedule by ann: +", "end by ann: -", "change by bob: ~", "start by ann: +", "init by root: ",
	}
	var got []string
	for _, entry := range e.entries(t, st, 0) {
		line := fmt.Sprintf("%s by %s: ", entry.Action, entry.Actor)
		for _, c := range entry.Changes {
			switch {
			case c.Before == nil:
				line += "+"
			case c.After == nil:
				line += "-"
			default:
				line += "~"
			}
		}
		got = append(got, line)
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("the log is %q, want %q", got, want)
	}
}

// entriesConcurrent: whoever wins, the log has one entry for each revision, in order.
func entriesConcurrent(t reporter, e *env) {
	st := e.open()
	journal(t, st)
	handles := e.handles(st)
	first := document(1)
	e.log(t, st, core.Mark{}, first, entry(first))
	var wg sync.WaitGroup
	errs := make([]error, writers)
	for i := range writers {
		wg.Go(func() {
			for j := range writesPerWriter {
				o := core.StartOptions{Holder: number(i), Reason: new(number(j))}
				if _, err := core.Start(e.ctx, handles[i%len(handles)], o); err != nil {
					errs[i] = err
					return
				}
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatalf("a concurrent start: %v", err)
	}
	got := e.entries(t, st, 0)
	if len(got) != 1+writers*writesPerWriter {
		t.Fatalf("got %d entries of %d writes", len(got), 1+writers*writesPerWriter)
	}
	if last := e.load(t, st, core.Mark{}).Document; got[0].WriteID != last.WriteID {
		t.Fatalf("the newest entry is of write %s, want that of the document, %s", got[0].WriteID, last.WriteID)
	}
	for i, g := range got {
		if want := int64(len(got) - i); g.Revision != want {
			t.Fatalf("entry %d, the newest first, is of revision %d, want %d", i, g.Revision, want)
		}
	}
}

func entriesTwoHandles(t reporter, e *env) {
	if e.second == nil {
		t.Skip("Options.Second is nil: there can be no second handle")
	}
	st := e.open()
	journal(t, st)
	var want []core.Entry
	other := e.second(st)
	e.entries(t, other, 0) // before there is anything
	base := core.Mark{}
	for n := range int64(4) {
		next := document(n + 1)
		e.log(t, st, base, next, entry(next))
		want = append(want, entry(next))
		base = e.load(t, other, core.Mark{}).Mark
		requireEntries(t, want, e.entries(t, other, 0))
		st, other = other, st
	}
	requireEntries(t, want, e.entries(t, e.second(st), 0)) // one that is opened afterwards
}

func entriesEnded(t reporter, e *env) {
	st := e.open()
	j := journal(t, st)
	first := document(1)
	e.log(t, st, core.Mark{}, first, entry(first))
	ctx, cancel := context.WithCancel(e.ctx)
	cancel()
	if _, err := j.Entries(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Fatalf("Entries under a cancelled context: error %v, want context.Canceled", err)
	}
}
