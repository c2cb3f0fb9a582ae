package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/go-downtime/downtime/core"
)

// rowChecks are for a [core.Fleet]; other stores skip them. Ids are of lower-case letters
// and digits, as core makes them, and only one handle reports a row: it is one process's.
var rowChecks = []check{
	{"begins without rows", noRows},
	{"gives back a row", rowRoundTrip},
	{"gives back every character of a row", rowCharacters},
	{"stamps rows by its own clock", rowStamps},
	{"replaces the row of an instance", rowReplaced},
	{"forgets who has left", rowLeft},
	{"keeps who is silent", rowSilent},
	{"orders rows by host, pid and id", rowOrder},
	{"keeps rows apart from the document", rowsApart},
	{"tells a reporter the document's mark", rowMark},
	{"keeps copies of rows", rowCopies},
	{"keeps 1,000 rows", rowsMany},
	{"obeys an ended context of rows", rowsEnded},
	{"shows one handle's rows to the other", rowsTwoHandles},
	{"loses no row of concurrent reports", rowsConcurrent},
	{"reads document and rows at one instant", rowsAtOnce},
}

// imprecision is how much a store's stamps may differ from its clock: it may keep
// milliseconds.
const imprecision = time.Millisecond

// row is a row with a value in every field that is stored.
func row(id string) core.Instance {
	return core.Instance{
		ID: id, Host: "web-1.storetest.invalid", PID: 4711, Boot: "9b2f", App: "v1.2.3", Version: "v0.1.0", Started: when,
		StoreID: "storetest", Revision: core.MaxRevision, WriteID: "w.1", Cause: "period", Override: "down",
		Drained: true, Refuses: []string{"a", "b"}, RefusesUntil: when.Add(time.Hour), Regressed: true,
		InFlight: 1 << 40, Passing: 3, Policy: "refuse after 30s", Rules: "0123456789ab",
	}
}

// rowID is the id of the nth row, in their order.
func rowID(n int) string { return fmt.Sprintf("i%04d", n) }

// fleet skips the check if st is none.
func fleet(t reporter, st core.Store) core.Fleet {
	t.Helper()
	f, ok := st.(core.Fleet)
	if !ok {
		t.Skip("the store is no core.Fleet")
	}
	return f
}

// report fails the check unless the row is taken.
func (e *env) report(t reporter, st core.Store, i core.Instance) (core.Mark, time.Time) {
	t.Helper()
	mark, now, err := fleet(t, st).Report(e.ctx, i, time.Minute)
	if err != nil {
		t.Fatalf("Report of %s: %v", i.ID, err)
	}
	return mark, now
}

// rows fails the check unless they can be read.
func (e *env) rows(t reporter, st core.Store) (core.State, []core.Instance) {
	t.Helper()
	state, rows, err := fleet(t, st).Instances(e.ctx)
	if err != nil {
		t.Fatalf("Instances: %v", err)
	}
	if rows == nil {
		t.Fatalf("Instances: rows are nil, want an empty slice at least")
	}
	return state, rows
}

// requireRow fails t unless got is want, but for what the store stamps.
func requireRow(t reporter, want, got core.Instance) {
	t.Helper()
	got.Seen, got.Lease, want.Seen, want.Lease = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	if !reflect.DeepEqual(want, got) {
		t.Fatalf("got row %+v, want %+v", got, want)
	}
}

func ids(rows []core.Instance) []string {
	ids := []string{}
	for _, i := range rows {
		ids = append(ids, i.ID)
	}
	return ids
}

// requireIDs fails t unless the rows are those of want, which is sorted, in any order.
func (e *env) requireIDs(t reporter, st core.Store, want ...string) {
	t.Helper()
	_, rows := e.rows(t, st)
	got := slices.Sorted(slices.Values(ids(rows)))
	if !slices.Equal(got, want) {
		t.Fatalf("got the rows of %q, want those of %q", got, want)
	}
}

