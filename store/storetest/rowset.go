package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/go-downtime/downtime/store"
)

// rowsetChecks are about rows beside a document, and about the set of rows as a whole.
var rowsetChecks = []check{
	{"keeps rows apart from the document", rowsApart},
	{"has rows without a document", rowsOfNothing},
	{"has rows beside a deleted document", rowsOfLost},
	{"has rows beside a document that does not match its token", rowsOfTampered},
	{"tells a new instance the document's token", rowToken},
	{"lists rows without a document that the caller has", rowsUnchanged},
	{"says since when it has rows", rowsSince},
	{"is young again after it lost its rows", rowsLost},
}

func rowsApart(t reporter, e *env) {
	r, a := e.withRows(t)
	e.put(t, r, "a", "row a")
	e.put(t, r, "b", "row b")
	e.remove(t, r, "b", "left")
	_, err := r.Get(e.ctx, a)
	requireErr(t, "Get after rows were written", err, store.ErrUnchanged)
	e.swap(t, r, a, []byte("b"))
	requireBytes(t, "ListRows after a write", []byte("b"), e.list(t, r).Blob.Bytes)
	e.requireKeys(t, r, "a", "b")
	e.requireRow(t, r, "a", "row a", store.Live)
}

func rowsOfNothing(t reporter, e *env) {
	e.rowsWithout(t, rows(t, e.open()), e.noDocument())
}

func rowsOfLost(t reporter, e *env) {
	r, _ := e.withRows(t)
	need(t, e.o.Lose != nil, "Options.Lose is nil: the document cannot be lost")
	e.o.Lose(e.t, r)
	e.rowsWithout(t, r, store.ErrLost)
}

func rowsOfTampered(t reporter, e *env) {
	r, _ := e.withRows(t)
	need(t, e.o.Tamper != nil, "Options.Tamper is nil: the token is computed from the bytes")
	e.put(t, r, "a", "row a")
	e.o.Tamper(e.t, r)
	set, err := r.ListRows(e.ctx, "")
	requireErr(t, "ListRows", err, store.ErrTampered)
	must(t, set.Blob.Bytes == nil && !set.Blob.Now.IsZero() && !set.Since.IsZero(),
		"beside ErrTampered: bytes %s, time %v, Since %v, want no bytes and both times",
		excerpt(set.Blob.Bytes), set.Blob.Now, set.Since)
	requireBytes(t, "the row", []byte("row a"), find(t, set, "a").Bytes)
}

// rowsWithout writes and lists rows where there is no document.
func (e *env) rowsWithout(t reporter, r rowStore, want error) {
	t.Helper()
	token := e.put(t, r, "a", "row a")
	must(t, token == "", "PutRow without a document returned the token %q, want none", token)
	e.remove(t, r, "b", "left")
	set, err := r.ListRows(e.ctx, "")
	requireErr(t, "ListRows", err, want)
	requireNothing(t, "ListRows", set.Blob)
	requireWellFormed(t, set)
	got := keys(set)
	must(t, slices.Equal(got, []string{"a", "b"}),
		"ListRows without a document has the rows %q, want %q", got, []string{"a", "b"})
	requireBytes(t, "the row", []byte("row a"), find(t, set, "a").Bytes)
	must(t, !set.Since.IsZero(), "ListRows without a document: Since is zero, want the time of the first row")
}

func rowToken(t reporter, e *env) {
	r, token := e.withRows(t)
	handles := e.handles(r)
	for n := range 5 {
		fresh := fmt.Sprintf("new%d", n)
		got := e.put(t, r, fresh, "row")
		must(t, got == token, "PutRow of a new row returned the token %q, want the document's, %q", got, token)
		got = e.put(t, r, fresh, "row")
		must(t, got == token || got == "",
			"PutRow of a live row returned the token %q, want the document's, %q, or none", got, token)
		e.putFor(t, r, fresh, "row", -time.Second)
		got = e.put(t, r, fresh, "row")
		must(t, got == token,
			"PutRow of a row whose lease had ended returned the token %q, want the document's, %q", got, token)
		next := fmt.Appendf(nil, "document %d", n)
		e.swap(t, handles[n%len(handles)], token, next)
		token = store.TokenOf(next)
	}
}

func rowsUnchanged(t reporter, e *env) {
	r, a := e.withRows(t)
	e.put(t, r, "a", "row a")
	set, err := r.ListRows(e.ctx, a)
	must(t, err == nil, "ListRows with the token of the document: %v, want no error", err)
	requireUnchanged(t, "ListRows with the token of the document", set.Blob, a)
	requireBytes(t, "the row", []byte("row a"), find(t, set, "a").Bytes)
	e.swap(t, r, a, []byte("b"))
	set, err = r.ListRows(e.ctx, a)
	must(t, err == nil, "ListRows: %v", err)
	requireBytes(t, "ListRows after a write", []byte("b"), set.Blob.Bytes)
}

func rowsSince(t reporter, e *env) {
	r, token := e.withRows(t)
	before := e.now(t, r, token)
	created := e.list(t, r).Since
	must(t, !created.After(before.Add(imprecision)),
		"before the first row Since is %v, want zero, or when the set was created", created)
	e.wait(t, 2*imprecision)
	e.put(t, r, "a", "row a")
	first := e.list(t, r)
	if created.IsZero() {
		must(t, isBetween(first.Since, before.Add(2*imprecision), first.Blob.Now),
			"at %v, after the first row, Since is %v, want the time of that row", first.Blob.Now, first.Since)
	} else {
		must(t, first.Since.Equal(created), "the first row moved Since from %v to %v", created, first.Since)
	}
	e.wait(t, 2*imprecision)
	e.put(t, r, "a", "row a")
	e.put(t, r, "b", "row b")
	e.remove(t, r, "a", "left")
	e.swap(t, r, token, []byte("b"))
	for _, handle := range e.handles(r) {
		since := e.list(t, handle).Since
		must(t, since.Equal(first.Since),
			"Since is %v after more rows and a delete, want %v as before", since, first.Since)
	}
}

func rowsLost(t reporter, e *env) {
	r, token := e.withRows(t)
	need(t, e.o.LoseRows != nil, "Options.LoseRows is nil: rows cannot be lost")
	e.put(t, r, "a", "row a")
	e.remove(t, r, "b", "left")
	e.wait(t, 2*imprecision)
	lostAt := e.now(t, r, token).Add(-imprecision)
	e.o.LoseRows(e.t, r)
	set := e.list(t, r)
	must(t, len(set.Rows) == 0 && (set.Since.IsZero() || !set.Since.Before(lostAt)),
		"after the loss of all rows: rows %q since %v, want none, since zero or a time after the loss",
		keys(set), set.Since)
	e.put(t, r, "c", "row c")
	set = e.list(t, r)
	must(t, !set.Since.Before(lostAt),
		"after the loss of all rows and a new one Since is %v, want a time after the loss", set.Since)
	e.requireKeys(t, r, "c")
}
