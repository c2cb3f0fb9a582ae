package core

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
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

// Change is one period of an [Entry].
type Change struct {
	// Before and After are the period's values. Nil Before: it was added. Nil After: it was
	// ended or removed.
	Before *Period `json:"before,omitzero"`
	After  *Period `json:"after,omitzero"`
}

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

// ID is the period's; "" for a zero Change.
func (c Change) ID() string {
	switch {
	case c.After != nil:
		return c.After.ID
	case c.Before != nil:
		return c.Before.ID
	}
	return ""
}

// FieldChange is one member of a period that a write has changed.
type FieldChange struct {
	// Name is the member's in JSON: "kind", "start", "end", "expected_end", "enabled",
	// "emergency", "reason" or "holder".
	Name string
	// Before and After are the values: instants as RFC 3339 in UTC, flags as "true" and
	// "false". "" means none: no end, no reason, or no period.
	Before, After string
}

// Instant reports whether the values are instants, or none.
func (f FieldChange) Instant() bool {
	return f.Name == "start" || f.Name == "end" || f.Name == "expected_end"
}

// Fields returns what differs between Before and After, in the order of [Period]'s fields:
// for a period that was added or removed, what it held. What Period keeps about its own
// changes (version, who, when) is not among it. Empty, never nil.
func (c Change) Fields() []FieldChange {
	var before, after [8]FieldChange
	if c.Before != nil {
		before = c.Before.fields()
	}
	if c.After != nil {
		after = c.After.fields()
	}
	out := []FieldChange{}
	for i := range before {
		f := FieldChange{Name: cmp.Or(after[i].Name, before[i].Name), Before: before[i].After, After: after[i].After}
		if f.Before != f.After {
			out = append(out, f)
		}
	}
	return out
}

// fields are p's values that Change.Fields compares, as After.
func (p *Period) fields() [8]FieldChange {
	return [8]FieldChange{
		{Name: "kind", After: string(p.Kind)},
		{Name: "start", After: instantText(p.Start)},
		{Name: "end", After: instantText(p.End)},
		{Name: "expected_end", After: instantText(p.ExpectedEnd)},
		{Name: "enabled", After: strconv.FormatBool(p.Enabled)},
		{Name: "emergency", After: strconv.FormatBool(p.Emergency)},
		{Name: "reason", After: p.Reason},
		{Name: "holder", After: p.Holder},
	}
}

func instantText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return canonical(t).Format(time.RFC3339Nano)
}

// changesOf is what differs between the periods of two documents: what is gone, in the
// order of before, and then what is new or other, in the order of after.
func changesOf(before, after []Period) []Change {
	was := make(map[string]Period, len(before))
	for _, p := range before {
		was[p.ID] = p
	}
	is := make(map[string]bool, len(after))
	for _, p := range after {
		is[p.ID] = true
	}
	changes := []Change{}
	for _, p := range before {
		if !is[p.ID] {
			changes = append(changes, Change{Before: canonicalPeriod(&p)})
		}
	}
	for _, p := range after {
		old, ok := was[p.ID]
		c := Change{After: canonicalPeriod(&p)}
		if ok {
			c.Before = canonicalPeriod(&old)
		}
		if !ok || *c.Before != *c.After {
			changes = append(changes, c)
		}
	}
	return changes
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

// canonicalPeriod is a copy of p with its instants as stores give them back.
func canonicalPeriod(p *Period) *Period {
	if p == nil {
		return nil
	}
	c := *p
	c.Start, c.End, c.ExpectedEnd = canonical(c.Start), canonical(c.End), canonical(c.ExpectedEnd)
	c.CreatedAt, c.UpdatedAt = canonical(c.CreatedAt), canonical(c.UpdatedAt)
	return &c
}
