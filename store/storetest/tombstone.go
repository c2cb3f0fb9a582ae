package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-downtime/downtime/store"
)

// tombstoneChecks are about deleted rows.
var tombstoneChecks = []check{
	{"leaves a tombstone with the note", tombstone},
	{"leaves a tombstone where there was no row", tombstoneOfNothing},
	{"keeps the first tombstone", tombstoneKept},
	{"refuses a row that was deleted", rowRefusedLate},
	{"keeps a tombstone from the delete on", tombstoneAge},
	{"refuses a row that is deleted meanwhile", deleteBesidePut},
}

// requireTombstone fails t unless the row is deleted with this note.
func (e *env) requireTombstone(t reporter, st store.Store, key, note string) store.Row {
	t.Helper()
	row := find(t, e.list(t, st), key)
	must(t, row.Life == store.Deleted && row.Err == nil,
		"the row %s is %v, error %v, want deleted and no error", key, row.Life, row.Err)
	requireBytes(t, "the note of "+key, []byte(note), row.Note)
	return row
}

func tombstone(t reporter, e *env) {
	r, token := e.withRows(t)
	for key, note := range map[string]string{"a": "left", "b": "", "c": string(everyByte()), "d": string(sized(4 << 10))} {
		e.put(t, r, key, "row "+key)
		e.wait(t, 2*imprecision)
		earliest := e.now(t, r, token)
		e.remove(t, r, key, note)
		latest := e.now(t, r, token)
		got := e.requireTombstone(t, r, key, note)
		must(t, isBetween(got.Seen, earliest, latest),
			"the tombstone was seen at %v, want when the row was deleted, between %v and %v",
			got.Seen, earliest, latest)
	}
	e.put(t, r, "e", "row e")
	e.requireKeys(t, r, "a", "b", "c", "d", "e")
	e.requireRow(t, r, "e", "row e", store.Live)
}

func tombstoneOfNothing(t reporter, e *env) {
	r, _ := e.withRows(t)
	e.remove(t, r, "a", "never there")
	e.requireTombstone(t, r, "a", "never there")
	e.requireRefused(t, r, "a")
}

func tombstoneKept(t reporter, e *env) {
	r, _ := e.withRows(t)
	e.put(t, r, "a", "row a")
	e.remove(t, r, "a", "left")
	first := e.requireTombstone(t, r, "a", "left")
	e.wait(t, 2*imprecision)
	for _, handle := range e.handles(r) {
		e.remove(t, handle, "a", "forgotten")
		again := e.requireTombstone(t, handle, "a", "left")
		must(t, again.Seen.Equal(first.Seen),
			"a second DeleteRow moved the time of the tombstone from %v to %v", first.Seen, again.Seen)
	}
}

// requireRefused fails t unless PutRow of the key is refused, and changes nothing.
func (e *env) requireRefused(t reporter, st store.Store, key string) {
	t.Helper()
	_, _, err := rows(t, st).PutRow(e.ctx, key, []byte("late"), time.Minute)
	requireErr(t, "PutRow of a row that was deleted", err, store.ErrRowDeleted)
	row := find(t, e.list(t, st), key)
	must(t, row.Life == store.Deleted, "after a refused PutRow the row is %v, want deleted", row.Life)
}

func rowRefusedLate(t reporter, e *env) {
	r, _ := e.withRows(t)
	for key, lease := range map[string]time.Duration{"a": time.Minute, "b": -time.Second} {
		e.putFor(t, r, key, "row "+key, lease)
	}
	handles := e.handles(r)
	for _, key := range []string{"a", "b"} {
		e.remove(t, handles[len(handles)-1], key, "forgotten")
		for range 2 {
			for _, handle := range handles {
				e.requireRefused(t, handle, key)
				e.requireTombstone(t, handle, key, "forgotten")
			}
		}
	}
	e.put(t, r, "c", "the new key") // as the instance does then
	e.requireRow(t, r, "c", "the new key", store.Live)
}

func tombstoneAge(t reporter, e *env) {
	r, _ := e.withRows(t)
	// A row of long ago, or one that is about to be pruned.
	for key, lease := range map[string]time.Duration{"a": -store.KeepRow - time.Hour, "b": time.Minute - store.KeepRow} {
		e.putFor(t, r, key, "row", lease)
		e.remove(t, r, key, "forgotten")
		e.requireTombstone(t, r, key, "forgotten")
		e.requireRefused(t, r, key)
	}
}

// deleteBesidePut deletes rows while their instances write them. In any order the row is
// deleted in the end.
func deleteBesidePut(t reporter, e *env) {
	r, _ := e.withRows(t)
	handles := e.handles(r)
	writer, operator := rows(t, handles[0]), rows(t, handles[len(handles)-1])
	took := e.putTime(t, writer)
	for n := range rounds {
		key := fmt.Sprintf("i%d", n)
		if n%2 == 0 {
			e.put(t, writer, key, "row")
		}
		errs := together(2, func(i int) error {
			if i == 0 {
				_, _, err := writer.PutRow(e.ctx, key, []byte("late"), time.Minute)
				return err
			}
			<-time.After(stagger(n, took))
			return operator.DeleteRow(e.ctx, key, []byte("forgotten"))
		})
		put, deleted := errs[0], errs[1]
		must(t, put == nil || errors.Is(put, store.ErrRowDeleted),
			"PutRow beside DeleteRow: %v, want no error or ErrRowDeleted", put)
		must(t, deleted == nil, "DeleteRow beside PutRow: %v", deleted)
		e.requireTombstone(t, writer, key, "forgotten")
	}
}
