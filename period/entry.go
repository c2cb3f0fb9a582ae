package period

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"
)

// MaxEntry is the size of the largest entry of a log, in bytes.
const MaxEntry = 4 << 10

// maxReasonKept is how many bytes of each reason are kept if the entry would be too large.
const maxReasonKept = 256

// Action is what a write did.
type Action string

// The actions of an [Entry]. A later version may write others.
const (
	ActionStart     Action = "start"     // a deployment began
	ActionChange    Action = "change"    // a start by the same holder changed its deployment
	ActionEnd       Action = "end"       // periods in force were ended
	ActionSchedule  Action = "schedule"  // a window was planned
	ActionEdit      Action = "edit"      // a period was changed
	ActionCancel    Action = "cancel"    // a period that was not in force was removed
	ActionReconcile Action = "reconcile" // gates were told to adopt this document
	ActionInit      Action = "init"      // the first, empty document was written, or the document was named
)

// Entry is one write in the log of a document: who did what, when, from where, and the old
// and new values. It is a plain value. The caller must not change its Changes.
type Entry struct {
	// Time is the time of the write, by the store's clock.
	Time time.Time `json:"time"`
	// Revision is the revision of the document after this write. Write is the random half of its
	// WriteID, see [WriteHalf].
	Revision int64  `json:"revision"`
	Write    string `json:"write"`
	Action   Action `json:"action"`
	// Actor names the person or the job, and Origin the place of the call, as the caller gave
	// them. "" means that the caller gave none.
	Actor  string `json:"actor,omitzero"`
	Origin string `json:"origin,omitzero"`
	// HandEdited means that the document before this write had been edited by hand.
	HandEdited bool `json:"hand_edited,omitzero"`
	// Anew says why this write did not continue a document: the previous one was "lost" or
	// "unreadable". "" means that the write continued a document, or that there was none before.
	Anew string `json:"anew,omitzero"`
	// Changes are the periods that the write added, changed or removed. Finished periods
	// that are removed after a week are not among them. Never nil.
	Changes []Change `json:"changes"`
	// Omitted is the number of changes that did not fit.
	Omitted int `json:"omitted,omitzero"`
}

// encode returns e as one line of JSON of at most MaxEntry bytes. If e is too large, it keeps
// the beginning of each reason and leaves out its other languages, and then keeps as many changes as
// fit.
func (e Entry) encode() ([]byte, error) {
	var f faults
	f.text("actor", e.Actor, MaxNameLen)
	f.text("origin", e.Origin, MaxNameLen)
	if err := f.join(); err != nil {
		return nil, err
	}
	e.Time = Canonical(e.Time)
	all, omitted := make([]Change, len(e.Changes)), e.Omitted
	for i, c := range e.Changes {
		all[i] = c.canonical()
	}
	var line []byte
	var err error
	fits := func(n int) bool {
		e.Changes, e.Omitted = all[:n], omitted+len(all)-n
		line, err = encodeJSON(e, "")
		line = bytes.TrimSuffix(line, []byte{'\n'})
		return err == nil && len(line) <= MaxEntry
	}
	if fits(len(all)) {
		return line, nil
	}
	for _, c := range all {
		shortenReason(c.Before)
		shortenReason(c.After)
	}
	kept := sort.Search(len(all), func(n int) bool { return !fits(n + 1) })
	switch {
	case fits(kept):
		return line, nil
	case err == nil:
		err = fmt.Errorf("%d bytes, want at most %d", len(line), MaxEntry)
	}
	return nil, fmt.Errorf("log entry: %w", err)
}

// shortenReason cuts the reason of p, between two characters, and removes it in other languages. p may
// be nil.
func shortenReason(p *Period) {
	if p == nil {
		return
	}
	p.Reasons = Reasons{}
	if len(p.Reason) > maxReasonKept {
		p.Reason = strings.ToValidUTF8(p.Reason[:maxReasonKept], "") + "…"
	}
}

// decodeEntry reads an entry. It ignores unknown members, because a later version may have
// written the entry.
func decodeEntry(b []byte) (Entry, error) {
	var e Entry
	if err := json.Unmarshal(b, &e); err != nil {
		return Entry{}, err
	}
	switch {
	case e.Time.IsZero():
		return Entry{}, errors.New("has no time")
	case e.Action == "":
		return Entry{}, errors.New("has no action")
	}
	e.Time = Canonical(e.Time)
	if e.Changes == nil {
		e.Changes = []Change{}
	}
	for i, c := range e.Changes {
		e.Changes[i] = c.canonical()
	}
	return e, nil
}

// Change is one period of an [Entry].
type Change struct {
	// Before and After are the values of the period. Before is nil if the write added it.
	// After is nil if the write ended or removed it.
	Before *Period `json:"before,omitzero"`
	After  *Period `json:"after,omitzero"`
}
