package core

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

const (
	// MaxEntries is how many entries a [Journal] keeps, the newest.
	MaxEntries = 1000
	// MaxChanges is how many changes an [Entry] holds; it counts the others.
	MaxChanges = 100
	// MaxEntry is the most that [EncodeEntry] writes and [DecodeEntry] reads, in bytes. Any
	// one change fits.
	MaxEntry = 128 << 10
)

// ErrNoLog: the store keeps no log.
var ErrNoLog = errors.New("this store keeps no log")

// Action is what a write was: the operator function that made it.
type Action string

// The actions of an [Entry]. A later version may write others.
const (
	ActionStart     Action = "start"     // a deployment begun
	ActionChange    Action = "change"    // a start by the same holder, which changed its deployment
	ActionEnd       Action = "end"       // what was in force, ended
	ActionSchedule  Action = "schedule"  // a window planned
	ActionEdit      Action = "edit"      // a period changed
	ActionCancel    Action = "cancel"    // a period that was not in force, removed
	ActionReconcile Action = "reconcile" // gates told to take this document
	ActionInit      Action = "init"      // the first, empty document
)

// Entry is one write, as the log keeps it: who did what, when, from where, old and new
// values. It is a plain value, whose Changes nobody changes.
type Entry struct {
	// Time is when, by the store's clock.
	Time time.Time `json:"time"`
	// Revision and WriteID are those of the document that was written.
	Revision int64  `json:"revision"`
	WriteID  string `json:"write_id"`
	Action   Action `json:"action"`
	// Actor is who did it, as the caller said; "" means that nobody was named.
	Actor string `json:"actor,omitzero"`
	// Origin is from where, as the caller said: "command on web1", "page from 192.0.2.7".
	Origin string `json:"origin,omitzero"`
	// HandEdited tells that the document before was not what its write had written:
	// somebody had edited it by hand.
	HandEdited bool `json:"hand_edited,omitzero"`
	// Changes are the periods that the write added, changed or removed. Finished periods
	// that are cleared away after a week are not among them. Never nil.
	Changes []Change `json:"changes"`
	// Omitted is how many changes more there were than Changes holds.
	Omitted int `json:"omitted,omitzero"`
}

// IsZero reports whether e is no entry: it has no action.
func (e Entry) IsZero() bool { return e.Action == "" }

// Journal is implemented beside [Store] by one that keeps the entries of its writes.
type Journal interface {
	// Entries returns the last entries, the newest first, at most limit and at most
	// [MaxEntries]; a limit of 0 or less means MaxEntries. Each belongs to a Commit that has
	// taken place. None is empty, not nil, and no error.
	Entries(ctx context.Context, limit int) ([]Entry, error)
}

// Log returns the last entries that st keeps, the newest first, at most limit; 0 or less
// means all, which are at most [MaxEntries]. Errors: [ErrNoLog] if st is no [Journal], those
// of the store.
func Log(ctx context.Context, st Store, limit int) ([]Entry, error) {
	if st == nil {
		return nil, &FieldError{Field: "store", Problem: "is nil"}
	}
	j, ok := st.(Journal)
	if !ok {
		return nil, fmt.Errorf("%s: %w", st, ErrNoLog)
	}
	entries, err := j.Entries(ctx, LogLimit(limit))
	if err != nil {
		return nil, err
	}
	if entries == nil {
		entries = []Entry{}
	}
	return entries, nil
}

// LogLimit is limit as a [Journal] takes it: 0 or less, and more than [MaxEntries], mean
// MaxEntries. It is for authors of stores.
func LogLimit(limit int) int {
	if limit <= 0 || limit > MaxEntries {
		return MaxEntries
	}
	return limit
}

// EncodeEntry returns e as one line of JSON without a newline, with instants in UTC and
// whole microseconds. It is for authors of stores. It fails if the line would be longer
// than [MaxEntry], which no entry of the operator functions is.
func EncodeEntry(e Entry) ([]byte, error) {
	e.Time = canonical(e.Time)
	changes := make([]Change, len(e.Changes))
	for i, c := range e.Changes {
		changes[i] = Change{Before: canonicalPeriod(c.Before), After: canonicalPeriod(c.After)}
	}
	e.Changes = changes
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // people read it; nobody puts it into a page
	if err := enc.Encode(e); err != nil {
		return nil, fmt.Errorf("log entry: %w", err)
	}
	b := bytes.TrimSuffix(buf.Bytes(), []byte{'\n'})
	if len(b) > MaxEntry {
		return nil, fmt.Errorf("log entry: %d bytes, want at most %d", len(b), MaxEntry)
	}
	return b, nil
}

// DecodeEntry reads what [EncodeEntry] has written. Members that it does not know, which a
// later version may write, are passed over. It keeps nothing of b.
func DecodeEntry(b []byte) (Entry, error) {
	if len(b) > MaxEntry {
		return Entry{}, fmt.Errorf("log entry: %d bytes, want at most %d", len(b), MaxEntry)
	}
	var e Entry
	if err := json.Unmarshal(b, &e); err != nil {
		return Entry{}, fmt.Errorf("log entry: %w", err)
	}
	switch {
	case e.Time.IsZero():
		return Entry{}, errors.New("log entry: has no time")
	case e.Action == "":
		return Entry{}, errors.New("log entry: has no action")
	}
	e.Time = canonical(e.Time)
	if e.Changes == nil {
		e.Changes = []Change{}
	}
	for i, c := range e.Changes {
		e.Changes[i] = Change{Before: canonicalPeriod(c.Before), After: canonicalPeriod(c.After)}
	}
	return e, nil
}

// record completes e for the write of next over before: what it changed, when, and as
// what. Of the changes it keeps as many as fit.
func (e Entry) record(before, next *Document, changes []Change, now time.Time) (Entry, error) {
	if err := errors.Join(nameFault("actor", e.Actor), nameFault("origin", e.Origin)); err != nil {
		return Entry{}, err
	}
	e.Time, e.Revision, e.WriteID = now, next.Revision, next.WriteID
	e.HandEdited = before != nil && before.HandEdited()
	e.Changes = changes[:min(len(changes), MaxChanges)]
	for {
		e.Omitted = len(changes) - len(e.Changes)
		_, err := EncodeEntry(e)
		if err == nil || len(e.Changes) == 0 {
			return e, err
		}
		e.Changes = e.Changes[:len(e.Changes)/2]
	}
}

// nameFault is what is wrong about who or from where; nil if nothing is.
func nameFault(field, name string) error {
	switch {
	case len(name) > MaxNameLen:
		return &FieldError{Field: field, Value: fmt.Sprintf("%d bytes", len(name)), Problem: fmt.Sprintf("want at most %d bytes", MaxNameLen)}
	case !utf8.ValidString(name):
		return &FieldError{Field: field, Value: name, Problem: "is not valid UTF-8"}
	}
	return nil
}
