package storetest

import (
	"errors"
	"slices"
	"time"

	"github.com/go-downtime/downtime/store"
)

// rowStore is a store that keeps rows.
type rowStore interface {
	store.Store
	store.Rows
}

// rows skips the check if st has none.
func rows(t reporter, st store.Store) rowStore {
	t.Helper()
	r, ok := st.(rowStore)
	need(t, ok, "the store is no store.Rows")
	return r
}

// withRows is a new store with a document, and the document's token.
func (e *env) withRows(t reporter) (rowStore, store.Token) {
	t.Helper()
	st, token := e.written(t, "a")
	return rows(t, st), token
}

// put fails the check unless the row is accepted.
func (e *env) put(t reporter, st store.Store, key, b string) store.Token {
	t.Helper()
	return e.putFor(t, st, key, b, time.Minute)
}

func (e *env) putFor(t reporter, st store.Store, key, b string, lease time.Duration) store.Token {
	t.Helper()
	token, _, err := rows(t, st).PutRow(e.ctx, key, []byte(b), lease)
	must(t, err == nil, "PutRow of %s for %v: %v", key, lease, err)
	return token
}

// remove fails the check unless the row could be deleted.
func (e *env) remove(t reporter, st store.Store, key, note string) {
	t.Helper()
	err := rows(t, st).DeleteRow(e.ctx, key, []byte(note))
	must(t, err == nil, "DeleteRow of %s: %v", key, err)
}

// list fails the check unless document and rows can be read, and are well-formed.
func (e *env) list(t reporter, st store.Store) store.Rowset {
	t.Helper()
	set, err := rows(t, st).ListRows(e.ctx, "")
	must(t, err == nil, "ListRows: %v", err)
	requireBlob(t, "ListRows", set.Blob)
	requireWellFormed(t, set)
	return set
}

// requireWellFormed fails t unless the rows have what their Life says.
func requireWellFormed(t reporter, set store.Rowset) {
	t.Helper()
	before := ""
	for _, row := range set.Rows {
		must(t, before < row.Key, "ListRows has %q before %q, want each row once, ordered by key", before, row.Key)
		before = row.Key
		ok := false
		switch row.Life {
		case store.Live, store.Expired, store.Gone:
			ok = row.Note == nil && (row.Err == nil || row.Bytes == nil)
		case store.Deleted:
			ok = row.Bytes == nil
		}
		must(t, ok, "ListRows has %+v, want bytes without a note and without an error, or a note without bytes", row)
		must(t, row.Err != nil || !row.Seen.IsZero(),
			"ListRows: the row %s was never seen, want the store's time", row.Key)
	}
}

// find fails the check unless there is such a row.
func find(t reporter, set store.Rowset, key string) store.Row {
	t.Helper()
	i := slices.IndexFunc(set.Rows, func(r store.Row) bool { return r.Key == key })
	must(t, i >= 0, "ListRows has the rows %q, want also %q", keys(set), key)
	return set.Rows[i]
}

// requireRow fails t unless the row has these bytes and this Life.
func (e *env) requireRow(t reporter, st store.Store, key, want string, life store.Life) {
	t.Helper()
	row := find(t, e.list(t, st), key)
	must(t, row.Life == life && row.Err == nil,
		"the row %s is %v, error %v, want %v and no error", key, row.Life, row.Err, life)
	requireBytes(t, "the row "+key, []byte(want), row.Bytes)
}

func keys(set store.Rowset) []string {
	keys := make([]string, 0, len(set.Rows))
	for _, row := range set.Rows {
		keys = append(keys, row.Key)
	}
	return keys
}

// requireKeys fails t unless the rows and tombstones are those of want, which is sorted.
func (e *env) requireKeys(t reporter, st store.Store, want ...string) {
	t.Helper()
	got := keys(e.list(t, st))
	must(t, slices.Equal(got, want), "ListRows has the rows %q, want %q", got, want)
}

// now is the store's clock.
func (e *env) now(t reporter, st store.Store, have store.Token) time.Time {
	t.Helper()
	blob, err := st.Get(e.ctx, have)
	must(t, err == nil || errors.Is(err, store.ErrUnchanged), "Get: %v", err)
	return blob.Now
}

// wait returns after d, so that clocks show another time.
func (e *env) wait(t reporter, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-e.ctx.Done():
		t.Fatalf("no time is left")
	}
}
