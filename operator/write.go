package operator

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

const (
	keepFinished = 7 * 24 * time.Hour // how long a finished period is shown
	swapAttempts = 100                // conflicts in a row before a write gives up
	rowsTimeout  = 2 * time.Second    // for the list of instances before a write
)

// change computes the next document in place. d is the caller's own copy, never nil, and has the
// revision that will be written; its Format is 0 if it continues no document. now is the store's
// time. A change sets Period and Ended of res, which counts only if the write succeeds. After a
// conflict it runs again, on a new copy and a new res.
type change func(d *period.Document, now time.Time, res *Result) error

// write is one operation on the document.
type write struct {
	action period.Action
	// do changes the document. It may set action.
	do change
	// anew, if not nil, changes an empty document instead. It runs if the store has lost its
	// document, or if the store can put an unreadable document aside.
	anew change
	// onlyLost restricts anew to a document that is lost.
	onlyLost bool
	// needRows makes it an error if the rows cannot be listed. do finds them in rows.
	needRows bool
	rows     []store.Row
	// lean omits DownSince, see keepSince, because the document would be too large with it.
	lean bool
	// replace makes every gate adopt a new document in place of a lost one, if the new document
	// continues no earlier one.
	replace bool
}

// base is the state that a write starts from.
type base struct {
	State

	rows []store.Row  // nil if the store keeps none, or they could not be read
	anew string       // why a new document begins, see [period.Entry]; "" if it continues one
	keep store.Keeper // puts aside the unreadable document; nil if there is none
}

// write reads the document, changes a copy, swaps it in and reads it back. After a conflict it
// starts over. If the change fails, or if the write fails after the read, the Result holds the
// state that was read.
func (o Operator) write(ctx context.Context, w *write) (Result, error) {
	if o.Store == nil {
		return Result{}, errNilStore
	}
	for attempt := range swapAttempts {
		if attempt > 0 {
			if err := backOff(ctx, attempt); err != nil {
				return Result{}, err
			}
		}
		b, err := o.base(ctx, w)
		if err != nil {
			return Result{Time: b.Time}, err
		}
		w.rows = b.rows
		found := Result{Before: b.Document, After: b.Document, Time: b.Time}
		res := Result{Before: b.Document, read: b.Time, rows: b.rows}
		next, err := o.next(b, w, &res)
		if err != nil {
			return found, err
		}
		text, err := o.encode(b, next)
		if errors.Is(err, store.ErrTooLarge) && !w.lean {
			w.lean = true
			continue
		}
		if err != nil {
			return found, err
		}
		res.Kept, err = b.putAside(ctx)
		if errors.Is(err, store.ErrConflict) {
			continue
		} else if err != nil {
			return found, err
		}
		err = o.Store.Swap(ctx, b.Token, text)
		switch {
		case errors.Is(err, store.ErrConflict):
			continue
		case errors.Is(err, store.ErrReadOnly), errors.Is(err, store.ErrTooLarge), errors.Is(err, store.ErrTampered), errors.Is(err, store.ErrUnconfirmed):
			return found, storeError(err)
		}
		after, err := o.confirm(ctx, b.Token, next, text, err)
		if errors.Is(err, store.ErrConflict) {
			continue
		}
		if err != nil {
			return found, err
		}
		res.After, res.Time, res.written = after.Document, after.Time, next.Mark()
		return res, nil
	}
	return Result{}, fmt.Errorf("gave up after %d attempts: %w", swapAttempts, store.ErrConflict)
}

// base reads the document and the rows. It uses a single read if the store has rows.
func (o Operator) base(ctx context.Context, w *write) (base, error) {
	set, err := o.list(ctx)
	if !rowsValid(err) {
		if w.needRows {
			return base{}, storeError(err)
		}
		set = store.Rowset{} // rows that cannot be read must not prevent a write
		set.Blob, err = o.Store.Get(ctx, "")
	}
	b := base{rows: set.Rows}
	b.State, err = stateOf(set.Blob, err)
	if err == nil || w.anew == nil {
		return b, err
	}
	keeper, canKeep := o.Store.(store.Keeper)
	switch {
	case errors.Is(err, store.ErrLost):
		b.anew = "lost"
		return b, nil
	case errors.Is(err, ErrUnreadable) && !errors.Is(err, period.ErrNewer) && canKeep && !w.onlyLost:
		b.anew, b.keep = "unreadable", keeper
		return b, nil
	}
	return b, err
}