func noRows(t reporter, e *env) {
	st := e.open()
	state, rows, err := fleet(t, st).Instances(e.ctx)
	switch {
	case errors.Is(err, core.ErrLost) && e.o.MustBeInitialised: // it may need Init for rows, too
	case err != nil:
		t.Fatalf("Instances of a new store: %v, want no error", err)
	case state.Document != nil || state.Mark != (core.Mark{}) || state.Time.IsZero():
		t.Fatalf("Instances of a new store: state %+v, want a time only", state)
	case rows == nil || len(rows) > 0:
		t.Fatalf("Instances of a new store: rows %#v, want none, and not nil", rows)
	}
	st, first := e.written(t)
	state, rows = e.rows(t, st)
	requireSame(t, first.Document, state.Document)
	if state.Mark != first.Mark || state.Time.IsZero() {
		t.Fatalf("Instances: mark %+v at %v, want %+v as Load has it, and the time", state.Mark, state.Time, first.Mark)
	}
	if len(rows) > 0 {
		t.Fatalf("Instances after the first write: rows %+v, want none", rows)
	}
}

func rowRoundTrip(t reporter, e *env) {
	st, _ := e.written(t)
	want := row("a")
	e.report(t, st, want)
	_, rows := e.rows(t, st)
	if len(rows) != 1 {
		t.Fatalf("got %d rows, want 1", len(rows))
	}
	requireRow(t, want, rows[0])

	least := core.Instance{ID: "a", Host: "h", Started: when.Truncate(time.Second), Open: true, Refuses: []string{}}
	e.report(t, st, least)
	_, rows = e.rows(t, st)
	requireRow(t, least, rows[0])
}

func rowCharacters(t reporter, e *env) {
	st, _ := e.written(t)
	for _, text := range []string{
		"\x00\x01\t\n\r\x1b\x7f\u0085", `"\'/{}[]<>&%$?;--` + "`", "\U0001F6A7 \U0010FFFF", "שלום \u202eabc\u202c \u2028",
		"é e\u0301", "  a  b  ", "*", "",
	} {
		want := row("a")
		want.Host, want.App, want.Policy, want.Refuses = text, text, text, []string{text}
		e.report(t, st, want)
		_, rows := e.rows(t, st)
		requireRow(t, want, rows[0])
	}
}

func rowStamps(t reporter, e *env) {
	st, _ := e.written(t)
	for _, lease := range []time.Duration{time.Minute, time.Hour, 1500 * time.Millisecond} {
		lies := row("a")
		lies.Seen, lies.Lease, lies.Dead = when, when.Add(time.Hour), true
		earliest := e.load(t, st, core.Mark{}).Time.Add(-imprecision)
		_, now, err := fleet(t, st).Report(e.ctx, lies, lease)
		if err != nil {
			t.Fatalf("Report: %v", err)
		}
		latest := e.load(t, st, core.Mark{}).Time.Add(imprecision)
		state, rows := e.rows(t, st)
		got := rows[0]
		switch {
		case !now.IsZero() && (now.Before(earliest) || now.After(latest)):
			t.Fatalf("Report returned the time %v, want the store's, between %v and %v, or none", now, earliest, latest)
		case got.Seen.Before(earliest) || got.Seen.After(latest):
			t.Fatalf("Seen is %v, want the store's time, between %v and %v", got.Seen, earliest, latest)
		case (got.Lease.Sub(got.Seen) - lease).Abs() > imprecision:
			t.Fatalf("Lease is %v after Seen, want %v", got.Lease.Sub(got.Seen), lease)
		case got.Dead:
			t.Fatalf("Dead is what the reporter said, want what the store knows")
		case !got.Live(state.Time):
			t.Fatalf("at %v the row of %v is not live", state.Time, got.Seen)
		}
	}
}

func rowReplaced(t reporter, e *env) {
	st, _ := e.written(t)
	e.report(t, st, row("a"))
	e.report(t, st, row("b"))
	want := core.Instance{ID: "a", Host: "h", Started: when, Refuses: []string{}}
	e.report(t, st, want)
	e.requireIDs(t, st, "a", "b")
	_, rows := e.rows(t, st)
	for _, got := range rows {
		if got.ID == "a" {
			requireRow(t, want, got)
		}
	}
}

func rowLeft(t reporter, e *env) {
	st, _ := e.written(t)
	f := fleet(t, st)
	for _, id := range []string{"a", "b", "c"} {
		e.report(t, st, row(id))
	}
	for _, id := range []string{"b", "b", "neverseen"} {
		if err := f.Leave(e.ctx, id); err != nil {
			t.Fatalf("Leave of %s: %v, want no error, also where there is no row", id, err)
		}
		e.requireIDs(t, st, "a", "c")
	}
	e.report(t, st, row("b"))
	e.requireIDs(t, st, "a", "b", "c")
}

