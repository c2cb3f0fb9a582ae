package core

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Errors of the operator functions, possibly wrapped; beside those of a [Store] and
// [*FieldError].
var (
	// ErrNothingToEnd: nothing that End was asked to end is in force.
	ErrNothingToEnd = errors.New("nothing to end")
	// ErrNotFound: no period has this id.
	ErrNotFound = errors.New("no such period")
	// ErrInForce: the period refuses requests now; End ends it.
	ErrInForce = errors.New("is in force")
	// ErrNotInForce: the period refuses nothing now; Cancel removes it.
	ErrNotInForce = errors.New("is not in force")
	// ErrUnconfirmed: nobody knows whether the write took place, because it could not be
	// read back, or what was read back is something else. Look before doing it again.
	ErrUnconfirmed = errors.New("the write is not confirmed")
)

const (
	// MaxPeriods is how many periods a document may hold.
	MaxPeriods = 10_000
	// MaxRevision is the highest revision that is written: every JSON reader can hold it.
	// It is for authors of stores.
	MaxRevision = 1<<53 - 1

	keepFinished   = 7 * 24 * time.Hour // a finished period is shown for so long
	commitAttempts = 100                // conflicts in a row before giving up
	maxBackoff     = 50 * time.Millisecond
	confirmTimeout = 2 * time.Second // for the reading back, when the caller's time is up
)

// Result is what an operator function did, and the state after it.
type Result struct {
	// Period is the one that was begun, changed or removed, as it stands in After, or as
	// it last stood in Before. Zero for End and Reconcile.
	Period Period
	// Ended are the periods that End has ended. Nil for the others.
	Ended []Period
	// Before and After are the documents before the write, and as it was read back. Nil:
	// nothing was ever written. Equal if nothing was written now.
	Before, After *Document
	// Time is the store's clock at the last read.
	Time time.Time
	// InForce are the periods of After that refuse requests at Time. Empty, never nil.
	InForce []Period
}

// change computes the next document in place, at the store's time now. d is the
// caller's own copy, never nil, with the revision that will be written; its Format is 0 if
// nothing was ever written. It may be called again after a conflict, with another copy, so
// it keeps nothing but its last outcome.
type change func(d *Document, now time.Time) error

// operate loads the document, changes a copy, commits it and reads it back, again for as
// long as somebody else writes in between. anew, if not nil, is done to an empty document
// where the store's is gone. Beside an error from do, and ErrReadOnly, the Result holds the
// state that was found.
//
// The log gets *entry, of which the caller has filled in what core cannot know: the action,
// who, and from where. do may still change it.
func operate(ctx context.Context, st Store, entry *Entry, do, anew change) (Result, error) {
	if st == nil {
		return Result{}, &FieldError{Field: "store", Problem: "is nil"}
	}
	for attempt := range commitAttempts {
		if attempt > 0 {
			if err := backOff(ctx, attempt); err != nil {
				return Result{}, err
			}
		}
		state, err := st.Load(ctx, Mark{})
		doNow := do
		if errors.Is(err, ErrLost) && anew != nil {
			doNow, err = anew, nil
			state = State{Time: cmp.Or(state.Time, time.Now())}
		}
		if err != nil {
			return Result{}, err
		}
		now := canonical(state.Time)
		next, written, err := nextDocument(state.Document, now, entry, doNow)
		found := Result{Before: state.Document, After: state.Document, Time: now, InForce: state.Document.InForce(now)}
		if err != nil {
			return found, err
		}
		err = st.Commit(ctx, state.Mark, next, written)
		switch {
		case errors.Is(err, ErrConflict):
			continue
		case errors.Is(err, ErrReadOnly), errors.Is(err, ErrLost), errors.Is(err, ErrUnconfirmed):
			return found, err
		}
		after, err := confirm(ctx, st, state.Mark, next, err)
		if err != nil {
			return found, err
		}
		now = canonical(after.Time)
		return Result{Before: state.Document, After: after.Document, Time: now, InForce: after.Document.InForce(now)}, nil
	}
	return Result{}, fmt.Errorf("gave up after %d attempts: %w", commitAttempts, ErrConflict)
}

