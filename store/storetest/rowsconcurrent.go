package storetest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/go-downtime/downtime/store"
)

// rowConcurrencyChecks are about rows that several processes read and write.
var rowConcurrencyChecks = []check{
	{"shows one handle's rows to the other", rowsTwoHandles},
	{"loses no row of concurrent writers", rowsConcurrent},
	{"reads the token after the row is visible", barrier},
	{"reads document and rows consistently", consistent},
}

func rowsTwoHandles(t reporter, e *env) {
	r, _ := e.withRows(t)
	other := e.second(t, r)
	e.put(t, r, "a", "row a")
	e.requireKeys(t, other, "a")
	e.put(t, other, "b", "row b")
	e.requireKeys(t, r, "a", "b")
	e.put(t, other, "b", "changed")
	e.requireRow(t, r, "b", "changed", store.Live)
	e.remove(t, other, "b", "left")
	e.requireTombstone(t, r, "b", "left")
}

func rowsConcurrent(t reporter, e *env) {
	r, _ := e.withRows(t)
	handles := e.handles(r)
	want := []string{}
	for i := range writers * writesPerWriter {
		want = append(want, fmt.Sprintf("i%04d", i))
	}
	allTogether(t, "rows of several at once", writers, func(i int) error {
		own := want[i*writesPerWriter:][:writesPerWriter]
		return putMany(e.ctx, rows(t, handles[i%len(handles)]), own)
	})
	for _, handle := range handles {
		live := slices.DeleteFunc(keys(e.list(t, handle)), func(key string) bool { return len(key) > 5 })
		must(t, slices.Equal(live, want), "ListRows has the rows %q, want %q", live, want)
		for i := range writers {
			e.requireTombstone(t, handle, want[i*writesPerWriter]+"x", "left")
		}
	}
}

// putMany writes each row twice, and one that is then deleted.
func putMany(ctx context.Context, r store.Rows, keys []string) error {
	brief := keys[0] + "x"
	for _, key := range slices.Concat(keys, keys, []string{brief}) {
		if _, _, err := r.PutRow(ctx, key, []byte("row"), time.Minute); err != nil {
			return fmt.Errorf("PutRow of %s: %w", key, err)
		}
	}
	if err := r.DeleteRow(ctx, brief, []byte("left")); err != nil {
		return fmt.Errorf("DeleteRow of %s: %w", brief, err)
	}
	return nil
}

// rounds is how often a check repeats two calls that run at the same time, each time with
// another delay between them.
const rounds = 32

// stagger is the delay of the nth round, up to took.
func stagger(n int, took time.Duration) time.Duration {
	const steps = 8
	return took * time.Duration(n%steps) / steps
}

// putTime is the time that a PutRow of a new row takes, and at least the time in which a
// goroutine starts.
func (e *env) putTime(t reporter, st store.Store) time.Duration {
	t.Helper()
	began := time.Now()
	e.put(t, st, "timed", "row")
	return max(time.Since(began), 2*time.Millisecond)
}

// barrier is the case of instances that start while an operator closes the site. Either an
// instance gets the new token, or the operator sees its row.
func barrier(t reporter, e *env) {
	r, token := e.withRows(t)
	handles := e.handles(r)
	instance, operator := rows(t, handles[0]), rows(t, handles[len(handles)-1])
	took := e.putTime(t, instance)
	for n := range rounds {
		row := strconv.Itoa(n)
		next := fmt.Appendf(nil, "document %d", n)
		keys := []string{"back", "new" + row, "other" + row} // a row whose lease has ended, and new ones
		e.putFor(t, instance, "back", "old", -time.Second)
		tokens := make([]store.Token, len(keys))
		var set store.Rowset
		allTogether(t, "PutRow beside Swap and ListRows", len(keys)+1, func(i int) (err error) {
			if i < len(keys) {
				tokens[i], _, err = instance.PutRow(e.ctx, keys[i], []byte(row), time.Minute)
				return err
			}
			<-time.After(stagger(n, took))
			if err = operator.Swap(e.ctx, token, next); err == nil {
				set, err = operator.ListRows(e.ctx, "")
			}
			return err
		})
		before := token
		token = store.TokenOf(next)
		for i, key := range keys {
			seen := slices.ContainsFunc(set.Rows, func(r store.Row) bool {
				return r.Key == key && string(r.Bytes) == row && r.Life == store.Live
			})
			must(t, tokens[i] == before || tokens[i] == token,
				"PutRow returned the token %q, want that of before the write, %q, or after it, %q",
				tokens[i], before, token)
			must(t, tokens[i] == token || seen,
				"PutRow of %q returned the token of before the write, and ListRows after the write does not have the row:"+
					" neither process knows of the other", key)
		}
	}
}

// consistent writes a number into a row, then into the document, then into another row. While the
// document has a number, the number in the first row is never lower, and the number in the last
// row is never higher. If a listing breaks this rule, it was read while the document changed.
func consistent(t reporter, e *env) {
	r, token := e.withRows(t)
	handles := e.handles(r)
	reader := rows(t, handles[len(handles)-1])
	doc := func(n int) []byte { return []byte(strconv.Itoa(n)) }
	e.put(t, r, "first", "1")
	e.put(t, r, "last", "1")
	e.swap(t, r, token, doc(1))
	step := func(n int, look func()) {
		e.put(t, r, "first", strconv.Itoa(n))
		look()
		e.swap(t, r, store.TokenOf(doc(n-1)), doc(n))
		look()
		e.put(t, r, "last", strconv.Itoa(n))
		look()
	}

	done, read := make(chan struct{}), make(chan error, 1)
	go func() { read <- repeat(done, func() error { return consistentRead(e.ctx, reader) }) }()
	for n := 2; n < 10; n++ {
		step(n, func() {
			if err := consistentRead(e.ctx, reader); err != nil {
				close(done)
				t.Fatalf("between the writes: %v, and beside them: %v", err, <-read)
			}
		})
	}
	for n := 10; n < 40; n++ {
		step(n, func() {})
	}
	close(done)
	err := <-read
	must(t, err == nil, "beside the writes: %v", err)
}

func consistentRead(ctx context.Context, r store.Rows) error {
	set, err := r.ListRows(ctx, "")
	if err != nil {
		return fmt.Errorf("ListRows: %w", err)
	}
	if len(set.Rows) != 2 {
		return fmt.Errorf("ListRows has %d rows, want 2", len(set.Rows))
	}
	var n [3]int
	for i, b := range [][]byte{set.Rows[0].Bytes, set.Blob.Bytes, set.Rows[1].Bytes} {
		if n[i], err = strconv.Atoi(string(b)); err != nil {
			return err
		}
	}
	if n[0] < n[1] || n[1] < n[2] {
		return fmt.Errorf("ListRows has a row of %d, a document of %d and a row of %d: the document changed while the rows were read", n[0], n[1], n[2])
	}
	return nil
}
