package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-downtime/downtime/store"
)

// rowChecks are for a [store.Rows]; other stores skip them. One handle writes a row, because
// a row belongs to one process.
var rowChecks = []check{
	{"begins without rows", noRows},
	{"gives back a row", rowBack},
	{"replaces a row", rowReplaced},
	{"orders rows by key", rowOrder},
	{"refuses what cannot be a row", rowRefused},
	{"keeps no reference to rows", rowsStable},
	{"shows a row that it cannot read", rowBroken},
	{"keeps 1,000 rows", rowsMany},
	{"obeys an ended context of rows", rowsEnded},
}

func noRows(t reporter, e *env) {
	r, _ := e.withRows(t)
	set := e.list(t, r)
	requireBytes(t, "ListRows", []byte("a"), set.Blob.Bytes)
	must(t, len(set.Rows) == 0, "ListRows of a new store: rows %q, want none", keys(set))
}

func rowBack(t reporter, e *env) {
	r, _ := e.withRows(t)
	for _, b := range []string{string(everyByte()), "\x00", "{}", "{}\n", " a ", "*", "", string(sized(store.MaxRow))} {
		e.put(t, r, "a", b)
		e.requireRow(t, r, "a", b, store.Live)
		e.requireKeys(t, r, "a")
	}
	longest := strings.Repeat("z9", store.MaxKey/2)
	e.put(t, r, longest, "long")
	e.requireRow(t, r, longest, "long", store.Live)
	e.requireKeys(t, r, "a", longest)
}

func rowReplaced(t reporter, e *env) {
	r, _ := e.withRows(t)
	e.put(t, r, "a", "a long row")
	e.put(t, r, "b", "another row")
	e.putFor(t, r, "a", "short", time.Hour)
	e.requireKeys(t, r, "a", "b")
	e.requireRow(t, r, "a", "short", store.Live)
	e.requireRow(t, r, "b", "another row", store.Live)
	set := e.list(t, r)
	lease := find(t, set, "a").Lease.Sub(set.Blob.Now)
	must(t, lease >= 30*time.Minute, "the lease ends in %v, want in an hour, as the last PutRow says", lease)
}

func rowOrder(t reporter, e *env) {
	r, _ := e.withRows(t)
	want := []string{"0", "00", "1", "10", "9", "a", "a0", "a1", "aa", "b", "z", "zz"}
	for _, at := range []int{5, 0, 11, 3, 8, 1, 10, 2, 7, 4, 9, 6} {
		e.put(t, r, want[at], "row")
	}
	e.requireKeys(t, r, want...)
}

func rowRefused(t reporter, e *env) {
	r, _ := e.withRows(t)
	for _, bad := range []struct{ what, key, row string }{
		{"no key", "", "row"},
		{"a key in capitals", "A", "row"},
		{"a key that is a path", "../a", "row"},
		{"a key with a separator", "a-b", "row"},
		{"a key that is not ASCII", "é", "row"},
		{"a key that is too long", strings.Repeat("a", store.MaxKey+1), "row"},
		{"a row that is too large", "a", string(sized(store.MaxRow + 1))},
	} {
		_, _, err := r.PutRow(e.ctx, bad.key, []byte(bad.row), time.Minute)
		requireFieldError(t, "PutRow with "+bad.what, err)
		if bad.row == "row" {
			requireFieldError(t, "DeleteRow with "+bad.what, r.DeleteRow(e.ctx, bad.key, nil))
		}
	}
	e.requireKeys(t, r)
}

func requireFieldError(t reporter, what string, err error) {
	t.Helper()
	_, ok := errors.AsType[*store.FieldError](err)
	must(t, ok, "%s: got error %v, want the FieldError of CheckRow", what, err)
}

func rowsStable(t reporter, e *env) {
	r, _ := e.withRows(t)
	given, note := []byte("given"), []byte("noted")
	_, _, err := r.PutRow(e.ctx, "a", given, time.Minute)
	must(t, err == nil, "PutRow: %v", err)
	err = r.DeleteRow(e.ctx, "b", note)
	must(t, err == nil, "DeleteRow: %v", err)
	copy(given, "other")
	copy(note, "other")
	set := e.list(t, r)
	requireBytes(t, "a row after the caller changed its slice", []byte("given"), find(t, set, "a").Bytes)
	requireBytes(t, "a note after the caller changed its slice", []byte("noted"), find(t, set, "b").Note)
	e.put(t, r, "a", "later")
	requireBytes(t, "an earlier result of ListRows", []byte("given"), find(t, set, "a").Bytes)
}

func rowBroken(t reporter, e *env) {
	need(t, e.o.BreakRow != nil, "Options.BreakRow is nil: every row can be read")
	r, _ := e.withRows(t)
	for _, key := range []string{"a", "b", "c"} {
		e.put(t, r, key, "row "+key)
	}
	e.o.BreakRow(e.t, r, "b")
	for _, handle := range e.handles(r) {
		e.requireKeys(t, handle, "a", "b", "c")
		broken := find(t, e.list(t, handle), "b")
		must(t, broken.Err != nil && broken.Life == store.Expired,
			"the unreadable row is %v with error %v, want expired and an error", broken.Life, broken.Err)
		e.requireRow(t, handle, "a", "row a", store.Live)
		e.requireRow(t, handle, "c", "row c", store.Live)
	}
}

func rowsMany(t reporter, e *env) {
	r, _ := e.withRows(t)
	want := []string{}
	for i := range 1000 {
		key := fmt.Sprintf("i%04d", i)
		e.put(t, r, key, "row")
		want = append(want, key)
	}
	e.requireKeys(t, r, want...)
}

func rowsEnded(t reporter, e *env) {
	r, _ := e.withRows(t)
	ctx, cancel := context.WithCancel(e.ctx)
	cancel()
	_, _, err := r.PutRow(ctx, "a", []byte("row"), time.Minute)
	requireErr(t, "PutRow under a canceled context", err, context.Canceled)
	requireErr(t, "DeleteRow under a canceled context", r.DeleteRow(ctx, "b", nil), context.Canceled)
	_, err = r.ListRows(ctx, "")
	requireErr(t, "ListRows under a canceled context", err, context.Canceled)
	e.requireKeys(t, r)
}