// nextDocument is prev after do: pruned, counted and sealed; and the entry of this write.
// prev is not changed.
func nextDocument(prev *Document, now time.Time, entry *Entry, do change) (*Document, Entry, error) {
	next := &Document{Periods: []Period{}}
	var before []Period
	if prev != nil {
		before = prev.Periods
		*next = *prev
		next.Periods = append(make([]Period, 0, len(prev.Periods)+1), prev.Periods...)
	}
	if next.Revision >= MaxRevision {
		return nil, Entry{}, &FieldError{Field: "revision", Value: next.Revision, Problem: "is the highest there is; nothing can be written any more"}
	}
	next.Revision++
	if err := do(next, now); err != nil {
		return nil, Entry{}, err
	}
	changes := changesOf(before, next.Periods)
	next.Periods = slices.DeleteFunc(next.Periods, func(p Period) bool { return p.Finished(now.Add(-keepFinished)) })
	if len(next.Periods) > MaxPeriods {
		return nil, Entry{}, &FieldError{Field: "periods", Value: len(next.Periods), Problem: fmt.Sprintf("want at most %d; cancel some", MaxPeriods)}
	}
	next.Format = Format
	if next.StoreID == "" {
		next.StoreID = strings.ToLower(rand.Text())
	}
	if grew(prev, next) {
		next.CloseRev = next.Revision
	}
	next.normalise()
	next.seal()
	written, err := entry.record(prev, next, changes, now)
	if err != nil {
		return nil, Entry{}, err
	}
	return next, written, nil
}

// grew reports whether anything is refused in next that was not refused in prev, now or
// later.
func grew(prev, next *Document) bool {
	before := map[string]Period{}
	if prev != nil {
		for _, p := range prev.Periods {
			before[p.ID] = p
		}
	}
	return slices.ContainsFunc(next.Periods, func(p Period) bool {
		was, ok := before[p.ID]
		switch {
		case !p.Enabled:
			return false
		case !ok, !was.Enabled, was.Kind != p.Kind, p.Start.Before(was.Start):
			return true
		case was.End.IsZero():
			return false
		}
		return p.End.IsZero() || p.End.After(was.End)
	})
}

// confirm reads back what was written over base, and decides what became of it.
// committed is what Commit returned: nil, or an error that says nothing about the store.
func confirm(ctx context.Context, st Store, base Mark, next *Document, committed error) (State, error) {
	if ctx.Err() != nil {
		// The caller is in a hurry, but has to know: the site may be down now.
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), confirmTimeout)
		defer cancel()
	}
	state, err := st.Load(ctx, Mark{})
	if err != nil {
		return State{}, errors.Join(fmt.Errorf("%w: reading it back: %w", ErrUnconfirmed, err), committed)
	}
	d := state.Document
	switch {
	case d != nil && d.StoreID == next.StoreID && d.Revision == next.Revision && d.WriteID == next.WriteID:
		return state, nil
	case committed == nil && d != nil && d.StoreID == next.StoreID && d.Revision > next.Revision:
		return state, nil // somebody wrote after us, on top of it
	case committed != nil && state.Mark == base:
		return State{}, fmt.Errorf("nothing was written: %w", committed)
	}
	held := "nothing"
	if d != nil {
		held = fmt.Sprintf("revision %d of document %s", d.Revision, d.StoreID)
	}
	return State{}, errors.Join(fmt.Errorf("%w: wrote revision %d of document %s, and read back %s", ErrUnconfirmed, next.Revision, next.StoreID, held), committed)
}

// backOff waits a moment that grows with the attempts, and differs between writers.
func backOff(ctx context.Context, attempt int) error {
	limit := min(time.Millisecond<<min(attempt, 10), maxBackoff)
	timer := time.NewTimer(mathrand.N(limit)) //nolint:gosec // a spread between writers, not a secret
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Letters and digits that are easy to read aloud, to type and to tell apart, and that
// spell no words.
const (
	idLetters = "bcdfghjkmnpqrstvwxz"
	idSigns   = idLetters + "23456789"
)

// newID is an id that d does not have: a letter, then five letters or digits.
func newID(d *Document) string {
	for {
		var id [6]byte
		_, _ = rand.Read(id[:]) // never fails: crypto/rand.Read documents it
		id[0] = idLetters[int(id[0])%len(idLetters)]
		for i := range id[1:] {
			id[i+1] = idSigns[int(id[i+1])%len(idSigns)]
		}
		if _, taken := d.Find(string(id[:])); !taken {
			return string(id[:])
		}
	}
}

// index is where d has this id.
func index(d *Document, id string) (int, error) {
	if id == "" {
		return 0, &FieldError{Field: "id", Problem: "is missing"}
	}
	i := slices.IndexFunc(d.Periods, func(p Period) bool { return p.ID == id })
	if i < 0 {
		return 0, fmt.Errorf("%q: %w", id, ErrNotFound)
	}
	return i, nil
}