// putAside keeps the unreadable document that will be replaced, if there is one.
func (b base) putAside(ctx context.Context) (place string, err error) {
	if b.keep == nil {
		return "", nil
	}
	place, err = b.keep.Keep(ctx, b.Token)
	if err != nil {
		return "", fmt.Errorf("nothing was written: the unreadable document cannot be put aside: %w", storeError(err))
	}
	return place, nil
}

// next returns the document after w: without periods that finished long ago, with its revision,
// its seal and its log entry. It sets what w does in res.
func (o Operator) next(b base, w *write, res *Result) (*period.Document, error) {
	next := &period.Document{Periods: []period.Period{}}
	do := w.do
	entry := period.Entry{Actor: o.Actor, Origin: o.Origin, Time: b.Time, Anew: b.anew}
	var before []period.Period
	if prev := b.Document; prev != nil {
		before = prev.Periods
		entry.HandEdited = prev.HandEdited()
		*next = *prev
		next.Periods = append(make([]period.Period, 0, len(prev.Periods)+1), prev.Periods...)
		if adopted(b.rows, prev.StoreID) {
			next.Replaces = "" // all gates have adopted it; later it must not replace other documents
		}
	} else if w.replace {
		next.Replaces = storeIDOf(b.rows)
	}
	if b.anew != "" {
		do = w.anew
		if w.replace {
			next.Replaces = cmp.Or(next.Replaces, period.AnyDocument)
		}
	}
	if next.Revision >= period.MaxRevision {
		return nil, &period.FieldError{Field: "revision", Value: next.Revision, Problem: "is the highest one; the document cannot be written any more"}
	}
	next.Revision++
	if err := do(next, b.Time, res); err != nil {
		return nil, err
	}
	entry.Action = w.action
	entry.Changes = period.Changes(before, next.Periods)
	next.Periods = slices.DeleteFunc(next.Periods, func(p period.Period) bool { return p.Finished(b.Time.Add(-keepFinished)) })
	if !w.lean {
		keepSince(before, next.Periods, b.Time)
	}
	next.Format = period.Format
	if next.StoreID == "" {
		next.StoreID = strings.ToLower(rand.Text())
	}
	// An edit by hand may have extended the refused set without a new revision.
	if entry.HandEdited || period.Grew(b.Document, next) {
		next.CloseRev = next.Revision
	}
	next.Seal()
	entry.Revision, entry.Write = next.Revision, period.WriteHalf(next.WriteID)
	var err error
	next.Log, err = next.Log.With(entry)
	return next, err
}

// keepSince records in the periods in force since when the site has been down, if this was before
// their own start. Without the record, "down since" would jump forward for visitors and
// operators, although the site was never up.
func keepSince(before, after []period.Period, now time.Time) {
	was, is := period.At(before, now), period.At(after, now)
	if !was.Down || !is.Down || !was.Since.Before(is.Since) {
		return
	}
	for i := range after {
		if after[i].InForce(now) {
			after[i].DownSince = was.Since
		}
	}
}

// adopted reports whether there are live instances, all of them have adopted the document with
// this id, and no other row names another document. An instance that starts refuses as long as a
// row names a document that the store's document does not continue and does not replace.
func adopted(rows []store.Row, id string) bool {
	live := 0
	for _, r := range rows {
		row, err := period.DecodeRow(r.Key, r.Bytes)
		switch {
		case err == nil && row.Run:
		case r.Life == store.Live && (err != nil || row.StoreID != id || row.Regressed):
			return false
		case r.Life == store.Live:
			live++
		case err == nil && row.StoreID != "" && row.StoreID != id:
			return false
		}
	}
	return live > 0
}

// storeIDOf returns the id of the document that the rows name: "" if they name none, and
// [period.AnyDocument] if they name several.
func storeIDOf(rows []store.Row) string {
	id := ""
	for _, r := range rows {
		row, err := period.DecodeRow(r.Key, r.Bytes)
		if err != nil || row.StoreID == "" {
			continue
		}
		if id != "" && row.StoreID != id {
			return period.AnyDocument
		}
		id = row.StoreID
	}
	return id
}

// encode returns next as the store keeps it. It fails if a live instance cannot read next, or if
// next is too large.
func (o Operator) encode(b base, next *period.Document) ([]byte, error) {
	if err := o.readableByAll(b.rows, next); err != nil {
		return nil, err
	}
	limit := store.MaxOf(o.Store)
	text, err := next.Fit(limit)
	if err == nil {
		err = store.CheckSize(text, limit)
	}
	return text, err
}