func rowSilent(t reporter, e *env) {
	st, _ := e.written(t)
	// A lease that ended before the report is a row of long ago.
	for id, lease := range map[string]time.Duration{"a": time.Hour, "b": -time.Second, "c": time.Hour - core.PruneAfter} {
		if _, _, err := fleet(t, st).Report(e.ctx, row(id), lease); err != nil {
			t.Fatalf("Report with a lease of %v: %v", lease, err)
		}
	}
	for range 2 { // reading must not change it
		e.requireIDs(t, st, "a", "b", "c")
	}
	state, rows := e.rows(t, st)
	for _, i := range rows {
		if silent := i.Silent(state.Time); silent != (i.ID != "a") {
			t.Fatalf("the row with the lease of %v is silent: %v, at %v", i.Lease, silent, state.Time)
		}
	}
}

func rowOrder(t reporter, e *env) {
	st, _ := e.written(t)
	want := []string{}
	rows := []core.Instance{}
	for _, host := range []string{"a.invalid", "b.invalid", "é.invalid"} {
		for _, pid := range []int{7, 10} {
			for _, id := range []string{"a", "b"} {
				i := row(id + rowID(len(rows)))
				i.Host, i.PID = host, pid
				rows, want = append(rows, i), append(want, i.ID)
			}
		}
	}
	for _, at := range []int{5, 0, 11, 3, 8, 1, 10, 2, 7, 4, 9, 6} {
		e.report(t, st, rows[at])
	}
	if _, rows := e.rows(t, st); !slices.Equal(ids(rows), want) {
		t.Fatalf("got the rows in the order %q, want %q", ids(rows), want)
	}
}

func rowsApart(t reporter, e *env) {
	st, first := e.written(t, window("a"))
	e.report(t, st, row("a"))
	e.report(t, st, row("b"))
	if err := fleet(t, st).Leave(e.ctx, "b"); err != nil {
		t.Fatalf("Leave: %v", err)
	}
	if _, err := st.Load(e.ctx, first.Mark); !errors.Is(err, core.ErrUnchanged) {
		t.Fatalf("Load after reports: error %v, want ErrUnchanged: rows are no writes", err)
	}
	next := after(first.Document, window("b"))
	e.commit(t, st, first.Mark, next)
	state, rows := e.rows(t, st)
	requireSame(t, next, state.Document)
	if len(rows) != 1 {
		t.Fatalf("after a write there are %d rows, want the 1 of before", len(rows))
	}
	requireRow(t, row("a"), rows[0])
}

func rowMark(t reporter, e *env) {
	empty := e.open()
	// Where nothing is, there may be no place for rows either.
	if mark, _, err := fleet(t, empty).Report(e.ctx, row("a"), time.Minute); err == nil && mark != (core.Mark{}) {
		t.Fatalf("Report without a document returned the mark %+v, want none", mark)
	}
	st, state := e.written(t)
	handles := e.handles(st)
	for n := range 5 {
		mark, _ := e.report(t, st, row("a"))
		if mark != (core.Mark{}) && mark != state.Mark {
			t.Fatalf("Report returned the mark %+v, want %+v as Load has it, or none", mark, state.Mark)
		}
		writer := handles[n%len(handles)]
		e.commit(t, writer, state.Mark, after(state.Document))
		state = e.load(t, writer, state.Mark)
	}
}

func rowCopies(t reporter, e *env) {
	st, _ := e.written(t)
	given := row("a")
	e.report(t, st, given)
	given.Refuses[0] = "changed"
	_, rows := e.rows(t, st)
	requireRow(t, row("a"), rows[0])
	rows[0].Refuses[0] = "changed"
	_, rows = e.rows(t, st)
	requireRow(t, row("a"), rows[0])
}

func rowsMany(t reporter, e *env) {
	st, _ := e.written(t)
	want := []string{}
	for i := range 1000 {
		e.report(t, st, row(rowID(i)))
		want = append(want, rowID(i))
	}
	e.requireIDs(t, st, want...)
}

func rowsEnded(t reporter, e *env) {
	st, _ := e.written(t)
	f := fleet(t, st)
	ctx, cancel := context.WithCancel(e.ctx)
	cancel()
	if _, _, err := f.Report(ctx, row("a"), time.Minute); !errors.Is(err, context.Canceled) {
		t.Fatalf("Report under a cancelled context: error %v, want context.Canceled", err)
	}
	if _, _, err := f.Instances(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("Instances under a cancelled context: error %v, want context.Canceled", err)
	}
	e.requireIDs(t, st)
}
